"""CBOR (RFC 8949), as far as Smithy's RPC protocol has a use for it; whatever else is refused.

Maps with text keys, lists, texts, bytes, integers of 64 bits, floats, booleans, null, and the one tag for
moments: seconds since the epoch. Lengths may be definite or not; nothing is written without its length.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

_DEPTH_MAX = 64
_MOMENT_TAG = 1
_BREAK = 0xFF
_INDEFINITE = 31
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


class Moment(float):
    """Seconds since the epoch, which protocols write in different ways."""

    __slots__ = ()


class CborError(ValueError):
    """These bytes are not what this codec reads"""


# ------------------------------------------------------------------ writing


def encode(value: Any) -> bytes:
    """Members that are None are left out of maps, as Smithy wants it."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def _write(value: Any, parts: list[bytes]) -> None:
    if value is None or isinstance(value, bool):
        parts.append(b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    elif isinstance(value, Moment):
        parts += (b"\xc1", b"\xfb", struct.pack(">d", value))
    elif isinstance(value, float):
        parts += (b"\xfb", struct.pack(">d", value))
    elif isinstance(value, int):
        parts.append(_head(0, value) if value >= 0 else _head(1, -1 - value))
    elif isinstance(value, str):
        text = value.encode("utf-8", "replace")
        parts += (_head(3, len(text)), text)
    elif isinstance(value, bytes):
        parts += (_head(2, len(value)), value)
    elif isinstance(value, Mapping):
        members = [(name, item) for name, item in value.items() if item is not None]
        parts.append(_head(5, len(members)))
        for name, item in members:
            _write(str(name), parts)
            _write(item, parts)
    else:
        parts.append(_head(4, len(value)))
        for item in value:
            _write(item, parts)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major << 5 | number,))
    for info, code in ((24, ">BB"), (25, ">BH"), (26, ">BI")):
        if number < 1 << 8 * (struct.calcsize(code) - 1):
            return struct.pack(code, major << 5 | info, number)
    return struct.pack(">BQ", major << 5 | 27, number)


# ------------------------------------------------------------------ reading


def decode(data: bytes) -> Any:
    """One value, and nothing behind it. Raises CborError."""
    reader = _Reader(data)
    value = reader.value(0)
    if not reader.done:
        raise CborError("there is something behind the value")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._data)

    def value(self, depth: int) -> Any:
        if depth > _DEPTH_MAX:
            raise CborError("it is nested too deeply")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if major in (0, 1):
            number = self._number(info)
            return number if major == 0 else -1 - number
        if major in (2, 3):
            return self._text(major, info)
        if major == 4:
            return self._list(info, depth)
        if major == 5:
            return self._map(info, depth)
        return self._moment(info, depth)

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise CborError("there is a simple value of unknown meaning")
        code = _FLOATS[info]
        return struct.unpack(code, self._take(struct.calcsize(code)))[0]

    def _text(self, major: int, info: int) -> str | bytes:
        if info == _INDEFINITE:
            parts = []
            while not self._ended():
                first = self._take(1)[0]
                if first >> 5 != major or first & 31 == _INDEFINITE:
                    raise CborError("a text has a part of another type")
                parts.append(self._take(self._number(first & 31)))
            found = b"".join(parts)
        else:
            found = self._take(self._number(info))
        if major == 2:
            return found
        try:
            return found.decode()
        except UnicodeDecodeError as error:
            raise CborError("a text is not UTF-8") from error

    def _list(self, info: int, depth: int) -> list[Any]:
        if info == _INDEFINITE:
            found = []
            while not self._ended():
                found.append(self.value(depth + 1))
            return found
        # Whatever the length says: each value takes a byte at least, and ends with the data.
        return [self.value(depth + 1) for _ in range(self._number(info))]

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        left = None if info == _INDEFINITE else self._number(info)
        while not self._ended() if left is None else left > 0:
            left = None if left is None else left - 1
            name = self.value(depth + 1)
            if not isinstance(name, str):
                raise CborError("a map has a key that is not a text")
            found[name] = self.value(depth + 1)
        return found

    def _moment(self, info: int, depth: int) -> Moment:
        if self._number(info) != _MOMENT_TAG:
            raise CborError("there is a tag of unknown meaning")
        seconds = self.value(depth + 1)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise CborError("a moment is not a number")
        return Moment(seconds)

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise CborError("there is a length of unknown meaning")
        return int.from_bytes(self._take(1 << info - 24), "big")

    def _ended(self) -> bool:
        if self._at < len(self._data) and self._data[self._at] == _BREAK:
            self._at += 1
            return True
        return False

    def _take(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise CborError("it ends too soon")
        self._at += count
        return found
