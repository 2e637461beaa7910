"""Where in a log group to look: pieces of its journal, the times in them, and the streams.

Built by reading the journal once, and kept up to date by reading what is new; it holds no entries. Lives on
the event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from lamb.logs.journal import Entry, Group, Journal, Position

# A piece is read whole: some hundred entries, a millisecond of the event loop.
CHUNK_BYTES = 1 << 16
_GROUPS_KEPT = 64


@dataclass(slots=True)
class Stream:
    """What one log stream holds, in milliseconds since the epoch."""

    first_ms: int
    last_ms: int
    ingested_ms: int

    def add(self, first_ms: int, last_ms: int, ingested_ms: int) -> None:
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)
        self.ingested_ms = max(self.ingested_ms, ingested_ms)


@dataclass(slots=True)
class Chunk:
    """A piece of one segment, from `start` on; empty streams: nothing in it can be shown."""

    start: Position
    size_bytes: int = 0
    streams: dict[str, Stream] = field(default_factory=dict)

    @property
    def first_ms(self) -> int:
        return min(stream.first_ms for stream in self.streams.values())

    @property
    def last_ms(self) -> int:
        return max(stream.last_ms for stream in self.streams.values())

    def add(self, entry: Entry) -> None:
        if not entry.message:
            return
        at_ms = entry.timestamp_ms
        ingested_ms = at_ms if entry.ingested_ms is None else entry.ingested_ms
        stream = self.streams.get(entry.stream)
        if stream is None:
            self.streams[entry.stream] = Stream(at_ms, at_ms, ingested_ms)
        else:
            stream.add(at_ms, at_ms, ingested_ms)


class Chunks:
    """The pieces of the groups that were asked for last."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._known: OrderedDict[Group, _Known] = OrderedDict()

    async def of(self, group: Group) -> list[Chunk]:
        """All of a group's, in the order of the journal, up to what has been written by now."""
        known = self._known.setdefault(group, _Known())
        self._known.move_to_end(group)
        if len(self._known) > _GROUPS_KEPT:
            self._known.popitem(last=False)
        async with known.reading:
            segments = set(self.journal.segments(group))
            known.chunks = [chunk for chunk in known.chunks if chunk.start.segment in segments]
            more = True
            while more:
                more = known.read_on(self.journal, group)
                await asyncio.sleep(0)  # a long log is read in pieces, and others have their turn between
            return [chunk for chunk in known.chunks if chunk.streams]

    async def streams(self, group: Group) -> dict[str, Stream]:
        """Every stream that the group has entries of."""
        found: dict[str, Stream] = {}
        for chunk in await self.of(group):
            for name, stream in chunk.streams.items():
                if name in found:
                    found[name].add(stream.first_ms, stream.last_ms, stream.ingested_ms)
                else:
                    found[name] = Stream(stream.first_ms, stream.last_ms, stream.ingested_ms)
        return found

    def forget(self, group: Group) -> None:
        """Something was erased: read it again."""
        self._known.pop(group, None)


class _Known:
    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.reading = asyncio.Lock()
        self._position = Position(0, 0)

    def read_on(self, journal: Journal, group: Group) -> bool:
        """One piece more; False when there was none."""
        placed, after = journal.lines(group, self._position, CHUNK_BYTES)
        if after == self._position:
            return False
        start = Position(
            after.segment, self._position.offset if after.segment == self._position.segment else 0
        )
        self._position = after
        size_bytes = after.offset - start.offset
        last = self.chunks[-1] if self.chunks else None
        if not (
            last is not None
            and last.start.segment == start.segment
            and last.start.offset + last.size_bytes == start.offset
            and last.size_bytes + size_bytes <= CHUNK_BYTES
        ):
            last = Chunk(start)
            self.chunks.append(last)
        last.size_bytes += size_bytes
        for _, entry in placed:
            last.add(entry)
        return True
