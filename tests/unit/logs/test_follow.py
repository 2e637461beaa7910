from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from lamb.logs import follow
from lamb.logs.follow import Query
from lamb.logs.journal import Entry, Group, Journal

GROUP = Group("123456789012", "us-east-1", "/aws/lambda/f")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, 1 << 20)
    yield made
    made.close()


def say(
    journal: Journal, message: str, request_id: str | None = "id", at_ms: int = 1000, *, last: bool = False
) -> None:
    journal.append(GROUP, Entry(at_ms, "stream", request_id, message, last))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 10))


async def read(journal: Journal, query: Query, most: int | None = None) -> list[str]:
    found: list[str] = []
    async for entry in follow.read(journal, GROUP, query):
        if entry is not None:
            found.append(entry.message)
        if len(found) == most:
            break
    return found


def test_without_follow_it_ends_with_what_was_written(journal: Journal):
    async def work() -> list[str]:
        for message in "abc":
            say(journal, message)
        return await read(journal, Query())

    assert run(work()) == ["a", "b", "c"]


def test_a_log_that_was_never_written_is_empty(journal: Journal):
    assert run(read(journal, Query())) == []


def test_a_query_selects_by_time_request_and_text(journal: Journal):
    async def work() -> list[list[str]]:
        say(journal, "old", at_ms=10)
        say(journal, "new ERROR", at_ms=20)
        say(journal, "new", "other", at_ms=30)
        return [
            await read(journal, Query(since_ms=20)),
            await read(journal, Query(request_id="other")),
            await read(journal, Query(grep="ERROR")),
            await read(journal, Query(since_ms=20, request_id="id", grep="new")),
            await read(journal, Query(grep="nowhere")),
        ]

    assert run(work()) == [["new ERROR", "new"], ["new"], ["new ERROR"], ["new ERROR"], []]


def test_a_follower_sees_history_and_then_what_is_appended_in_order(journal: Journal):
    async def work() -> list[str]:
        say(journal, "history")
        following = asyncio.ensure_future(read(journal, Query(follow=True), most=101))
        for number in range(100):
            await asyncio.sleep(0)
            say(journal, str(number))
        return await following

    assert run(work()) == ["history", *map(str, range(100))]


def test_several_followers_see_the_same(journal: Journal):
    async def work() -> list[list[str]]:
        following = [asyncio.ensure_future(read(journal, Query(follow=True), most=20)) for _ in range(5)]
        for number in range(20):
            say(journal, str(number))
            await asyncio.sleep(0.001)
        return await asyncio.gather(*following)

    assert run(work()) == [[str(n) for n in range(20)]] * 5


def test_a_follower_outlives_rotations(tmp_path: Path):
    journal = Journal(tmp_path, 20_000)

    async def work() -> list[str]:
        following = asyncio.ensure_future(read(journal, Query(follow=True), most=300))
        for number in range(300):
            say(journal, f"{number:03d}" + "x" * 300)
            await asyncio.sleep(0)
            if number % 5 == 0:
                journal.flush()
        return await following

    assert [int(message[:3]) for message in run(work())] == list(range(300))
    journal.close()


def test_a_follower_of_one_group_is_not_woken_by_another(journal: Journal):
    async def work() -> None:
        following = asyncio.ensure_future(read(journal, Query(follow=True), most=1))
        await asyncio.sleep(0.01)
        journal.append(GROUP._replace(name="other"), Entry(0, "s", "id", "elsewhere"))
        await asyncio.sleep(0.01)
        assert not following.done()
        say(journal, "here")
        assert await following == ["here"]

    run(work())


def test_a_follower_hears_a_heartbeat_while_nothing_comes(journal: Journal, monkeypatch):
    monkeypatch.setattr(follow, "_HEARTBEAT_S", 0.01)

    async def work() -> Entry | None:
        async for entry in follow.read(journal, GROUP, Query(follow=True)):
            return entry
        raise AssertionError("it ended")

    assert run(work()) is None


@pytest.mark.parametrize("shown", ["REPORT", ""])
def test_following_one_request_ends_with_its_last_entry_shown_or_not(journal: Journal, shown: str):
    async def work() -> list[str]:
        following = asyncio.ensure_future(read(journal, Query(follow=True, request_id="id")))
        for message, request_id, last in [
            ("a", "id", False), ("b", "other", False), (shown, "other", True), ("c", None, False),
            ("REPORT RequestId: id, it prints", "id", False), ("d", "id", False), (shown, "id", True),
            ("never seen", "id", False),
        ]:  # fmt: skip
            await asyncio.sleep(0)
            say(journal, message, request_id, last=last)
        return await following

    assert run(work()) == ["a", "REPORT RequestId: id, it prints", "d", *filter(None, [shown])]


def test_a_last_entry_that_is_filtered_out_ends_the_reading_all_the_same(journal: Journal):
    async def work() -> list[str]:
        say(journal, "ERROR one")
        say(journal, "REPORT", last=True)
        return await read(journal, Query(follow=True, request_id="id", grep="ERROR"))

    assert run(work()) == ["ERROR one"]


def test_an_entry_without_a_message_is_shown_to_nobody(journal: Journal):
    async def work() -> list[str]:
        say(journal, "a")
        say(journal, "", last=True)
        say(journal, "b")
        return await read(journal, Query())

    assert run(work()) == ["a", "b"]


def test_a_long_log_is_read_without_stopping_everybody_else(journal: Journal):
    async def work() -> int:
        for _ in range(20_000):
            say(journal, "x" * 100)
        journal.flush()
        reading = asyncio.ensure_future(read(journal, Query(grep="nowhere")))
        turns = 0
        while not reading.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert run(work()) >= 4  # a page of 256 KiB each
