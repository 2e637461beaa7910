"""A clock that goes back, and one that goes far ahead: what depends on order does not depend on the clock."""

from __future__ import annotations

import asyncio
import random
import re

import pytest
from unit.core.plane import FIRST, Plane, key, ref

from lamb.core import aliases, versions
from lamb.logs import follow
from lamb.logs.journal import Entry, Group, Journal
from lamb.model.clock import ManualClock, iso_offset

# Linux takes no time before 1970, and none after 2232.
EARLIEST_MS, LATEST_MS = 0, 8_200_000_000_000
GROUP = Group("123456789012", "us-east-1", "/aws/lambda/f")


@pytest.fixture
def plane(tmp_path):
    made = Plane(tmp_path, JumpyClock())
    yield made
    made.close()


class JumpyClock(ManualClock):
    """Says another time whenever it is asked: earlier, later, much later."""

    def __init__(self) -> None:
        super().__init__()
        self._draw = random.Random(5)

    def now_ms(self) -> int:
        near = self._draw.randrange(-5000, 5000)
        anywhere = self._draw.randrange(EARLIEST_MS, LATEST_MS)
        self.ms = self._draw.choice((EARLIEST_MS, LATEST_MS, anywhere, max(0, self.ms + near)))
        return self.ms


def test_versions_are_numbered_and_listed_in_the_order_in_which_they_were_published(plane):
    plane.create()
    published = [plane.publish_new(f"x = {i}") for i in range(12)]
    assert [version.number for version in published] == list(range(1, 13))
    listed, marker = versions.list_versions(plane.core, ref(), FIRST)
    assert [version.number for version in listed] == list(range(13))
    assert marker is None


def test_a_version_keeps_the_moment_at_which_it_was_published(plane):
    plane.create()
    published = [plane.publish_new(f"x = {i}") for i in range(5)]
    again = plane.reopened()
    for version in published:
        found = again.get(qualifier=str(version.number)).version
        assert found.last_modified_ms == version.last_modified_ms
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", iso_offset(found.last_modified_ms)
        )
    again.close()


def test_every_change_has_a_revision_of_its_own_and_guards_hold(plane):
    revisions = {plane.create().revision_id}
    for i in range(10):
        revisions.add(plane.update(f"x = {i}", revision_id=plane.latest().revision_id).revision_id)
        revisions.add(plane.configure(description=str(i), revision_id=plane.latest().revision_id).revision_id)
    assert len(revisions) == 21


def test_an_alias_goes_back_the_way_it_came(plane):
    plane.create()
    for i in range(4):
        plane.publish_new(f"x = {i}")
    plane.alias(version="1")
    for version in ("2", "3", "4"):
        plane.shift(version=version)
    assert [aliases.rollback(plane.core, key(), "live").version for _ in range(3)] == ["3", "2", "1"]


def test_the_log_is_read_in_the_order_in_which_it_was_written(tmp_path):
    clock = JumpyClock()

    async def write_and_read():
        journal = Journal(tmp_path, 1 << 20)
        for i in range(50):
            journal.append(GROUP, Entry(clock.now_ms(), "stream", None, str(i)))
        found = [entry.message async for entry in follow.read(journal, GROUP, follow.Query())]
        journal.close()
        return found

    assert asyncio.run(write_and_read()) == [str(i) for i in range(50)]
