"""Reading a log: what was written, then what is being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from lamb.logs.journal import Entry, Group, Journal, Position

_HEARTBEAT_S = 5.0


class Query(NamedTuple):
    follow: bool = False
    since_ms: int | None = None
    request_id: str | None = None
    grep: str | None = None

    def wants(self, entry: Entry) -> bool:
        return (
            entry.message != ""
            and (self.since_ms is None or entry.timestamp_ms >= self.since_ms)
            and (self.request_id is None or entry.request_id == self.request_id)
            and (self.grep is None or self.grep in entry.message)
        )


async def read(journal: Journal, group: Group, query: Query) -> AsyncIterator[Entry | None]:
    """Entries of `group` that `query` wants, in order; None now and then while nothing comes.

    A query of one request id ends with its last entry, shown or not; other following ones go on for ever.
    """
    position = Position(0, 0)
    while True:
        entries, position = journal.read(group, position)
        for entry in entries:
            if query.wants(entry):
                yield entry
            if entry.last and query.request_id == entry.request_id:
                return
        if entries:
            await asyncio.sleep(0)  # a long log comes in pieces, and others have their turn between them
        elif query.follow:
            await journal.wait(group, _HEARTBEAT_S)
            yield None
        else:
            return
