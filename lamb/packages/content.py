"""The bytes of one entry, inflated with a bound."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lamb.packages.entries import DEFLATED, STORED, Entry

_IN = 1 << 16
_OUT = 1 << 18


class Damaged(Exception):
    """The data of an entry is not what the directory declares; the message says how, for people."""


def stream(data: bytes, entry: Entry) -> Iterator[bytes]:
    """The decompressed bytes in pieces of at most 256 KiB, checked against the declared sizes and the CRC.

    Never more than `entry.size` bytes are given, whatever the archive holds. Raises only Damaged, at the
    latest after the last piece, so what was given is good only once the iterator has ended.
    """
    if entry.start < 0 or entry.start + entry.packed > len(data):
        raise Damaged("its data is missing")
    packed = memoryview(data)[entry.start : entry.start + entry.packed]
    if entry.method not in {STORED, DEFLATED}:
        raise Damaged(f"its compression method {entry.method} is not supported")
    crc = produced = 0
    for piece in _slices(packed) if entry.method == STORED else _inflate(packed, entry.size):
        produced += len(piece)
        if produced > entry.size:
            raise Damaged(f"it holds more than the {entry.size} bytes it declares")
        crc = zlib.crc32(piece, crc)
        yield piece
    if produced != entry.size:
        raise Damaged(f"it declares {entry.size} bytes but holds {produced}")
    if crc != entry.crc:
        raise Damaged("its checksum is wrong")


def whole(data: bytes, entry: Entry) -> bytes:
    """All bytes of an entry. Raises Damaged."""
    return b"".join(stream(data, entry))


def _slices(stored: memoryview) -> Iterator[bytes]:
    for at in range(0, len(stored), _OUT):
        yield bytes(stored[at : at + _OUT])


def _inflate(packed: memoryview, size: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    # One byte more than declared is enough to see a lie; 0 would mean "no bound".
    most = min(size + 1, _OUT)
    at = 0
    while not inflater.eof:
        piece_in: bytes | memoryview = inflater.unconsumed_tail
        if not piece_in:
            piece_in = packed[at : at + _IN]
            at += len(piece_in)
        try:
            piece = inflater.decompress(piece_in, most)
        except zlib.error:
            raise Damaged("its compressed data is broken") from None
        if piece:
            yield piece
        elif not piece_in:
            raise Damaged("its compressed data is cut off")
    if inflater.unused_data or at < len(packed):
        raise Damaged("its compressed data is shorter than declared")
