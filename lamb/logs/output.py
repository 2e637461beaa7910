"""Cuts what an environment writes into log events.

Standard output and the runtime's log records share one pipe, so their order is kept. Prints end an
event with each newline. Records come as AWS's telemetry frames, which keep several lines together:
4 bytes type, 4 bytes length, 8 bytes microseconds, message (big-endian).
"""

from __future__ import annotations

_MAGIC = b"\xa5\x5a\x00"  # no UTF-8 text can hold these bytes
_HEAD = 16
# CloudWatch's limit for one event; a print without a newline must not fill the daemon's memory.
_EVENT_MAX = 262_144


class OutputParser:
    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """Events that are complete with `data`."""
        if not self._buffer and data.endswith(b"\n") and _MAGIC not in data:
            return (
                [line.decode("utf-8", "replace") for line in data.splitlines(keepends=True)]
                if b"\r" not in data
                else self._feed(data)
            )
        return self._feed(data)

    def rest(self) -> list[str]:
        """What was written without a newline, at the end of an invocation."""
        if not self._buffer or self._buffer.startswith(_MAGIC):
            return []
        text = self._buffer.decode("utf-8", "replace")
        self._buffer.clear()
        return [text]

    def _feed(self, data: bytes) -> list[str]:
        buffer = self._buffer
        buffer += data
        events = []
        while buffer:
            if buffer.startswith(_MAGIC):
                end = _HEAD + int.from_bytes(buffer[4:8], "big")
                if len(buffer) < max(end, 8):
                    break
                text = buffer[_HEAD:end]
            else:
                frame = buffer.find(_MAGIC)
                newline = buffer.find(b"\n", 0, frame if frame >= 0 else len(buffer))
                end = newline + 1 if newline >= 0 else frame
                if end < 0:
                    if len(buffer) < _EVENT_MAX:
                        break
                    end = _EVENT_MAX
                text = buffer[:end]
            events.append(text.decode("utf-8", "replace"))
            del buffer[:end]
        return events
