"""The list of entries of a zip, read from hostile bytes.

The standard library's reader is lenient, differs between Python versions and hides what matters here (the
local headers, the creator, overlaps), so the format is read directly: APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import stat
import struct
from datetime import datetime, timezone
from typing import Literal, NamedTuple

Kind = Literal["file", "directory", "link", "other"]

STORED, DEFLATED = 0, 8
AES = 99
FLAG_ENCRYPTED = 0x2041  # bits 0 (encrypted), 6 (strong encryption) and 13 (masked headers)
FLAG_DESCRIPTOR = 0x8
FLAG_UTF8 = 0x800

# lamb's own bound: AWS names none. Each entry costs an inode and some 10 µs, and 50 MB could list a million.
ENTRIES_MAX = 100_000

# Creators (upper byte of "version made by") whose attributes always carry a Unix mode: Unix and macOS.
_UNIX_CREATORS = (3, 19)
_EPOCH_1980_S = 315_532_800

_LOCAL = struct.Struct("<4sHHHIIIIHH")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_MAX16, _MAX32 = 0xFFFF, 0xFFFF_FFFF


class NotAnArchive(Exception):
    """The bytes are not a zip whose directory can be read; the message says why, for people."""


class Entry(NamedTuple):
    """One entry as the central directory tells it, and where its data begins."""

    raw_name: bytes
    name: str
    """Decoded, otherwise as written."""
    path: str
    """`name` without empty and `.` components; never starts or ends with a slash."""
    decoded: Literal["utf-8", "utf-8 unmarked", "cp437", "broken"]
    flags: int
    method: int
    crc: int
    size: int
    """Declared bytes after decompression."""
    packed: int
    """Declared bytes in the archive."""
    creator: int
    attributes: int
    dos_time: int
    """Date in the upper, time in the lower 16 bits."""
    unix_time_s: int | None
    offset: int
    """Of the local header, from the first byte of the data."""
    start: int
    """Of the entry's bytes; -1 when there is no local header at `offset`."""
    disagreement: str
    """What the local header says otherwise than the directory: `name`, `method`, … or nothing."""

    @property
    def mode(self) -> int | None:
        """Permission bits 0-07777, or None when the archiver recorded no Unix mode."""
        word = self.attributes >> 16
        # PKZIP, 7-Zip and Python on Windows name a DOS creator and still record a mode with its file type.
        recorded = self.creator in _UNIX_CREATORS or stat.S_IFMT(word) != 0
        return stat.S_IMODE(word) if recorded else None

    @property
    def kind(self) -> Kind:
        """What the entry becomes on disk. A name that ends in a slash is a directory, whatever the mode
        says."""
        if self.name.endswith("/"):
            return "directory"
        kinds: dict[int, Kind] = {
            0: "file",
            stat.S_IFREG: "file",
            stat.S_IFDIR: "directory",
            stat.S_IFLNK: "link",
        }
        return kinds.get(stat.S_IFMT(self.attributes >> 16), "other")

    @property
    def modified_s(self) -> int:
        """Seconds since the epoch. DOS times carry no zone: they are taken as UTC, and 1980 when
        impossible."""
        if self.unix_time_s is not None:
            return self.unix_time_s
        date, time = self.dos_time >> 16, self.dos_time & _MAX16
        try:
            moment = datetime(
                1980 + (date >> 9),
                date >> 5 & 15,
                date & 31,
                time >> 11,
                time >> 5 & 63,
                (time & 31) * 2,
                tzinfo=timezone.utc,
            )
        except ValueError:
            return _EPOCH_1980_S
        return int(moment.timestamp())


class Listing(NamedTuple):
    """All entries in the order of the directory, duplicates included."""

    entries: tuple[Entry, ...]
    prefix: int
    """Bytes before the archive, such as the `#!` line of a zipapp."""
    suffix: int
    """Bytes after the archive's end."""
    directory_start: int
    zip64: bool


def read(data: bytes) -> Listing:
    """List the entries. Raises only NotAnArchive. Time and memory are bounded by ENTRIES_MAX."""
    end = _find_end(data)
    _, disk, directory_disk, on_disk, count, size, offset, comment = _END.unpack_from(data, end)
    suffix = len(data) - (end + _END.size + comment)
    below = end
    zip64 = end >= _LOCATOR64.size and data.startswith(b"PK\x06\x07", end - _LOCATOR64.size)
    if zip64:
        below = _find_end64(data, end)
        _, _, _, _, disk, directory_disk, on_disk, count, size, offset = _END64.unpack_from(data, below)
    if disk or directory_disk or on_disk != count:
        raise NotAnArchive("it is one part of an archive that was split")
    start = below - size
    prefix = start - offset
    if start < 0 or prefix < 0:
        raise NotAnArchive("its directory is cut off or damaged")
    if count > ENTRIES_MAX:
        raise NotAnArchive(f"it lists more than {ENTRIES_MAX} entries")
    entries = _read_directory(data, start, below, prefix)
    # Old writers count modulo 65536.
    if len(entries) != count and (zip64 or len(entries) & _MAX16 != count):
        raise NotAnArchive(f"its end counts {count} entries, but its directory lists {len(entries)}")
    return Listing(tuple(entries), prefix, suffix, start, zip64)


def _find_end(data: bytes) -> int:
    """Offset of the end record: the last whose comment reaches the last byte, else the last that is whole."""
    lowest = max(0, len(data) - _END.size - _MAX16)
    tolerable = -1
    at = data.rfind(b"PK\x05\x06", lowest)
    while at >= 0:
        if at + _END.size <= len(data):
            end = at + _END.size + int.from_bytes(data[at + 20 : at + 22], "little")
            if end == len(data):
                return at
            if end < len(data) and tolerable < 0:
                tolerable = at
        at = data.rfind(b"PK\x05\x06", lowest, at + 3)
    if tolerable < 0:
        raise NotAnArchive(_guess(data))
    return tolerable


def _guess(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if start.startswith(b"pk\x03\x04"):
        return "it begins as a zip but its end is missing: it was cut off"
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"{")):
        return "it is a web page or an error message in place of a zip"
    if start.startswith(b"\x1f\x8b"):
        return "it is a gzip or tar.gz file, not a zip"
    return "it is not a zip"


def _find_end64(data: bytes, end: int) -> int:
    _, _, offset, _ = _LOCATOR64.unpack_from(data, end - _LOCATOR64.size)
    # Right before its locator it stands wherever bytes were put before the archive; the offset would be off
    # by those.
    for at in (end - _LOCATOR64.size - _END64.size, offset):
        if 0 <= at <= end - _LOCATOR64.size - _END64.size and data.startswith(b"PK\x06\x06", at):
            return int(at)
    raise NotAnArchive("its zip64 end record is missing or damaged")


def _read_directory(data: bytes, at: int, end: int, prefix: int) -> list[Entry]:
    entries: list[Entry] = []
    while at < end and not data.startswith(b"PK\x05\x05", at):  # a signature may follow the entries
        if at + _CENTRAL.size > end or not data.startswith(b"PK\x01\x02", at):
            raise NotAnArchive("its directory is damaged")
        if len(entries) == ENTRIES_MAX:
            raise NotAnArchive(f"it lists more than {ENTRIES_MAX} entries")
        entry, at = _read_entry(data, at, end, prefix)
        entries.append(entry)
    return entries


def _read_entry(data: bytes, at: int, end: int, prefix: int) -> tuple[Entry, int]:
    fields = _CENTRAL.unpack_from(data, at)
    _, _, creator, _, _, flags, method, time, date, crc, packed, size = fields[:12]
    name_size, extra_size, comment_size, disk, _, attributes, offset = fields[12:]
    name_end = at + _CENTRAL.size + name_size
    extra_end = name_end + extra_size
    if extra_end + comment_size > end:
        raise NotAnArchive("its directory is damaged")
    raw_name = data[at + _CENTRAL.size : name_end]
    extra = _extra_fields(data[name_end:extra_end])
    size, packed, offset = _wide(extra.get(1, b""), (size, packed, offset))
    if disk not in {0, _MAX16}:
        raise NotAnArchive("it is one part of an archive that was split")
    name, decoded = _decode(raw_name, flags)
    offset += prefix
    start, disagreement = _compare_local(data, offset, (raw_name, flags, method, crc, packed, size))
    entry = Entry(
        raw_name=raw_name,
        name=name,
        path="/".join(part for part in name.split("/") if part not in {"", "."}),
        decoded=decoded,
        flags=flags,
        method=method,
        crc=crc,
        size=size,
        packed=packed,
        creator=creator,
        attributes=attributes,
        dos_time=date << 16 | time,
        unix_time_s=_unix_time(extra.get(0x5455, b"")),
        offset=offset,
        start=start,
        disagreement=disagreement,
    )
    return entry, extra_end + comment_size


def _decode(raw: bytes, flags: int) -> tuple[str, Literal["utf-8", "utf-8 unmarked", "cp437", "broken"]]:
    """The name as text. Unmarked names are UTF-8 when they can be: Linux archivers write the bytes they were
    given."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & FLAG_UTF8:
            return raw.decode("utf-8", "replace"), "broken"
        return raw.decode("cp437"), "cp437"
    return name, "utf-8" if flags & FLAG_UTF8 or raw.isascii() else "utf-8 unmarked"


def _extra_fields(raw: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(raw):
        tag, size = struct.unpack_from("<HH", raw, at)
        fields.setdefault(tag, raw[at + 4 : at + 4 + size])
        at += 4 + size
    return fields


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and offset with those that did not fit in 32 bits taken from the zip64 field."""
    wide: list[int] = []
    at = 0
    for value in values:
        if value != _MAX32:
            wide.append(value)
            continue
        if at + 8 > len(extra):
            raise NotAnArchive("a zip64 size is missing")
        wide.append(int.from_bytes(extra[at : at + 8], "little"))
        at += 8
    return wide[0], wide[1], wide[2]


def _unix_time(extra: bytes) -> int | None:
    """Modification time of the "UT" field (Info-ZIP), when it has one."""
    if len(extra) < 5 or not extra[0] & 1:
        return None
    return int.from_bytes(extra[1:5], "little", signed=True)


def _compare_local(
    data: bytes, offset: int, central: tuple[bytes, int, int, int, int, int]
) -> tuple[int, str]:
    """Where the data begins (-1: no local header), and the first thing it says otherwise than the
    directory."""
    if offset + _LOCAL.size > len(data) or not data.startswith(b"PK\x03\x04", offset):
        return -1, "header"
    _, _, flags, method, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(data, offset)
    start = offset + _LOCAL.size + name_size + extra_size
    raw_name, central_flags, central_method, central_crc, central_packed, central_size = central
    if data[offset + _LOCAL.size : offset + _LOCAL.size + name_size] != raw_name:
        return start, "name"
    if method != central_method:
        return start, "method"
    if (flags ^ central_flags) & FLAG_ENCRYPTED:
        return start, "encryption"
    if flags & FLAG_DESCRIPTOR or _MAX32 in {packed, size}:
        return start, ""
    agrees = (crc, packed, size) == (central_crc, central_packed, central_size)
    return start, "" if agrees else "size"
