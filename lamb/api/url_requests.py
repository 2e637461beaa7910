"""Requests to function URLs: the host name says which function, its policy or a signature who may."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from lamb.api import body, url_answer, url_event
from lamb.api.invocations import trace_of
from lamb.api.messages import JSON, Response, json_response
from lamb.api.services import Services
from lamb.api.url_event import Caller, Request
from lamb.core import function_urls
from lamb.core.function_urls import Door
from lamb.model import cors
from lamb.model.errors import LambError, RequestTooLarge, TooManyRequests
from lamb.model.function_url import id_of
from lamb.model.invocation import Event
from lamb.model.limits import INVOKE_REQUEST_MAX_BYTES

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]
Admit = Callable[[Door], Awaitable[tuple[Caller, body.Receive]]]
"""Says who has signed a request to this door, and where its body is read; raises what the gate raises."""

_DENIED = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def url_id(headers: Headers) -> str | None:
    """Of the URL that a request is for; None for a request to lamb itself."""
    host = headers.get(b"host", b"")
    return id_of(host.decode("latin-1").lower()) if b".lambda-url." in host.lower() else None


class Arrival(NamedTuple):
    """A request that has just come in."""

    scope: Scope
    headers: Headers
    receive: body.Receive
    request_id: str

    @property
    def origin(self) -> str | None:
        origin = self.headers.get(b"origin")
        return None if origin is None else origin.decode("latin-1")


async def answer(services: Services, arrival: Arrival, admit: Admit) -> Response:
    """What the function says, or why it is not asked. Never raises a LambError."""
    door = await services.run(function_urls.door, services.core, url_id(arrival.headers) or "")
    if door is None:
        return _forbidden(None)
    settings = door.url.cors
    if settings is not None and arrival.scope["method"] == "OPTIONS":
        return url_answer.with_headers(Response(200), cors.preflight(settings, arrival.origin))
    response = await _answer(services, door, arrival, admit)
    if settings is None:
        return response
    return url_answer.with_headers(response, cors.answer(settings, arrival.origin))


async def _answer(services: Services, door: Door, arrival: Arrival, admit: Admit) -> Response:
    caller, receive = Caller("anonymous"), arrival.receive
    if door.url.auth_type == "NONE":
        if not door.open:
            return _forbidden(_DENIED)
    else:
        try:
            caller, receive = await admit(door)
        except LambError:
            return _forbidden(_DENIED)
    try:
        content = await body.read(receive, INVOKE_REQUEST_MAX_BYTES, "InvokeFunction")
    except RequestTooLarge as error:
        return json_response({"message": error.message}, 413)
    trace_id = trace_of(arrival.headers, arrival.request_id)
    request = Request(arrival.scope, content, arrival.request_id, trace_id, round(time.time() * 1000))
    payload = url_event.event(request, door.url.id, caller)
    # Who sends a trace is a function, or stands between two.
    chained = b"x-amzn-trace-id" in arrival.headers
    event = Event(arrival.request_id, payload, door.reference.arn, None, trace_id, chained)
    return await _run(services, door, event)


async def _run(services: Services, door: Door, event: Event) -> Response:
    try:
        outcome = await services.invoke(door.reference, event, None)
    except TooManyRequests as error:
        told = {"Reason": error.reason, "Type": "User", "message": error.message}
        response = json_response(told, 429)
        response.headers.append((b"retry-after", b"%d" % error.retry_after_s))
        return response
    except LambError:
        # The log of the function, or `lamb invoke`, says more.
        return url_answer.broken()
    return url_answer.broken() if outcome.failed else url_answer.answer(outcome.payload)


def _forbidden(message: str | None) -> Response:
    response = json_response({"Message": message}, 403)
    response.headers = [JSON, (b"x-amzn-errortype", b"AccessDeniedException")]
    return response
