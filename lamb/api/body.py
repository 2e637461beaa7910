"""Reading a request's body within its limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lamb.model.errors import RequestTooLarge
from lamb.model.limits import CONFIGURE_REQUEST_MAX_BYTES, CREATE_REQUEST_MAX_BYTES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

DEFAULT_MAX_BYTES = 1_048_576
MAX_BYTES = {
    "CreateFunction": CREATE_REQUEST_MAX_BYTES,
    "PublishLayerVersion": CREATE_REQUEST_MAX_BYTES,
    "UpdateFunctionCode": CREATE_REQUEST_MAX_BYTES,
    "UpdateFunctionConfiguration": CONFIGURE_REQUEST_MAX_BYTES,
}
# Most clients read the answer only after they have sent everything: this much is read and dropped.
_DROPPED_MAX_BYTES = 256 * 1_048_576


class CallerGone(Exception):
    """The connection ended before the request did; nobody waits for an answer"""


async def until_gone(receive: Receive) -> None:
    """Until the caller has hung up; its request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def again(content: bytes, receive: Receive) -> Receive:
    """Receives a body that was read already, and then what `receive` has."""
    left = [content]

    async def receive_again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return receive_again


async def read(receive: Receive, max_bytes: int, operation: str) -> bytes:
    """The whole body; RequestTooLarge once it exceeds `max_bytes`, without keeping it."""
    message = await receive()
    if message["type"] != "http.request":
        raise CallerGone
    body: bytes = message["body"]
    if not message["more_body"] and len(body) <= max_bytes:
        return body
    parts, size = [body], len(body)
    while message["more_body"] and size <= max_bytes + _DROPPED_MAX_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            raise CallerGone
        size += len(message["body"])
        if size <= max_bytes:
            parts.append(message["body"])
        else:
            parts.clear()
    if size > max_bytes:
        raise RequestTooLarge(f"Request must be smaller than {max_bytes} bytes for the {operation} operation")
    return b"".join(parts)
