"""Zips whose bytes depend on their members alone.

Same members, same bytes: sorted by name, no time, no owner, one creator, no extra fields. Compression is the
hard part: zlib, zlib-ng and the hardware coders of some machines give different bytes for the same input and
level, so the members are *stored* as long as the archive stays below the 50 MB that an upload may have. Only
an archive that would not is deflated, and its bytes are the same only where the same zlib is at work. On one
machine that costs nothing: stored packages are also faster to check and to unpack.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

from lamb.model.errors import InvalidParameterValue
from lamb.model.limits import ZIP_MAX_BYTES
from lamb.packages.entries import DEFLATED, FLAG_UTF8, STORED

# 1980-02-01, as Gradle: no time zone moves it before 1980, the first year that a zip can tell.
NO_TIME = (2 << 5 | 1) << 16
_MEMBERS_MAX = 0xFFFF
_LEVEL = 6
_VERSION = 20
_MADE_BY_UNIX = 3 << 8 | _VERSION

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


class Member(NamedTuple):
    """One member to be written."""

    path: str
    """Relative, `/` between components, none at the end."""
    data: bytes
    """The target in the case of a link; empty for a directory."""
    mode: int
    """With the file type: regular, directory or link."""
    dos_time: int = NO_TIME

    @property
    def name(self) -> bytes:
        return (self.path + "/" * stat.S_ISDIR(self.mode)).encode("utf-8")


def write(members: Iterable[Member]) -> bytes:
    """The archive. Raises InvalidParameterValue when there are more members than a plain zip can list."""
    ordered = sorted(members, key=lambda member: member.name)
    if len(ordered) > _MEMBERS_MAX:
        raise InvalidParameterValue(
            f"A package can hold at most {_MEMBERS_MAX} files; this one has {len(ordered)}"
        )
    fixed = _LOCAL.size + _CENTRAL.size
    stored_size = _END.size + sum(fixed + 2 * len(member.name) + len(member.data) for member in ordered)
    archive = bytearray()
    directory = bytearray()
    for member in ordered:
        _append(archive, directory, member, deflate=stored_size >= ZIP_MAX_BYTES)
    start = len(archive)
    archive += directory
    archive += _END.pack(b"PK\x05\x06", 0, 0, len(ordered), len(ordered), len(directory), start, 0)
    return bytes(archive)


def _append(archive: bytearray, directory: bytearray, member: Member, *, deflate: bool) -> None:
    name, data, method = member.name, member.data, STORED
    if deflate:
        deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = deflater.compress(data) + deflater.flush()
        if len(packed) < len(data):
            data, method = packed, DEFLATED
    flags = 0 if name.isascii() else FLAG_UTF8
    date, time = member.dos_time >> 16, member.dos_time & 0xFFFF
    common = (_VERSION, flags, method, time, date, zlib.crc32(member.data), len(data), len(member.data))
    attributes = member.mode << 16 | 0x10 * stat.S_ISDIR(member.mode)
    central = (len(name), 0, 0, 0, 0, attributes, len(archive))
    directory += _CENTRAL.pack(b"PK\x01\x02", _MADE_BY_UNIX, *common, *central) + name
    archive += _LOCAL.pack(b"PK\x03\x04", *common, len(name), 0) + name
    archive += data
