"""Frames of `application/vnd.amazon.eventstream`: headers that are texts, and a payload.

Source: "Event stream encoding" in the Smithy specification. Integers are big-endian; each length counts all
of the frame, the checksums (CRC-32) included.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

_TEXT = 7


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    length = 12 + len(packed) + len(payload) + 4
    prelude = struct.pack(">II", length, len(packed))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return body + struct.pack(">I", zlib.crc32(body))


def event(kind: str, payload: bytes, content_type: str = "application/json") -> bytes:
    """A message that is an event of this type."""
    return frame({":message-type": "event", ":event-type": kind, ":content-type": content_type}, payload)


def exception(kind: str, payload: bytes) -> bytes:
    """A message that ends the stream with a modeled error."""
    headers = {":message-type": "exception", ":exception-type": kind, ":content-type": "application/json"}
    return frame(headers, payload)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _TEXT, len(text)) + text
