"""Cuts what an environment writes into log events.

Standard output and the runtime's log records share one pipe, so their order is kept. Prints end an
event with each newline. Records come as AWS's telemetry frames, which keep several lines together:
4 bytes type, 4 bytes length, 8 bytes microseconds, message (big-endian).
"""

from __future__ import annotations

from collections.abc import Callable

_MAGIC = b"\xa5\x5a\x00"  # no UTF-8 text can hold these bytes
_HEAD = 16
# CloudWatch's limit for one event. What is longer — a print without a newline, a record, garbage
# that looks like the head of one — comes in pieces and must not fill the daemon's memory.
_EVENT_MAX = 262_144


class OutputParser:
    def __init__(self, wanted: Callable[[bytes], bool] = lambda _: True) -> None:
        """`wanted` is asked about each printed line; records were filtered by who wrote them."""
        self._wanted = wanted
        self._held = b""
        self._left = 0
        """Bytes that the present record still has, those in `_held` among them; 0 between records."""

    def feed(self, data: bytes) -> list[str]:
        """Events that are complete with `data`."""
        data = self._held + data
        events: list[bytes] = []
        at = 0
        while at < len(data):
            if self._left:
                end = at + min(self._left, _EVENT_MAX)
                if len(data) < end:
                    break
                self._left -= end - at
                events.append(data[at:end])
            elif data.startswith(_MAGIC, at):
                end = at + _HEAD
                if len(data) < end:
                    break
                self._left = int.from_bytes(data[at + 4 : at + 8], "big")
            else:
                frame = data.find(_MAGIC, at)
                end = self._cut_text(data, at, frame, events)
                if frame < 0:
                    at = end
                    break
            at = end
        self._held = data[at:]
        return [event.decode("utf-8", "replace") for event in events]

    def rest(self) -> list[str]:
        """What was written without a newline, or of a record, at the end of an invocation.

        Whoever wrote half a record may be gone: what comes next is not taken for its other half.
        """
        text = b"" if self._held.startswith(_MAGIC) else self._held
        self._held, self._left = b"", 0
        return [text.decode("utf-8", "replace")] if text and self._wanted(text) else []

    def _cut_text(self, data: bytes, start: int, frame: int, events: list[bytes]) -> int:
        """Add the lines from `start` to the next record, or to the end of `data`; where they end."""
        *lines, last = data[start : frame if frame >= 0 else len(data)].split(b"\n")
        events += [line + b"\n" for line in lines if self._wanted(line)]
        if frame >= 0:
            if last and self._wanted(last):
                events.append(last)
            return frame
        if len(last) >= _EVENT_MAX:
            events.append(last)
            return len(data)
        return len(data) - len(last)
