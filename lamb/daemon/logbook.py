"""Log groups as the API asks for them: rows of the store and files of the journal, together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from lamb.api.services import LogQuery
from lamb.core import log_groups
from lamb.core.context import Core
from lamb.core.log_groups import LogGroup
from lamb.logs import erasure, follow, pages
from lamb.logs.chunks import Chunks, Stream
from lamb.logs.journal import About, Entry, Group, Journal
from lamb.logs.pages import Found, Key, Wanted
from lamb.model.clock import Clock
from lamb.model.errors import LambError
from lamb.model.names import Place

_log = logging.getLogger("lamb.daemon")

_SWEEP_S = 3600.0
_TAIL_S = 1.0


class Logbook:
    """Implements `lamb.api.services.Logbook`. On the event loop, and by the machine's time, as logs are."""

    def __init__(
        self, core: Core, journal: Journal, clock: Clock, run: Callable[..., Awaitable[Any]]
    ) -> None:
        """`run` calls a function in the pool."""
        self._core = core
        self._journal = journal
        self._clock = clock
        self._run = run
        self._chunks = Chunks(journal)
        self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    async def close(self) -> None:
        self._sweeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sweeping

    def now_ms(self) -> int:
        return self._clock.now_ms()

    # ------------------------------------------------------------------ groups

    async def get(self, group: Group) -> LogGroup:
        found: LogGroup = await self._run(log_groups.get, self._core, group, self._about(group))
        return found

    def _about(self, group: Group) -> About | None:
        self._journal.flush()  # a group is there from its first line on, not from when that is on disk
        return self._journal.about(group)

    async def names(self, place: Place) -> list[str]:
        self._journal.flush()
        written = self._journal.groups(place.account, place.region)
        found: list[str] = await self._run(log_groups.names, self._core, place, written)
        return found

    async def named(self, place: Place, names: Sequence[str]) -> list[LogGroup]:
        self._journal.flush()
        found: list[LogGroup] = await self._run(
            log_groups.named, self._core, place, names, self._journal.about
        )
        return found

    async def create(self, group: Group, tags: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        new = LogGroup(group, self.now_ms(), tags=tags, settings=settings)
        await self._run(log_groups.create, self._core, new, self._about(group))

    async def change(self, work: Callable[..., None], group: Group, *args: Any) -> None:
        await self._run(work, self._core, group, self._about(group), *args)

    async def delete(self, group: Group) -> None:
        await self.change(log_groups.delete, group)
        self._journal.delete(group)
        self._chunks.forget(group)

    # ------------------------------------------------------------------ streams

    async def streams(self, group: LogGroup) -> Mapping[str, Stream]:
        since_ms = group.since_ms(self.now_ms())
        found = await self._chunks.streams(group.key)
        return {name: stream for name, stream in found.items() if stream.last_ms >= since_ms}

    async def delete_stream(self, group: Group, name: str) -> None:
        found = await self.get(group)
        written = name in await self._chunks.streams(group)
        about = self._about(group)
        await self._run(_delete_stream, self._core, group, about, name, written)
        if written:
            await self._erase(found.key, lambda entry: entry.stream == name)

    # ------------------------------------------------------------------ entries

    async def after(self, group: LogGroup, wanted: Wanted, key: Key, limit: int) -> tuple[list[Found], bool]:
        return await pages.after(self._chunks, group.key, self._kept(group, wanted), key, limit)

    async def before(self, group: LogGroup, wanted: Wanted, key: Key, limit: int) -> tuple[list[Found], bool]:
        return await pages.before(self._chunks, group.key, self._kept(group, wanted), key, limit)

    def _kept(self, group: LogGroup, wanted: Wanted) -> Wanted:
        since_ms = max(wanted.since_ms, group.since_ms(self.now_ms()))
        return wanted._replace(since_ms=since_ms)

    async def put(self, group: Group, entries: Sequence[Entry]) -> None:
        self._journal.put(group, entries)
        await self._run(self._journal.sync, group)

    async def tail(self, groups: Sequence[Group], wanted: Wanted) -> AsyncIterator[list[tuple[Group, Entry]]]:
        positions = {group: self._journal.end(group) for group in groups}
        while True:
            await asyncio.sleep(_TAIL_S)
            found: list[tuple[Group, Entry]] = []
            for group in groups:
                entries = True
                while entries:
                    came, after = self._journal.read(group, positions[group])
                    entries, positions[group] = after != positions[group], after
                    found += [(group, entry) for entry in came if wanted.has(entry)]
            yield found

    async def read(self, group: Group, query: LogQuery) -> AsyncIterator[Mapping[str, Any]]:
        """In the order of arrival, as `Services.logs` gives them."""
        place = Place(group.account, group.region)
        kept = await self._run(log_groups.named, self._core, place, [group.name], _unknown)
        since_ms = max([query.since_ms or 0, *(each.since_ms(self.now_ms()) for each in kept)])
        wanted = follow.Query(query.follow, since_ms, query.request_id, query.grep)
        async for entry in follow.read(self._journal, group, wanted):
            if entry is None:
                yield {}
            else:
                yield {
                    "timestamp": entry.timestamp_ms,
                    "stream": entry.stream,
                    "requestId": entry.request_id,
                    "message": entry.message,
                }

    # ------------------------------------------------------------------ retention

    async def expire(self, group: LogGroup) -> None:
        """Remove what is older than the group keeps it."""
        since_ms = group.since_ms(self.now_ms())
        if since_ms > 0:
            await self._erase(group.key, lambda entry: entry.timestamp_ms < since_ms)

    async def _erase(self, group: Group, gone: Callable[[Entry], bool]) -> None:
        self._journal.flush()
        # A segment that was empty a moment ago may have got something since.
        end = self._journal.end(group)
        emptied = await self._run(erasure.erase, self._journal, group, gone)
        if self._journal.end(group) != end:
            emptied = [number for number in emptied if number < end.segment]
        self._journal.drop(group, emptied)
        self._chunks.forget(group)

    async def _sweep(self) -> None:
        while True:
            try:
                for group in await self._run(log_groups.retained, self._core):
                    await self.expire(group)
            except (LambError, OSError) as error:
                _log.warning("old log entries cannot be removed yet: %s", error)
            await asyncio.sleep(_SWEEP_S)


def _unknown(_: Group) -> None:
    """Where only rows are asked for."""


def _delete_stream(core: Core, group: Group, about: Any, name: str, written: bool) -> None:  # noqa: FBT001
    log_groups.delete_stream(core, group, about, name, written=written)
