"""Pages of a group in the order of time, over chunks of a journal in the order of arrival."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from lamb.logs import chunks, erasure, pages
from lamb.logs.chunks import Chunks
from lamb.logs.journal import Entry, Group, Journal, Position
from lamb.logs.pages import AFTER_ALL, BEFORE_ALL, Wanted

GROUP = Group("123456789012", "us-east-1", "g")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, 1 << 20)
    yield made
    made.close()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 300)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


def entry(at_ms: int, stream: str = "s", message: str | None = None) -> Entry:
    return Entry(at_ms, stream, None, str(at_ms) if message is None else message, ingested_ms=at_ms + 5)


async def forward(known: Chunks, wanted: Wanted, limit: int) -> list[list[int]]:
    """The times of every page, from the beginning on."""
    listed, key, more = [], BEFORE_ALL, True
    while more:
        found, more = await pages.after(known, GROUP, wanted, key, limit)
        listed.append([each.entry.timestamp_ms for each in found])
        key = found[-1].key if found else key
    return listed


async def backward(known: Chunks, wanted: Wanted, limit: int) -> list[list[int]]:
    listed, key, more = [], AFTER_ALL, True
    while more:
        found, more = await pages.before(known, GROUP, wanted, key, limit)
        listed.append([each.entry.timestamp_ms for each in found])
        key = found[0].key if found else key
    return listed


@pytest.mark.usefixtures("small_chunks")
def test_pages_are_in_the_order_of_time_whatever_the_order_of_arrival(journal):
    times = list(range(1000, 1200))
    random.Random(1).shuffle(times)

    async def work() -> None:
        known = Chunks(journal)
        for at in range(0, len(times), 7):
            journal.put(GROUP, [entry(at_ms) for at_ms in times[at : at + 7]])
            await known.of(GROUP)
        assert [*chain(*await forward(known, Wanted(), 33))] == sorted(times)
        listed = await backward(known, Wanted(), 33)
        assert listed[0] == list(range(1167, 1200))
        assert [*chain(*reversed(listed))] == sorted(times)
        assert [*chain(*await forward(known, Wanted(1010, 1020), 3))] == list(range(1010, 1020))

    run(work())


@pytest.mark.usefixtures("small_chunks")
def test_only_the_pieces_that_can_matter_are_read(journal, monkeypatch):
    async def work() -> int:
        known = Chunks(journal)
        for at_ms in range(1000, 2000):
            journal.put(GROUP, [entry(at_ms)])
        await known.of(GROUP)
        reads = []
        lines = journal.lines
        monkeypatch.setattr(journal, "lines", lambda *args: reads.append(1) or lines(*args))
        await pages.before(known, GROUP, Wanted(), AFTER_ALL, 10)
        await pages.after(known, GROUP, Wanted(since_ms=1500, until_ms=1505), BEFORE_ALL, 10)
        return len(reads)

    assert run(work()) < 12


def test_entries_of_the_same_time_stay_in_the_order_of_arrival_and_are_not_lost_between_pages(journal):
    async def work() -> list[str]:
        known = Chunks(journal)
        journal.put(GROUP, [entry(7, message=letter) for letter in "abcdefg"])
        found, key, more = [], BEFORE_ALL, True
        while more:
            page, more = await pages.after(known, GROUP, Wanted(), key, 2)
            found += [each.entry.message for each in page]
            key = page[-1].key
        return found

    assert run(work()) == list("abcdefg")


def test_a_page_holds_a_megabyte_and_at_least_one_entry(tmp_path):
    journal = Journal(tmp_path, 1 << 24)

    async def work() -> list[list[int]]:
        for at_ms, size in enumerate((400_000, 400_000, 400_000, 2_000_000, 1)):
            journal.put(GROUP, [entry(at_ms, message="x" * size)])
        return await forward(Chunks(journal), Wanted(), 10)

    assert run(work()) == [[0, 1], [2], [3], [4]]
    journal.close()


def test_streams_tell_their_first_and_last_times_and_go_with_their_segments(tmp_path):
    journal = Journal(tmp_path, 4000)

    async def work() -> None:
        known = Chunks(journal)
        journal.put(GROUP, [entry(10, "old"), entry(30, "old"), entry(20, "old")])
        stream = (await known.streams(GROUP))["old"]
        assert (stream.first_ms, stream.last_ms, stream.ingested_ms) == (10, 30, 35)
        for at_ms in range(100, 300):
            journal.put(GROUP, [entry(at_ms, "new")])
        assert set(await known.streams(GROUP)) == {"new"}

    run(work())
    journal.close()


def test_what_is_erased_is_gone_from_the_disk_and_positions_hold(journal, tmp_path):
    async def work() -> None:
        journal.put(GROUP, [entry(at_ms, message=f"secret {at_ms}") for at_ms in range(10)])
        _, position = journal.read(GROUP, Position(0, 0))
        assert erasure.erase(journal, GROUP, lambda each: each.timestamp_ms < 8) == []
        assert [e.timestamp_ms for e in journal.read(GROUP, Position(0, 0))[0]] == [8, 9]
        journal.put(GROUP, [entry(10)])
        assert [e.timestamp_ms for e in journal.read(GROUP, position)[0]] == [10]
        (file,) = tmp_path.rglob("*.ndjson")
        assert b"secret 8" in file.read_bytes()
        assert b"secret 7" not in file.read_bytes()
        assert erasure.erase(journal, GROUP, lambda _: True) == [0]
        journal.drop(GROUP, [0])
        assert not list(tmp_path.rglob("*.ndjson"))
        journal.put(GROUP, [entry(11)])
        assert [e.timestamp_ms for e in journal.read(GROUP, position)[0]] == [11]

    run(work())


def test_a_reader_goes_on_where_a_deleted_group_is_made_again(journal):
    async def work() -> None:
        journal.put(GROUP, [entry(1)])
        position = journal.end(GROUP)
        journal.delete(GROUP)
        assert journal.about(GROUP) is None
        journal.put(GROUP, [entry(2)])
        assert [e.timestamp_ms for e in journal.read(GROUP, position)[0]] == [2]

    run(work())


def test_groups_are_listed_by_their_names_however_long(journal):
    names = sorted(["/aws/lambda/f", ".hidden", "x" * 500, "a#b"])

    async def work() -> None:
        for name in names:
            journal.put(GROUP._replace(name=name), [entry(77)])

    run(work())
    assert journal.groups(GROUP.account, GROUP.region) == names
    assert journal.groups(GROUP.account, "eu-west-1") == []
    about = journal.about(GROUP._replace(name="x" * 500))
    assert (about.created_ms, about.size_bytes > 0) == (82, True)
