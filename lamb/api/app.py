"""The ASGI application: gate → route → handler → answer. One a listener, sharing the services."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from lamb.api import (
    actions,
    body,
    code,
    invocations,
    neighbours,
    routes,
    url_answer,
    url_event,
    url_requests,
    validate,
)
from lamb.api.gate import Gate, Principal
from lamb.api.members import OPERATIONS, Members, read
from lamb.api.messages import Call, Headers, Response, json_response
from lamb.api.own import Ask
from lamb.api.services import Services
from lamb.api.url_event import Caller
from lamb.api.url_requests import Arrival
from lamb.core.context import Core
from lamb.core.function_urls import Door
from lamb.model.errors import AccessDenied, LambError, ServiceFailure, UnknownOperation
from lamb.model.names import Place
from lamb.model.wire import encode, new_id

Scope = Mapping[str, Any]

_OF_BROWSERS = frozenset({b"origin", b"sec-fetch-site"})
_log = logging.getLogger("lamb.api")


class App:
    """Answers HTTP requests of one listener."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate

    async def __call__(self, scope: Scope, receive: body.Receive, send: body.Send) -> None:
        """ASGI's entry; never raises for anything that a caller sent."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if url_requests.url_id(headers) is not None:
            await self._answer_url(Arrival(scope, headers, receive, new_id()), send)
            return
        if code.is_link(scope):
            refuse_pages = functools.partial(self._gate.refuse_pages, headers)
            await _send(await code.follow(self._services, scope, refuse_pages), send)
            return
        await self._answer_any(scope, headers, receive, send)

    async def _answer_any(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: body.Receive, send: body.Send
    ) -> None:
        request_id = new_id()
        invoke = routes.invoking(scope)
        service = "lambda" if invoke is not None else neighbours.service_of(scope, headers)
        try:
            principal, receive = await self._gate.admit(scope, headers, receive, self._services, service)
            if invoke is not None:
                request_id = invocations.request_id(headers, principal) or request_id
                response = await invoke(self._services, principal, scope, headers, receive, request_id)
            elif neighbours.is_for(scope, headers):
                response = await neighbours.answer(
                    self._services, principal, scope, headers, receive, request_id
                )
            else:
                response = await self._answer(principal, scope, headers, receive)
        except LambError as error:
            response = neighbours.refuse(error, scope, headers, request_id) or _refusal(error)
        except body.CallerGone:
            return
        except asyncio.CancelledError:  # the listener is closing, and its patience is over
            response = _refusal(ServiceFailure("lamb is stopping; the request was not answered in time"))
        except Exception:  # noqa: BLE001 - a bug is an answer with an id, and a trace in the daemon's log
            _log.exception("bug while answering %s %s", scope["method"], scope["path"])
            response = _refusal(ServiceFailure(f"lamb failed while it handled request {request_id}"))
        response.headers.append((b"x-amzn-requestid", request_id.encode()))
        if response.stream is not None:
            await _send_stream(response.status, response.headers, response.stream, receive, send)
        else:
            await _send(response, send)
        if response.settle is not None:
            self._services.settle_soon(response.settle)

    async def _answer_url(self, arrival: Arrival, send: body.Send) -> None:
        """What came for a function's own URL: no page is refused here, the URL's CORS settings decide."""
        try:
            response = await url_requests.answer(
                self._services, arrival, functools.partial(self._admit, arrival)
            )
        except body.CallerGone:
            return
        except asyncio.CancelledError:
            response = _refusal(ServiceFailure("lamb is stopping; the request was not answered in time"))
        except Exception:  # noqa: BLE001 - as above
            _log.exception("bug while answering %s %s", arrival.scope["method"], arrival.scope["path"])
            response = url_answer.broken()
        response.headers.append((b"x-amzn-requestid", arrival.request_id.encode()))
        await _send(response, send)

    async def _admit(self, arrival: Arrival, door: Door) -> tuple[Caller, body.Receive]:
        """Who has signed a request to a URL that takes no others. Raises as the gate, and AccessDenied."""
        headers = arrival.headers
        if self._gate.callers == "signed":
            # The signature says more than the browser: a page that has keys may call, as in AWS.
            headers = {name: value for name, value in headers.items() if name not in _OF_BROWSERS}
        principal, receive = await self._gate.admit(
            arrival.scope, headers, arrival.receive, self._services, "lambda"
        )
        key = door.reference.key
        if principal.place.account != key.account:
            raise AccessDenied
        await actions.require_url(self._services, principal, door.reference)
        arn = None if principal.session is None else principal.session.arn
        return url_event.signed(key.account, arn), receive

    async def _answer(
        self, principal: Principal, scope: Scope, headers: Mapping[bytes, bytes], receive: body.Receive
    ) -> Response:
        query: bytes = scope["query_string"]
        found = routes.find(scope["method"], scope["raw_path"], query)
        if found.own is not None:
            principal.require_owner()
            await body.read(receive, body.DEFAULT_MAX_BYTES, "lamb")
            arguments = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
            ask = Ask(self._services, principal.place, found.params, arguments, principal.at_socket)
            return await found.own(ask)
        operation = found.operation or ""
        if operation not in routes.HANDLERS:
            await self._require(principal, operation, found.params)
            raise UnknownOperation(f"lamb does not implement the operation {operation} of Lambda")
        limit = body.MAX_BYTES.get(operation, body.DEFAULT_MAX_BYTES)
        content = await body.read(receive, limit, operation)
        host = headers.get(b"host", b"localhost").decode("latin-1")
        if not self._gate.browsers_reach and self._services.served_port is not None:
            # Who comes on the Unix socket is told addresses that others reach.
            host = f"localhost:{self._services.served_port}"
        members = functools.partial(read, operation, found.params, query, content)
        if principal.session is not None:
            given = await self._services.run(members)
            await self._require(principal, operation, given)
            code.refuse_live(given)
            members = functools.partial(dict, given)
        # What lies in a bucket may be far away: others must not wait behind it.
        run = self._services.run_apart if b'"S3Bucket"' in content else self._services.run
        return await run(
            _carry_out, self._services.core, operation, principal.place, f"http://{host}", members
        )

    async def _require(self, principal: Principal, operation: str, members: Members) -> None:
        """Raise AccessDenied unless the caller's role allows the operation."""
        if principal.session is not None:
            for ask in actions.of_lambda(principal, operation, members):
                await self._services.credentials.require(principal.session, ask, by_default=False)


def _carry_out(
    core: Core, operation: str, place: Place, base_url: str, read_members: Callable[[], Members]
) -> Response:
    """In the pool: a large body is decoded there, too."""
    members = read_members()
    validate.check(operation, members)
    reply = routes.HANDLERS[operation](Call(core, operation, place, members, base_url))
    status = reply.status or OPERATIONS[operation]["status"]
    response = Response(status) if reply.document is None else json_response(reply.document, status)
    response.settle = reply.settle
    return response


def _refusal(error: LambError) -> Response:
    status, headers, content = encode(error)
    return Response(
        status, [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers], content
    )


async def _send(response: Response, send: body.Send) -> None:
    if response.status != 204:
        response.headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


async def _send_stream(
    status: int, headers: Headers, stream: AsyncIterator[bytes], receive: body.Receive, send: body.Send
) -> None:
    """Send parts as they come, until the stream ends or the caller hangs up."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    sending = asyncio.ensure_future(_send_parts(stream, send))
    gone = asyncio.ensure_future(body.until_gone(receive))
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, gone):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _send_parts(stream: AsyncIterator[bytes], send: body.Send) -> None:
    async for part in stream:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
