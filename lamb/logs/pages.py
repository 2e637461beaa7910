"""Pages of a log group in the order of time, from either end, without reading more of it than is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from lamb.logs.chunks import Chunk, Chunks
from lamb.logs.journal import Entry, Group

# FilterLogEvents: "a maximum of 1 MB (about 10,000 log events)"; each counts 26 bytes more than its message.
PAGE_MAX_BYTES = 1_048_576
OVERHEAD_BYTES = 26


class Key(NamedTuple):
    """Where an entry stands among all of its group: by time, then by arrival."""

    timestamp_ms: int
    segment: int
    offset: int


class Found(NamedTuple):
    key: Key
    entry: Entry


BEFORE_ALL = Key(-1, 0, 0)
AFTER_ALL = Key(1 << 62, 0, 0)


def _any(_: str) -> bool:
    return True


class Wanted(NamedTuple):
    """Which entries: of these streams, from `since_ms` up to before `until_ms`, that match."""

    since_ms: int = 0
    until_ms: int = 1 << 62
    stream: Callable[[str], bool] = _any
    matches: Callable[[str], bool] = _any

    def has(self, entry: Entry) -> bool:
        return bool(
            entry.message
            and self.since_ms <= entry.timestamp_ms < self.until_ms
            and self.stream(entry.stream)
            and self.matches(entry.message)
        )

    def may_be_in(self, chunk: Chunk) -> bool:
        return any(
            stream.last_ms >= self.since_ms and stream.first_ms < self.until_ms and self.stream(name)
            for name, stream in chunk.streams.items()
        )


async def after(
    chunks: Chunks, group: Group, wanted: Wanted, key: Key, limit: int
) -> tuple[list[Found], bool]:
    """The first entries behind `key`, and whether more of them come."""
    looked = [
        chunk
        for chunk in await chunks.of(group)
        if chunk.last_ms >= key.timestamp_ms and wanted.may_be_in(chunk)
    ]
    found: list[Found] = []
    for chunk in sorted(looked, key=lambda chunk: chunk.first_ms):
        # Nothing in this piece, nor in those behind it, can come before what is found already.
        if len(found) > limit and chunk.first_ms > found[limit].key.timestamp_ms:
            break
        found += [each for each in _read(chunks, group, chunk, wanted) if each.key > key]
        found.sort(key=lambda each: each.key)
        del found[limit + 1 :]
        await asyncio.sleep(0)
    kept = _fitting(found[:limit])
    return kept, len(kept) < len(found)


async def before(
    chunks: Chunks, group: Group, wanted: Wanted, key: Key, limit: int
) -> tuple[list[Found], bool]:
    """The last entries in front of `key`, in the order of time, and whether more of them are there."""
    looked = [
        chunk
        for chunk in await chunks.of(group)
        if chunk.first_ms <= key.timestamp_ms and wanted.may_be_in(chunk)
    ]
    found: list[Found] = []
    for chunk in sorted(looked, key=lambda chunk: -chunk.last_ms):
        if len(found) > limit and chunk.last_ms < found[limit].key.timestamp_ms:
            break
        found += [each for each in _read(chunks, group, chunk, wanted) if each.key < key]
        found.sort(key=lambda each: each.key, reverse=True)
        del found[limit + 1 :]
        await asyncio.sleep(0)
    kept = _fitting(found[:limit])
    return kept[::-1], len(kept) < len(found)


def _read(chunks: Chunks, group: Group, chunk: Chunk, wanted: Wanted) -> list[Found]:
    placed, _ = chunks.journal.lines(group, chunk.start, chunk.size_bytes)
    return [
        Found(Key(entry.timestamp_ms, *position), entry)
        for position, entry in placed
        # A segment that is gone since is not the next one.
        if position.segment == chunk.start.segment and wanted.has(entry)
    ]


def _fitting(found: list[Found]) -> list[Found]:
    """As many as a page holds; at least one."""
    size = 0
    for count, each in enumerate(found):
        size += len(each.entry.message.encode("utf-8", "replace")) + OVERHEAD_BYTES
        if size > PAGE_MAX_BYTES and count:
            return found[:count]
    return found
