"""AWS's services beside Lambda, on the same port: which one a request is for, and the way there.

One file a service. A request of a JSON protocol names service and operation in X-Amz-Target, one of the CBOR
protocol in its path; one of the form-encoded query protocol has the operation in `Action`, and its service in
the scope of its signature, or else in `Version`.
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from lamb.api import actions, body, cloudwatch, iam, kms, kms_asks, logs, query_protocol, sns, sqs, sts
from lamb.api.gate import Principal
from lamb.api.messages import Response, json_response
from lamb.api.neighbour import Request, Service
from lamb.api.services import Services
from lamb.model import cbor
from lamb.model.errors import LambError, SerializationFailure, UnknownOperation

SERVICES: Mapping[str, Service] = {
    "iam": iam.SERVICE,
    "kms": kms.SERVICE,
    "logs": logs.SERVICE,
    "monitoring": cloudwatch.SERVICE,
    "sns": sns.SERVICE,
    "sqs": sqs.SERVICE,
    "sts": sts.SERVICE,
}
"""By the name that signatures have for them."""

# What stands in front of the dot in X-Amz-Target.
_TARGETS = {
    "AmazonSQS": "sqs",
    "GraniteServiceVersion20100801": "monitoring",
    "Logs_20140328": "logs",
    "TrentService": "kms",
}
# The query protocol's versions, one a service.
_VERSIONS = {
    "2010-08-01": "monitoring",
    "2010-03-31": "sns",
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2012-11-05": "sqs",
}

# A message of 1 MiB may be six times as long in JSON, where every character is escaped.
_REQUEST_MAX_BYTES = 8 * 1_048_576
_FORM = b"application/x-www-form-urlencoded"
# Of the whole service, or of one queue.
_PATH = re.compile(rb"/|/\d{12}/[\w.-]+/?")
# Smithy's RPC protocol.
_CBOR_PATH = re.compile(r"/service/([\w.]+)/operation/(\w+)", re.ASCII)
# Credential=<key>/<day>/<region>/<service>/aws4_request
_SCOPE = re.compile(rb"Credential=[^/,]+/\d{8}/[^/,]+/([a-z0-9-]+)/aws4_request")


def is_for(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request is for a service beside Lambda, told from its headers."""
    if scope["method"] != "POST":
        return False
    if b"x-amz-target" in headers or _is_cbor(headers):
        return True
    # curl calls everything a form: only where no operation of Lambda is, it is one.
    return headers.get(b"content-type", b"").startswith(_FORM) and bool(_PATH.fullmatch(scope["raw_path"]))


async def answer(
    services: Services,
    principal: Principal,
    scope: Mapping[str, Any],
    headers: Mapping[bytes, bytes],
    receive: body.Receive,
    request_id: str,
) -> Response:
    """Answers in the words of the service. Raises UnknownOperation where there is none to speak for it."""
    content = await body.read(receive, _REQUEST_MAX_BYTES, "this")
    content = _unpacked(headers, content)
    target = _target(scope, headers)
    form = {} if target else dict(parse_qsl(content.decode(errors="replace"), keep_blank_values=True))
    name, operation = _of_target(target) if target else _of_form(headers, form)
    service = SERVICES.get(name)
    if service is None:
        raise UnknownOperation(f"lamb has no service `{name}`" if name else "No service of AWS is named")
    request = Request(
        services=services,
        principal=principal,
        place=principal.place,
        operation=operation,
        members=form,
        is_form=not target,
        is_cbor=_is_cbor(headers),
        path=scope["path"],
        base_url=f"http://{headers.get(b'host', b'localhost').decode('latin-1')}",
        request_id=request_id,
        gone=functools.partial(body.until_gone, receive),
    )
    try:
        if not request.is_form:
            request = _with_document(request, content)
        await _require_permission(name, service, request)
        return await service.answer(request)
    except LambError as error:
        return service.refusal(error, request)


def _target(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """`<service>.<operation>`; empty for forms."""
    if _is_cbor(headers):
        return _cbor_target(scope["path"])
    return headers.get(b"x-amz-target", b"").decode("latin-1")


def _is_cbor(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"smithy-protocol") == b"rpc-v2-cbor"


def _cbor_target(path: str) -> str:
    """Service and operation, as X-Amz-Target would have them."""
    found = _CBOR_PATH.fullmatch(path)
    return ".".join(found.groups()) if found else "."


def _unpacked(headers: Mapping[bytes, bytes], content: bytes) -> bytes:
    """Clients compress what is long, where the model of an operation lets them."""
    if headers.get(b"content-encoding") != b"gzip":
        return content
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = unpacking.decompress(content, _REQUEST_MAX_BYTES)
    except zlib.error as error:
        raise SerializationFailure(f"The request body is not gzip: {error}") from error
    if not unpacking.eof:
        raise SerializationFailure("The request body is not gzip, or too large")
    return unpacked


def _of_target(target: str) -> tuple[str, str]:
    prefix, _, operation = target.rpartition(".")
    return _TARGETS.get(prefix, prefix), operation


def _of_form(headers: Mapping[bytes, bytes], form: Mapping[str, str]) -> tuple[str, str]:
    signed = _SCOPE.search(headers.get(b"authorization", b""))
    name = _VERSIONS.get(form.get("Version", ""), "") if signed is None else signed[1].decode()
    return name, form.get("Action", "")


async def _require_permission(name: str, service: Service, request: Request) -> None:
    """Raise AccessDenied for what the caller's role does not allow; everybody may ask who they are."""
    session, operation = request.principal.session, request.operation
    if session is None or operation == "GetCallerIdentity":
        return
    services = request.services
    if name == "kms":
        said = (session, request.place, operation, request.members)
        asks = await services.run(kms_asks.asks, services.core, *said)
    else:
        asks = [actions.of_neighbour(session, request.place, name, operation, request.members)]
    for ask in asks:
        await services.credentials.require(session, ask, by_default=operation in service.for_functions)


# ------------------------------------------------------------------ turned away at the gate

# How the query protocol calls what the gate says.
_QUERY_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}


def service_of(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str | None:
    """What a request's signature must be for. None where that is not told before its body is read."""
    if not is_for(scope, headers):
        return None if scope["path"].startswith("/_lamb/") else "lambda"
    name = _of_target(_target(scope, headers))[0]
    return name if name in SERVICES else None


def refuse(
    error: LambError, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], request_id: str
) -> Response | None:
    """An error from before a service had the request, in its protocol; None where it is for none."""
    if not is_for(scope, headers):
        return None
    code = _QUERY_CODES.get(error.code, error.code)
    fault = "Sender" if error.status < 500 else "Receiver"
    if b"x-amz-target" not in headers and not _is_cbor(headers):
        told = {"Type": fault, "Code": code, "Message": error.message}
        return query_protocol.refusal(error.status, told, "", request_id, as_json=False)
    response = json_response({"__type": f"com.amazon.coral.service#{error.code}", "message": error.message})
    response.status = error.status
    spoken = headers.get(b"content-type", b"")
    if spoken.startswith(b"application/x-amz-json-"):
        response.headers[0] = (b"content-type", spoken)
    if _is_cbor(headers):
        response.headers = [(b"content-type", b"application/cbor"), (b"smithy-protocol", b"rpc-v2-cbor")]
        response.body = cbor.encode(json.loads(response.body))
    response.headers.append((b"x-amzn-errortype", error.code.encode()))
    # Clients whose service had the query protocol before go on telling errors by its codes.
    if service_of(scope, headers) == "sqs" or b"x-amzn-query-mode" in headers:
        response.headers.append((b"x-amzn-query-error", f"{code};{fault}".encode()))
    return response


def _with_document(request: Request, content: bytes) -> Request:
    try:
        document = cbor.decode(content or b"\xa0") if request.is_cbor else json.loads(content or b"{}")
        if not request.is_cbor and (b"\\ud" in content or b"\\uD" in content):
            # JSON can spell half a character, which nothing can store: a UnicodeEncodeError is a ValueError.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SerializationFailure(f"The request body cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SerializationFailure("Start of structure expected at the beginning of the request body")
    given = {name: value for name, value in document.items() if value is not None}
    return request._replace(members=given)
