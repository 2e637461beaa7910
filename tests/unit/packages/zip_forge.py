"""Writes zips that no archiver would: every field can be told to lie."""

from __future__ import annotations

import stat
import struct
import zlib
from dataclasses import dataclass
from typing import Any


@dataclass
class Forged:
    """One entry. A field left None is what an honest archiver writes."""

    name: bytes | str = "app.py"
    data: bytes = b"def handler(event, context): return 1\n"
    mode: int | None = stat.S_IFREG | 0o644
    method: int = 8
    flags: int | None = None
    creator: int = 3
    dos_time: int = 0x5A21_6000
    extra: bytes = b""
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    packed_size: int | None = None
    offset: int | None = None
    local: dict[str, Any] | None = None
    """Fields that the local header tells otherwise: name, method, flags, crc, size."""

    @property
    def raw_name(self) -> bytes:
        return self.name.encode() if isinstance(self.name, str) else self.name


def file(name: bytes | str, data: bytes = b"x = 1\n", mode: int = 0o644, **lies: Any) -> Forged:
    return Forged(name, data, stat.S_IFREG | mode, **lies)


def folder(name: str, mode: int = 0o755) -> Forged:
    return Forged(name, b"", stat.S_IFDIR | mode, method=0)


def link(name: str, target: str, **lies: Any) -> Forged:
    return Forged(name, target.encode(), stat.S_IFLNK | 0o777, method=0, **lies)


def forge(
    *entries: Forged,
    prefix: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    zip64: bool = False,
) -> bytes:
    body = bytearray(prefix)
    directory = bytearray()
    for entry in entries:
        _append(body, directory, entry, len(prefix))
    start = len(body) - len(prefix)
    body += directory
    number = len(entries) if count is None else count
    if zip64:
        record = struct.pack(
            "<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, number, number, len(directory), start
        )
        body += record + struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
        body += struct.pack("<4s4HLLH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment))
    else:
        body += struct.pack("<4s4HLLH", b"PK\5\6", 0, 0, number, number, len(directory), start, len(comment))
    return bytes(body + comment + suffix)


def _append(body: bytearray, directory: bytearray, entry: Forged, prefix: int) -> None:
    name = entry.raw_name
    packed = entry.packed
    if packed is None:
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = deflater.compress(entry.data) + deflater.flush() if entry.method == 8 else entry.data
    flags = entry.flags if entry.flags is not None else (0 if name.isascii() else 0x800)
    honest = {
        "name": name,
        "flags": flags,
        "method": entry.method,
        "crc": zlib.crc32(entry.data) if entry.crc is None else entry.crc,
        "size": len(entry.data) if entry.size is None else entry.size,
    }
    local = honest | (entry.local or {})
    packed_size = len(packed) if entry.packed_size is None else entry.packed_size
    offset = len(body) - prefix if entry.offset is None else entry.offset
    attributes = 0 if entry.mode is None else entry.mode << 16
    time, date = entry.dos_time & 0xFFFF, entry.dos_time >> 16
    body += struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, local["flags"], local["method"], time, date,
        local["crc"], packed_size, local["size"], len(local["name"]), 0,
    )  # fmt: skip
    body += local["name"] + packed
    directory += struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", entry.creator << 8 | 20, 20, flags, entry.method, time, date,
        honest["crc"], packed_size, honest["size"], len(name), len(entry.extra), 0, 0, 0, attributes, offset,
    )  # fmt: skip
    directory += name + entry.extra
