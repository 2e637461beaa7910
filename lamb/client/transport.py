"""A small HTTP/1.1 client over a connected socket: what lamb's own server speaks, and no more.

`http.client` would bring the email package with it: a third of the time of a whole command.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HEAD_MAX_BYTES = 1_048_576
_ONE_WRITE_MAX_BYTES = 65_536


class ConnectionLost(Exception):
    """The daemon closed the connection before its answer was complete"""


class Response(NamedTuple):
    """An answer with its whole body."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes


def quote(text: str) -> str:
    """`text` as one segment of a path or one value of a query."""
    return "".join(c if c in _SAFE else "".join(f"%{byte:02X}" for byte in c.encode()) for c in text)


def query(arguments: Mapping[str, str | None]) -> str:
    """`?a=1&b=2` of the arguments that are not None, "" when there are none."""
    given = [f"{name}={quote(value)}" for name, value in arguments.items() if value is not None]
    return f"?{'&'.join(given)}" if given else ""


class Connection:
    """One keep-alive connection, one request at a time."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray()

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request and read its whole answer. Raises ConnectionLost."""
        status, answered = self.send(method, target, body, headers)
        return Response(status, answered, b"".join(self.body(answered)))

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str]]:
        """Send a request and read status and headers; `body(headers)` must be read to its end next."""
        lines = [f"{method} {target} HTTP/1.1", "host: lamb"]
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        # The daemon may answer (and close) before it has read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if len(body) < _ONE_WRITE_MAX_BYTES:
                self._socket.sendall(head + body)
            else:
                self._socket.sendall(head)
                self._socket.sendall(body)
        return self._head()

    def body(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        """The parts of the body, as they come."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunks()
            return
        missing = int(headers.get("content-length", "0"))
        while missing:
            if not self._buffer:
                self._fill()
            part = bytes(self._buffer[:missing])
            del self._buffer[: len(part)]
            missing -= len(part)
            yield part

    def lines(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of the body without their ends, each as soon as it is complete."""
        rest = b""
        for part in self.body(headers):
            *complete, rest = (rest + part).split(b"\n")
            yield from complete
        if rest:
            yield rest

    def limit(self, timeout_s: float | None) -> None:
        """How long one read or write may take from now on; None: for ever. TimeoutError beyond it."""
        self._socket.settimeout(timeout_s)

    def close(self) -> None:
        self._socket.close()

    def _head(self) -> tuple[int, Mapping[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _HEAD_MAX_BYTES:
                raise ConnectionLost
            self._fill()
        first, *rest = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        headers = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = first.split(" ", 2)[1:2]
        if not status or not status[0].isdigit():
            raise ConnectionLost
        return int(status[0]), headers

    def _chunks(self) -> Iterator[bytes]:
        while True:
            size = int(self._line(), 16)
            while len(self._buffer) < size + 2:
                self._fill()
            part = bytes(self._buffer[:size])
            del self._buffer[: size + 2]
            if not size:
                return
            yield part

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._fill()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _fill(self) -> None:
        try:
            part = self._socket.recv(65_536)
        except ConnectionResetError:
            part = b""
        if not part:
            raise ConnectionLost
        self._buffer += part
