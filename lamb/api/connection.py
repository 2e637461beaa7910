"""uvicorn's HTTP protocol, with answers in one system call, and limits to how slow and large requests are."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

PATIENCE_S = 30.0
"""For the head of a request; and for each further part of a body."""
HEAD_MAX_BYTES = 1_048_576
"""AWS's limit for the request line and the headers."""
_PART_MIN_BYTES = 1024
"""Of a body, that must come within that time."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, whose transport waits for a body before it sends a head.

    Measured on two cores: a third more answers a second, since the other side wakes up once, not twice.
    """

    def __init__(self, config: Config, state: ServerState, patience_s: float = PATIENCE_S) -> None:
        super().__init__(config, state, {})
        self._patience_s = patience_s
        self._reading = False
        self._received = 0
        """Bytes, since the request or its present part began."""
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_OneWrite(transport, self.loop))  # type: ignore[arg-type]
        # One that never says anything is closed as one that has nothing more to say.
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = True
        self._received = 0

    def on_message_complete(self) -> None:
        self._reading = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._reading:  # as most requests are after their first bytes
            if self._alarm is not None:
                self._disarm()
            return
        self._received += len(data)
        if self._in_head and self._received > HEAD_MAX_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._alarm is None:
            self._alarm = self.loop.call_later(self._patience_s, self._look)

    @property
    def _in_head(self) -> bool:
        return "method" not in self.scope  # which uvicorn fills in at the end of the head

    def _look(self) -> None:
        """Whether what is being read comes fast enough."""
        self._alarm = None
        paused = self.flow is not None and self.flow.read_paused  # we do not take it, then
        if self._in_head or (self._received < _PART_MIN_BYTES and not paused):
            self._refuse(b"408 Request Timeout")
            return
        self._received = 0
        self._alarm = self.loop.call_later(self._patience_s, self._look)

    def _refuse(self, status: bytes) -> None:
        self._disarm()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
            self.transport.close()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class _OneWrite:
    """A transport that keeps the head of an answer until its body comes, or this turn of the loop ends."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._flush)
        elif data:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)
