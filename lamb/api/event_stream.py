"""`application/vnd.amazon.eventstream`: AWS's framing of answers that come as a series of events.

A message, big-endian: u32 length of all, u32 length of the headers, u32 CRC-32 of these eight bytes,
headers, payload, u32 CRC-32 of everything before. A header: u8 length and name, u8 type (7: a string),
u16 length and value.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from zlib import crc32

CONTENT_TYPE = (b"content-type", b"application/vnd.amazon.eventstream")

_STRING = 7
_AROUND_BYTES = 16


def event(kind: str, content_type: str, payload: bytes) -> bytes:
    """One event of a stream. `kind`: its `:event-type`."""
    told = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    return message(told, payload)


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message, whose headers are all strings."""
    packed = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = struct.pack("!II", _AROUND_BYTES + len(packed) + len(payload), len(packed))
    framed = b"".join((prelude, struct.pack("!I", crc32(prelude)), packed, payload))
    return framed + struct.pack("!I", crc32(framed))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value
