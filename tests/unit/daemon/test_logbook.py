from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lamb.daemon.logbook import Logbook
from lamb.logs.journal import Entry, Group, Journal
from lamb.model.clock import SystemClock
from lamb.model.names import Place

HERE = Place("123456789012", "us-east-1")


async def run(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


def test_a_group_is_there_from_its_first_line_on(plane, tmp_path):
    async def story() -> None:
        journal, clock = Journal(tmp_path / "logs", 1 << 20), SystemClock()
        logbook = Logbook(plane.core, journal, clock, run)

        def say(name: str) -> Group:
            group = Group(HERE.account, HERE.region, name)
            journal.append(group, Entry(clock.now_ms(), "stream", None, "a line\n"))
            return group

        assert (await logbook.get(say("one"))).size_bytes > 0
        say("two")
        assert await logbook.names(HERE) == ["one", "two"]
        say("three")
        (found,) = await logbook.named(HERE, ["three"])
        assert found.size_bytes > 0
        await logbook.close()

    asyncio.run(story())
