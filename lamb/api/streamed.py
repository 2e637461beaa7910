"""The other ways to invoke: InvokeWithResponseStream, and the old InvokeAsync."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from lamb.api import actions, body, event_stream, invocations, payload
from lamb.api.gate import Principal
from lamb.api.invocations import Headers
from lamb.api.messages import Response, json_response
from lamb.api.services import Services
from lamb.model.errors import LambError
from lamb.model.invocation import Event, Outcome
from lamb.model.limits import INVOKE_ASYNC_REQUEST_MAX_BYTES, INVOKE_REQUEST_MAX_BYTES
from lamb.model.names import Reference

STREAM = (b"/2021-11-15/functions/", b"/response-streaming-invocations")
ASYNC = (b"/2014-11-13/functions/", b"/invoke-async")
_KINDS = (None, b"RequestResponse", b"DryRun")
_LOG_TYPES = (None, b"None", b"Tail")


async def invoke(
    services: Services,
    principal: Principal,
    scope: Mapping[str, Any],
    headers: Headers,
    receive: body.Receive,
    request_id: str,
) -> Response:
    """InvokeWithResponseStream. No runtime here streams of its own: a result comes whole, in one event."""
    operation = "InvokeWithResponseStream"
    name, query = _named(scope, STREAM)
    kind, log_type = headers.get(b"x-amz-invocation-type"), headers.get(b"x-amz-log-type")
    if kind not in _KINDS or log_type not in _LOG_TYPES:
        invocations.refuse_headers(operation, name, query, headers)
    reference = invocations.reference_of(operation, name, query, principal.place)
    await actions.require_invocation(services, principal, reference, operation)
    event_json = await _payload(services, reference, receive, (INVOKE_REQUEST_MAX_BYTES, operation))
    invocations.refuse_tenant(headers)
    context = invocations.client_context(headers)
    if kind == b"DryRun":
        await services.check(reference)
        return Response(204)
    trace_id = invocations.trace_of(headers, request_id)
    chained = b"x-amzn-trace-id" in headers
    event = Event(request_id, event_json, reference.arn, context, trace_id, chained)
    outcome = await services.invoke(reference, event, None)
    told = [
        event_stream.CONTENT_TYPE,
        (b"x-amz-executed-version", outcome.executed_version.encode()),
        (b"x-amzn-trace-id", trace_id.encode("latin-1")),
    ]
    return Response(200, told, _events(outcome, tail=log_type == b"Tail"))


async def invoke_async(
    services: Services,
    principal: Principal,
    scope: Mapping[str, Any],
    headers: Headers,
    receive: body.Receive,
    request_id: str,
) -> Response:
    """InvokeAsync: an event as Invoke's, with less room and its status in the body."""
    operation = "InvokeAsync"
    name, query = _named(scope, ASYNC)
    reference = invocations.reference_of(operation, name, query, principal.place)
    await actions.require_invocation(services, principal, reference, operation)
    event_json = await _payload(services, reference, receive, (INVOKE_ASYNC_REQUEST_MAX_BYTES, operation))
    trace_id = invocations.trace_of(headers, request_id)
    await services.events.accept(reference, Event(request_id, event_json, reference.arn, None, trace_id))
    return json_response({"Status": 202}, 202)


def _named(scope: Mapping[str, Any], around: tuple[bytes, bytes]) -> tuple[str, str]:
    """The function's name as the path has it, and the query."""
    prefix, suffix = around
    name = scope["raw_path"][len(prefix) : -len(suffix)].decode("latin-1")
    return name, scope["query_string"].decode("latin-1")


async def _payload(
    services: Services, reference: Reference, receive: body.Receive, limit: tuple[int, str]
) -> bytes:
    """The event's JSON; `limit`: bytes, and the operation that has them."""
    event_json = await body.read(receive, *limit) or b"{}"
    try:
        payload.check(event_json)
    except LambError:
        # A function that is not there is the more important news.
        await services.check(reference)
        raise
    return event_json


def _events(outcome: Outcome, *, tail: bool) -> bytes:
    """The result, unless the function failed, and how it ended."""
    ended: dict[str, str] = {}
    parts = []
    if outcome.failed:
        ended = {"ErrorCode": "Unhandled", "ErrorDetails": outcome.payload.decode("utf-8", "replace")}
    else:
        parts.append(event_stream.event("PayloadChunk", "application/octet-stream", outcome.payload))
    if tail:
        ended["LogResult"] = b64encode(outcome.log_tail).decode()
    complete = json.dumps(ended, ensure_ascii=False, separators=(",", ":")).encode()
    parts.append(event_stream.event("InvokeComplete", "application/json", complete))
    return b"".join(parts)
