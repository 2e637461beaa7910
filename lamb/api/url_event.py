"""A request to a function URL → the event of payload format 2.0 (SEMANTICS §24.2)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

Scope = Mapping[str, Any]

# Of these, and of no other types, the body is text in the event.
_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript")
_TEXTUAL_ENDS = ("+json", "+xml")


class Caller(NamedTuple):
    """Whom the event names."""

    account: str
    """`anonymous` where nobody had to sign."""
    authorizer: Mapping[str, Any] | None = None
    """The `authorizer` member, for those who signed."""


def signed(account: str, arn: str | None = None, access_key: str = "") -> Caller:
    """Somebody of an account: its owner, or a role's session by its ARN."""
    user = {
        "accessKey": access_key,
        "accountId": account,
        "callerId": account,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": arn or f"arn:aws:iam::{account}:root",
        "userId": account,
    }
    return Caller(account, {"iam": user})


class Request(NamedTuple):
    """One request, its body read."""

    scope: Scope
    body: bytes
    request_id: str
    trace_id: str
    now_ms: int


def event(request: Request, url_id: str, caller: Caller) -> bytes:
    """The event, as JSON text."""
    headers = _headers(request)
    query = request.scope["query_string"].decode("latin-1")
    document: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.scope["raw_path"].decode("latin-1"),
        "rawQueryString": query,
    }
    cookies = headers.pop("cookie", "")
    if cookies:
        document["cookies"] = [cookie.strip() for cookie in cookies.split(";") if cookie.strip()]
    document["headers"] = headers
    parameters = _joined(parse_qsl(query, keep_blank_values=True))
    if parameters:
        document["queryStringParameters"] = parameters
    document["requestContext"] = _context(request, headers, url_id, caller)
    document.update(_body(request.body, headers.get("content-type", "")))
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _headers(request: Request) -> dict[str, str]:
    """Names in lower case, values of one name joined, and what a proxy in front would add."""
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    cookies = "; ".join(value for name, value in told if name == "cookie")
    headers = _joined([(name, value) for name, value in told if name != "cookie"])
    host, _, port = headers.get("host", "").partition(":")
    headers |= {
        "host": host,
        "x-amzn-trace-id": request.trace_id,
        "x-forwarded-for": _source_ip(request.scope),
        "x-forwarded-port": port or "80",
        "x-forwarded-proto": str(request.scope.get("scheme", "http")),
    }
    return {**headers, **({"cookie": cookies} if cookies else {})}


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(request: Request, headers: Mapping[str, str], url_id: str, caller: Caller) -> dict[str, Any]:
    scope, moment = request.scope, datetime.fromtimestamp(request.now_ms / 1000, tz=timezone.utc)
    context: dict[str, Any] = {
        "accountId": caller.account,
        "apiId": url_id,
        "authentication": None,
        "domainName": headers["host"],
        "domainPrefix": url_id,
        "http": {
            "method": scope["method"],
            "path": scope["raw_path"].decode("latin-1"),
            "protocol": f"HTTP/{scope['http_version']}",
            "sourceIp": _source_ip(scope),
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": f"{moment:%d/%b/%Y:%H:%M:%S} +0000",
        "timeEpoch": request.now_ms,
    }
    if caller.authorizer is not None:
        context["authorizer"] = dict(caller.authorizer)
    return context


def _source_ip(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client and client[0] else "127.0.0.1"


def _body(content: bytes, content_type: str) -> dict[str, Any]:
    if not content:
        return {"isBase64Encoded": False}
    if _is_textual(content_type):
        try:
            return {"body": content.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": b64encode(content).decode(), "isBase64Encoded": True}


def _is_textual(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or kind.startswith(_TEXTUAL) or kind.endswith(_TEXTUAL_ENDS)
