"""Invoke: the hot path. Nothing here waits for a thread, the database or a log."""

from __future__ import annotations

import functools
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from lamb.api import actions, body, payload, validate
from lamb.api.gate import Principal
from lamb.api.members import path_member
from lamb.api.messages import JSON, Response
from lamb.api.services import Services
from lamb.model.errors import (
    InvalidParameterValue,
    InvalidRequestContent,
    LambError,
)
from lamb.model.invocation import Event, Outcome
from lamb.model.limits import ASYNC_REQUEST_MAX_BYTES, CLIENT_CONTEXT_MAX_BYTES, INVOKE_REQUEST_MAX_BYTES
from lamb.model.names import Place, Reference, parse_reference

AROUND = PREFIX, SUFFIX = b"/2015-03-31/functions/", b"/invocations"
_KINDS = (None, b"RequestResponse", b"DryRun", b"Event")
_KIND, _LOG_TYPE, _TENANT = b"x-amz-invocation-type", b"x-amz-log-type", b"x-amz-tenant-id"
_RECEIPT = b"x-lamb-receipt"
_LOG_TYPES = (None, b"None", b"Tail")
_UUID4 = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

Headers = Mapping[bytes, bytes]
Carry = Callable[[Services, Principal, Mapping[str, Any], Headers, body.Receive, str], Awaitable[Response]]
"""Carries out a request: services, who asks, ASGI's scope, headers, body, the id of the request."""


def request_id(headers: Headers, principal: Principal) -> str | None:
    """The id that lamb's own command line chose, so that it can follow the logs meanwhile."""
    chosen = headers.get(b"x-lamb-request-id")
    if chosen is None or principal.session is not None or not _UUID4.fullmatch(chosen):
        return None
    return chosen.decode()


async def invoke(
    services: Services,
    principal: Principal,
    scope: Mapping[str, Any],
    headers: Headers,
    receive: body.Receive,
    request_id: str,
) -> Response:
    """Run a function and answer with its result; 200 also when the function failed."""
    kind, log_type = headers.get(_KIND), headers.get(_LOG_TYPE)
    name = scope["raw_path"][len(PREFIX) : -len(SUFFIX)].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    if kind not in _KINDS or log_type not in _LOG_TYPES:
        refuse_headers("Invoke", name, query, headers)
    reference = reference_of("Invoke", name, query, principal.place)
    await actions.require_invocation(services, principal, reference)
    most = ASYNC_REQUEST_MAX_BYTES if kind == b"Event" else INVOKE_REQUEST_MAX_BYTES
    event_json = await body.read(receive, most, "InvokeFunction") or b"{}"
    try:
        payload.check(event_json)
        refuse_tenant(headers)
        context = client_context(headers)
        seed = _seed(headers.get(b"x-lamb-seed"))
    except LambError:
        # A function that is not there is the more important news.
        await services.check(reference)
        raise
    if kind == b"DryRun":
        await services.check(reference)
        return Response(204)
    trace_id = trace_of(headers, request_id)
    if kind == b"Event":
        # AWS passes no client context on.
        await services.events.accept(reference, Event(request_id, event_json, reference.arn, None, trace_id))
        return Response(202, [(b"x-amzn-trace-id", trace_id.encode("latin-1"))])
    # Who sends a trace is a function, or stands between two.
    chained = b"x-amzn-trace-id" in headers
    event = Event(request_id, event_json, reference.arn, context, trace_id, chained)
    outcome = await services.invoke(reference, event, seed)
    response = _response(outcome, trace_id, tail=log_type == b"Tail")
    if _RECEIPT in headers:
        response.headers.append((_RECEIPT, _receipt(outcome)))
    return response


def _response(outcome: Outcome, trace_id: str, *, tail: bool) -> Response:
    headers = [
        JSON,
        (b"x-amz-executed-version", outcome.executed_version.encode()),
        (b"x-amzn-trace-id", trace_id.encode("latin-1")),
    ]
    if outcome.failed:
        headers.append((b"x-amz-function-error", b"Unhandled"))
    if tail:
        headers.append((b"x-amz-log-result", b64encode(outcome.log_tail)))
    return Response(200, headers, outcome.payload)


def _receipt(outcome: Outcome) -> bytes:
    """What AWS does not tell a caller, for those who ask for it: JSON."""
    return json.dumps(
        {
            "verdict": outcome.verdict,
            "durationMs": round(outcome.duration_ms, 3),
            "initMs": None if outcome.init_ms is None else round(outcome.init_ms, 3),
            "memoryMb": outcome.memory_mb,
            "memoryUsedMb": outcome.memory_used_mb,
            "walls": outcome.walls,
            "missingWalls": outcome.missing_walls,
        }
    ).encode()


@functools.lru_cache(maxsize=4096)
def reference_of(operation: str, name: str, query: str, place: Place) -> Reference:
    """What the path and query name; remembered, because the same few are asked for all the time."""
    members = _members(name, query)
    validate.check(operation, members)
    return parse_reference(members["FunctionName"], place, members.get("Qualifier"))


def _members(name: str, query: str) -> dict[str, Any]:
    members = {"FunctionName": path_member(name)}
    qualifiers = parse_qs(query, keep_blank_values=True).get("Qualifier")
    if qualifiers:
        members["Qualifier"] = qualifiers[-1]
    return members


def refuse_headers(operation: str, name: str, query: str, headers: Headers) -> None:
    """Raise ValidationFailure for header values that are none of the model's."""
    members = _members(name, query)
    for member, header in (("InvocationType", _KIND), ("LogType", _LOG_TYPE)):
        if header in headers:
            members[member] = headers[header].decode("latin-1")
    validate.check(operation, members)


def refuse_tenant(headers: Headers) -> None:
    """Functions of lamb have no tenants: a run for one of them must not be mistaken for another's."""
    if _TENANT in headers:
        raise InvalidParameterValue(
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again."
        )


def client_context(headers: Headers) -> str | None:
    """The JSON text of the client context. Raises InvalidRequestContent."""
    encoded = headers.get(b"x-amz-client-context")
    if encoded is None:
        return None
    if len(encoded) > CLIENT_CONTEXT_MAX_BYTES:
        raise InvalidRequestContent(
            f"Client context must be no more than {CLIENT_CONTEXT_MAX_BYTES} bytes of Base64"
        )
    try:
        text = b64decode(encoded, validate=True).decode()
        if isinstance(json.loads(text), dict):
            return text
    except (ValueError, RecursionError):
        pass
    raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")


def _seed(text: bytes | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(rb"-?\d{1,18}", text):
        raise InvalidParameterValue("X-Lamb-Seed must be a whole number")
    return int(text)


def trace_of(headers: Headers, request_id: str) -> str:
    """The trace that the caller goes on with, or a new one."""
    given = headers.get(b"x-amzn-trace-id")
    if given is not None:
        return given.decode("latin-1")
    return f"Root=1-{int(time.time()):08x}-{request_id.replace('-', '')[8:]};Sampled=0"
