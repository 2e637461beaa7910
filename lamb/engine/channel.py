"""Frames between the daemon and the runtime of one environment. The format is in guest.py."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from lamb.model.limits import INVOKE_RESPONSE_MAX_BYTES

_HEAD = struct.Struct("!II")
_FRAME = struct.Struct("!c36sII")
# Beyond 128 KiB, the C library asks the kernel for every buffer anew, which takes five times as long.
_CHUNK = 1 << 16


class Frame(NamedTuple):
    kind: bytes
    """R ready · D result · E handler error · I init error"""
    request_id: bytes
    peak_kib: int
    payload: bytes
    too_large: bool = False
    """The payload was over AWS's limit and has been thrown away."""


class RuntimeChannel:
    """Our end of a runtime's socket. `on_frame` is called for each frame, on the event loop."""

    def __init__(self, sock: socket.socket, on_frame: Callable[[Frame], None]) -> None:
        self._socket = sock
        self._on_frame = on_frame
        self._loop = asyncio.get_running_loop()
        self._incoming = bytearray()
        self._outgoing = b""
        self._discard = 0
        sock.setblocking(False)  # noqa: FBT003
        self._loop.add_reader(sock, self._read)

    def send(self, head: bytes, payload: bytes) -> bool:
        """False where the runtime no longer holds its end, and has not got it."""
        data = _HEAD.pack(len(head), len(payload)) + head + payload
        if not self._outgoing:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                return False
            if sent == len(data):
                return True
            data = data[sent:]
            self._loop.add_writer(self._socket, self._write)
        self._outgoing += data
        return True

    def finish(self) -> None:
        """The runtime has ended: take the frames it sent before, then close."""
        while self._socket.fileno() >= 0:
            if not self._read():
                break
        self.close()

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._outgoing)
        self._outgoing = self._outgoing[sent:]
        if not self._outgoing:
            self._loop.remove_writer(self._socket)

    def _read(self) -> bool:
        """Take what is there; False when that is nothing."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        self._incoming += data
        self._parse()
        return True

    def _parse(self) -> None:
        buffer = self._incoming
        while True:
            if self._discard:
                skipped = min(self._discard, len(buffer))
                del buffer[:skipped]
                self._discard -= skipped
            if self._discard or len(buffer) < _FRAME.size:
                return
            kind, request_id, peak_kib, length = _FRAME.unpack_from(buffer)
            if length > INVOKE_RESPONSE_MAX_BYTES:
                del buffer[: _FRAME.size]
                self._discard = length
                self._on_frame(Frame(kind, request_id, peak_kib, b"", too_large=True))
                continue
            end = _FRAME.size + length
            if len(buffer) < end:
                return
            payload = bytes(buffer[_FRAME.size : end])
            del buffer[:end]
            self._on_frame(Frame(kind, request_id, peak_kib, payload))
