"""Counts in the store: added up by whoever comes and goes, read with what memory has, kept for 15 days."""

from __future__ import annotations

import pytest
from unit.core.plane import PLACE, key, ref

from lamb.core import functions, metrics
from lamb.core.metrics import Span
from lamb.logs.counts import Counts, Resource
from lamb.logs.metrics import MINUTE_MS
from lamb.model.errors import ResourceNotFound
from lamb.model.names import FunctionKey, Place

DAY_S = 86_400
HOUR_MS = 60 * MINUTE_MS


def counts(runs: int = 1, errors: int = 0, *, qualifier: str | None = None, version: str = "$LATEST", ms=2.0):
    made = Counts()
    of = made.of(Resource(qualifier, version))
    of.verdicts = {"success": runs - errors, "error": errors}
    for _ in range(runs):
        of.duration.add(ms)
    return made


def now(plane) -> int:
    return plane.clock.ms // MINUTE_MS


def write(plane, *found: Counts, minute: int | None = None, name: str = "f") -> None:
    for each in found:
        metrics.write(plane.core, {(key(name), now(plane) if minute is None else minute): each})


def invocations(plane, *, unwritten=None, span: Span | None = None, qualifier: str | None = None) -> int:
    measured = metrics.of_function(plane.core, unwritten or {}, ref(qualifier=qualifier), span or Span())
    return measured.total.all_runs().invocations


def test_a_flush_adds_to_what_is_stored(plane):
    write(plane, counts(3, 1), counts(4, 2))
    total = metrics.of_function(plane.core, {}, ref(), Span()).total.all_runs()
    assert (total.invocations, total.errors, total.duration.count) == (7, 3, 7)


def test_counts_are_there_for_the_next_daemon_which_adds_its_own(plane):
    write(plane, counts(3))
    again = plane.reopened()
    write(again, counts(2))
    assert invocations(again) == 5
    again.close()


def test_what_is_in_memory_is_read_together_with_what_is_stored(plane):
    write(plane, counts(3))
    unwritten = {(key(), now(plane)): counts(2), (key("other"), now(plane)): counts(100)}
    assert invocations(plane, unwritten=unwritten) == 5
    assert invocations(plane) == 3, "reading changes nothing"


def test_the_span_is_of_whole_minutes_up_to_the_present_one(plane):
    for minute in range(-3, 1):
        write(plane, counts(10 ** (3 + minute)), minute=now(plane) + minute)
    assert [invocations(plane, span=Span(last_ms=ms)) for ms in (1, MINUTE_MS, 2 * MINUTE_MS)] == [
        1000, 1000, 1100,
    ]  # fmt: skip
    since = (now(plane) - 2) * MINUTE_MS
    assert invocations(plane, span=Span(since_ms=since + 59_999)) == 1110
    assert invocations(plane, span=Span(since_ms=since - 1)) == 1111
    assert invocations(plane, span=Span(since_ms=plane.clock.ms + DAY_S * 1000)) == 1000


def test_a_long_span_is_cut_into_as_many_parts_as_are_wanted(plane):
    last = now(plane)
    for minute in (last - 59, last - 58, last - 1, last):
        write(plane, counts(1), minute=minute)
    found = metrics.of_function(plane.core, {}, ref(), Span(last_ms=HOUR_MS, points=20))
    assert [point.all_runs().invocations for point in found.points] == [2, *[0] * 18, 2]
    assert (found.period_ms, found.end_ms - found.start_ms) == (3 * MINUTE_MS, HOUR_MS)
    whole = metrics.of_function(plane.core, {}, ref(), Span(last_ms=HOUR_MS, points=7))
    assert sum(point.all_runs().invocations for point in whole.points) == 4
    assert len(whole.points) <= 7


def test_a_span_since_the_beginning_of_time_is_that_of_what_is_kept(plane):
    write(plane, counts(1))
    found = metrics.of_function(plane.core, {}, ref(), Span(since_ms=0))
    assert found.end_ms - found.start_ms == 15 * DAY_S * 1000
    assert len(found.points) <= 60


def test_an_alias_shows_what_was_invoked_by_its_name_and_which_version_ran(plane):
    for version, runs in (("3", 9), ("4", 1)):
        write(plane, counts(runs, qualifier="prod", version=version))
    write(plane, counts(100))
    measured = metrics.of_function(plane.core, {}, ref(qualifier="prod"), Span())
    assert {resource: runs.invocations for resource, runs in measured.total.runs.items()} == {
        Resource("prod", "3"): 9,
        Resource("prod", "4"): 1,
    }


def test_a_name_that_was_never_a_function_is_not_found(plane):
    with pytest.raises(ResourceNotFound, match=":function:f"):
        metrics.of_function(plane.core, {}, ref(), Span())
    plane.create()
    assert invocations(plane) == 0
    with pytest.raises(ResourceNotFound, match=":function:f:nothing"):
        metrics.of_function(plane.core, {}, ref(qualifier="nothing"), Span())


def test_counts_outlive_their_function(plane):
    plane.create()
    write(plane, counts(2))
    functions.delete(plane.core, ref())
    assert invocations(plane) == 2


def test_minutes_are_kept_for_fifteen_days(plane):
    plane.create()
    write(plane, counts(5))
    plane.clock.advance(seconds=15 * DAY_S - 60)
    write(plane, counts(1), name="other")
    whole = Span(since_ms=0)
    assert invocations(plane, span=whole) == 5
    plane.clock.advance(seconds=120)
    write(plane, counts(1), name="other")
    assert invocations(plane, span=whole) == 0


def test_totals_only_grow_whatever_is_pruned(plane):
    plane.create()
    write(plane, counts(5))
    plane.clock.advance(seconds=16 * DAY_S)
    write(plane, counts(1), name="other")
    totals = metrics.totals(plane.core, {(key(), now(plane)): counts(2)}, PLACE)
    assert {k.name: found.all_runs().invocations for k, found in totals.items()} == {"f": 7, "other": 1}


def test_nothing_is_left_of_a_function_that_is_gone_for_fifteen_days(plane):
    write(plane, counts(5))
    plane.clock.advance(seconds=16 * DAY_S)
    write(plane, counts(1), name="other")
    assert [k.name for k in metrics.totals(plane.core, {}, PLACE)] == ["other"]


def test_all_functions_are_listed_by_name_whether_they_ran_or_not(plane):
    plane.create("never")
    plane.create("f")
    write(plane, counts(2))
    write(plane, counts(3), name="gone")
    unwritten = {(key("just"), now(plane)): counts(1)}
    found = metrics.of_all(plane.core, unwritten, PLACE, Span(points=12))
    assert [(each.reference.key.name, each.total.all_runs().invocations) for each in found] == [
        ("f", 2), ("gone", 3), ("just", 1), ("never", 0),
    ]  # fmt: skip
    assert {len(each.points) for each in found} == {12}


def test_accounts_and_regions_do_not_see_each_other(plane):
    other = FunctionKey("999999999999", "us-east-1", "f")
    metrics.write(plane.core, {(other, now(plane)): counts(1)})
    unwritten = {(other, now(plane)): counts(1)}
    assert metrics.of_all(plane.core, unwritten, PLACE, Span()) == []
    assert metrics.totals(plane.core, unwritten, PLACE) == {}
    there = metrics.totals(plane.core, unwritten, Place("999999999999", "us-east-1"))
    assert there[other].all_runs().invocations == 2
