"""Rows of log groups, beside groups that only have entries."""

from __future__ import annotations

import pytest
from unit.core.plane import PLACE

from lamb.core import log_groups
from lamb.core.log_groups import LogGroup
from lamb.logs.journal import About, Group
from lamb.model.log_errors import GroupExists, GroupNotFound, StreamExists, StreamNotFound
from lamb.model.names import Place

GROUP = Group(PLACE.account, PLACE.region, "g")
WRITTEN = About(5000, 123)


def create(plane, name: str = "g", **members) -> None:
    log_groups.create(plane.core, LogGroup(GROUP._replace(name=name), 1000, **members), None)


def test_a_group_that_only_has_entries_is_there_and_cannot_be_made(plane):
    assert log_groups.get(plane.core, GROUP, WRITTEN).created_ms == 5000
    with pytest.raises(GroupNotFound):
        log_groups.get(plane.core, GROUP, None)
    with pytest.raises(GroupExists):
        log_groups.create(plane.core, LogGroup(GROUP, 1000), WRITTEN)


def test_a_group_that_only_has_entries_gets_a_row_when_something_is_said_of_it(plane):
    log_groups.set_retention(plane.core, GROUP, WRITTEN, 7)
    log_groups.tag(plane.core, GROUP, None, {"a": "1"})
    found = log_groups.get(plane.core, GROUP, None)
    assert (found.created_ms, found.retention_days, found.tags) == (5000, 7, {"a": "1"})
    assert [group.key for group in log_groups.retained(plane.core)] == [GROUP]


def test_what_is_older_than_the_days_of_its_retention_is_not_there(plane):
    create(plane)
    assert log_groups.get(plane.core, GROUP, None).since_ms(10**12) == 0
    log_groups.set_retention(plane.core, GROUP, None, 3)
    assert log_groups.get(plane.core, GROUP, None).since_ms(10**12) == 10**12 - 3 * 86_400_000
    log_groups.set_retention(plane.core, GROUP, None, None)
    assert log_groups.retained(plane.core) == []


def test_names_are_of_rows_and_of_entries_of_the_same_place_only(plane):
    create(plane, "b")
    assert log_groups.names(plane.core, PLACE, ["a", "b"]) == ["a", "b"]
    assert log_groups.names(plane.core, Place(PLACE.account, "eu-west-1"), []) == []
    known = {"a": WRITTEN}
    found = log_groups.named(plane.core, PLACE, ["a", "b", "c"], lambda group: known.get(group.name))
    assert [(group.key.name, group.size_bytes) for group in found] == [("a", 123), ("b", 0)]


def test_streams_are_made_once_and_go_with_their_group(plane):
    create(plane)
    log_groups.create_stream(plane.core, GROUP, None, "s", 2000)
    with pytest.raises(StreamExists):
        log_groups.create_stream(plane.core, GROUP, None, "s", 3000)
    assert log_groups.get(plane.core, GROUP, None).streams == {"s": 2000}
    with pytest.raises(StreamNotFound):
        log_groups.delete_stream(plane.core, GROUP, None, "t", written=False)
    log_groups.delete_stream(plane.core, GROUP, None, "t", written=True)
    log_groups.delete(plane.core, GROUP, None)
    create(plane)
    assert log_groups.get(plane.core, GROUP, None).streams == {}
    with pytest.raises(GroupNotFound):
        log_groups.create_stream(plane.core, GROUP._replace(name="none"), None, "s", 1)
