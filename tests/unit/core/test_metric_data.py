"""What CloudWatch is told: counts by function, by what was invoked and of all; values that were put."""

from __future__ import annotations

import pytest
from unit.core.plane import PLACE, key

from lamb.core import metric_data, metrics
from lamb.core.metric_data import Datum, Query
from lamb.logs.counts import Counts, Resource
from lamb.logs.distribution import Distribution
from lamb.logs.metrics import MINUTE_MS
from lamb.model.metric import LAMBDA, InvalidValue, Metric
from lamb.model.names import Place

NAMED = (("FunctionName", "f"),)
HOUR_MS = 60 * MINUTE_MS


def counted(*runs: tuple[str | None, str, int, int], throttled: dict[str, int] | None = None) -> Counts:
    """(qualifier, version, runs, errors) …, each of 10 ms."""
    made = Counts()
    for qualifier, version, count, errors in runs:
        of = made.of(Resource(qualifier, version))
        of.verdicts = {"success": count - errors, "error": errors}
        of.duration.add_many(10.0, count)
    for qualifier, times in (throttled or {}).items():
        made.throttled[qualifier] = times
        made.add("Throttles", times)
    return made


def now(plane) -> int:
    return plane.clock.ms // MINUTE_MS


def write(plane, counts: Counts, minutes_ago: int = 0, name: str = "f") -> None:
    metrics.write(plane.core, {(key(name), now(plane) - minutes_ago): counts})


def points(plane, name: str, dimensions=NAMED, *, unwritten=None, namespace=LAMBDA, **query):
    wanted = {
        "start_ms": (now(plane) - 59) * MINUTE_MS, "end_ms": (now(plane) + 1) * MINUTE_MS,
        "period_ms": HOUR_MS, **query,
    }  # fmt: skip
    metric = Metric(namespace, name, tuple(sorted(dimensions)))
    (found,) = metric_data.points(plane.core, unwritten or {}, PLACE, [Query(metric, **wanted)])
    return found


def total(plane, name: str, dimensions=NAMED, statistic: str = "Sum", **query) -> float | None:
    found = points(plane, name, dimensions, **query)
    return found[0].statistic(statistic) if found else None


def resource(qualifier: str = "", version: str | None = None):
    named = (*NAMED, ("Resource", f"f:{qualifier}" if qualifier else "f"))
    return named if version is None else (*named, ("ExecutedVersion", version))


def test_invocations_are_counted_by_function_by_what_was_invoked_and_by_what_ran(plane):
    write(
        plane,
        counted(
            (None, "$LATEST", 5, 1), ("$LATEST", "$LATEST", 1, 0), ("prod", "3", 20, 2), ("prod", "4", 30, 0)
        ),
    )
    write(plane, counted((None, "$LATEST", 100, 0)), name="g")
    assert total(plane, "Invocations") == 56
    assert total(plane, "Invocations", resource()) == 6
    assert total(plane, "Invocations", resource("prod")) == 50
    assert total(plane, "Invocations", resource("prod", "4")) == 30
    assert total(plane, "Invocations", ()) == 156
    assert total(plane, "Errors") == 3
    assert total(plane, "Errors", statistic="Average") == pytest.approx(3 / 56)
    assert total(plane, "Errors", resource("prod", "4")) == 0, "what ran without errors says so"
    assert total(plane, "Duration", resource("prod"), "p99") == pytest.approx(10, rel=0.05)
    assert total(plane, "Duration", statistic="SampleCount") == 56


def test_what_is_no_metric_of_awss_has_no_values(plane):
    write(plane, counted((None, "$LATEST", 5, 1)))
    for name, dimensions in (
        ("Invented", NAMED),
        ("Invocations", (("Function", "f"),)),
        ("Invocations", (("FunctionName", "other"),)),
        ("Invocations", (("Resource", "f"),)),
        ("Invocations", (*NAMED, ("Resource", "g"))),
        ("AsyncEventAge", NAMED),
        ("ConcurrentExecutions", resource()),
    ):
        assert points(plane, name, dimensions) == []
    assert points(plane, "Invocations", unit="Seconds") == []
    assert len(points(plane, "Invocations", unit="Count")) == 1


def test_periods_begin_with_the_start_and_those_without_values_are_left_out(plane):
    for minutes_ago, runs in ((59, 1), (58, 10), (31, 100), (0, 1000)):
        write(plane, counted((None, "$LATEST", runs, 0)), minutes_ago)
    start_ms = (now(plane) - 59) * MINUTE_MS
    found = points(plane, "Invocations", period_ms=20 * MINUTE_MS)
    assert [((point.at_ms - start_ms) // MINUTE_MS, point.values.total) for point in found] == [
        (0, 11), (20, 100), (40, 1000),
    ]  # fmt: skip
    assert total(plane, "Invocations", end_ms=start_ms + MINUTE_MS) == 1, "up to before the end"


def test_what_is_not_written_yet_is_there(plane):
    write(plane, counted((None, "$LATEST", 5, 0)))
    fresh = {
        (key(), now(plane)): counted((None, "$LATEST", 2, 0)),
        (key("g"), now(plane)): counted((None, "1", 1, 0)),
    }
    assert total(plane, "Invocations", unwritten=fresh) == 7
    assert total(plane, "Invocations", (), unwritten=fresh) == 8


def test_throttles_and_other_counters(plane):
    counts = counted(("prod", "3", 3, 0), throttled={"prod": 2, "": 5})
    counts.add("AsyncEventsReceived", 4)
    counts.dropped = {"RetriesExhausted": 1, "EventAgeExceeded": 2}
    counts.age.add(1500)
    counts.add("DeadLetterErrors")
    write(plane, counts)
    assert total(plane, "Throttles") == 7
    assert total(plane, "Throttles", resource("prod")) == 2
    assert total(plane, "Throttles", resource()) == 5
    assert total(plane, "AsyncEventsReceived") == 4
    assert total(plane, "AsyncEventsDropped") == 3
    assert total(plane, "AsyncEventAge", statistic="Maximum") == 1500
    assert total(plane, "DeadLetterErrors") == 1
    assert points(plane, "AsyncEventAge")[0].unit == "Milliseconds"
    assert points(plane, "DestinationDeliveryFailures") == []


def test_concurrency_of_a_function_and_of_the_whole_account(plane):
    for name, most in (("f", 3), ("g", 4)):
        counts = counted((None, "$LATEST", 1, 0))
        counts.concurrent = most
        write(plane, counts, name=name)
    whole = Counts()
    whole.concurrent, whole.unreserved = 6, 5
    write(plane, whole, name="")
    assert total(plane, "ConcurrentExecutions", statistic="Maximum") == 3
    assert total(plane, "ConcurrentExecutions", (), "Maximum") == 6
    assert total(plane, "UnreservedConcurrentExecutions", (), "Maximum") == 5
    assert points(plane, "UnreservedConcurrentExecutions") == []
    assert {each.reference.key.name for each in metrics.of_all(plane.core, {}, PLACE, metrics.Span())} == {
        "f",
        "g",
    }
    assert [each.name for each in metrics.totals(plane.core, {}, PLACE)] == ["f", "g"]


def test_provisioned_concurrency_tells_what_it_took_and_what_went_beyond(plane):
    counts = counted(("prod", "3", 3, 0))
    runs = counts.runs[Resource("prod", "3")]
    runs.ran_beside(2, 1, provisioned=True)
    runs.ran_beside(2, 5, provisioned=False)
    write(plane, counts)
    assert total(plane, "ProvisionedConcurrencyInvocations", resource("prod")) == 1
    assert total(plane, "ProvisionedConcurrencySpilloverInvocations", resource("prod", "3")) == 1
    assert total(plane, "ProvisionedConcurrentExecutions", statistic="Maximum") == 2
    assert total(plane, "ProvisionedConcurrencyUtilization", resource("prod"), "Maximum") == 1.0


def test_metrics_are_listed_of_functions_that_ran_and_recently_if_wanted(plane):
    write(plane, counted(("prod", "3", 1, 0), ("prod", "4", 1, 0), (None, "$LATEST", 1, 0)), 4 * 60)
    write(plane, counted((None, "$LATEST", 1, 0)), 20 * 24 * 60, name="ancient")
    found = metric_data.listed(plane.core, {}, PLACE, recent=False)
    of_invocations = {metric.dimensions for metric in found if metric.name == "Invocations"}
    assert of_invocations == {
        tuple(sorted(dimensions))
        for dimensions in (
            (),
            NAMED,
            resource(),
            resource("prod"),
            resource("prod", "3"),
            resource("prod", "4"),
        )
    }
    assert Metric(LAMBDA, "UnreservedConcurrentExecutions") not in found, "nothing ran at any time"
    assert metric_data.listed(plane.core, {}, PLACE, recent=True) == []
    fresh = {(key("g"), now(plane)): counted((None, "$LATEST", 1, 0))}
    listed = metric_data.listed(plane.core, fresh, PLACE, recent=True)
    assert Metric(LAMBDA, "Invocations", (("FunctionName", "g"),)) in listed
    assert metric_data.listed(plane.core, fresh, Place(PLACE.account, "eu-west-1"), recent=False) == []


def values(*found: float) -> Distribution:
    made = Distribution()
    for value in found:
        made.add_many(value, 1)
    return made


def test_values_that_are_put_add_up_by_minute_and_unit_and_outlive_the_daemon(plane):
    metric = Metric("Shop", "Sold", (("kind", "hat"),))
    metric_data.put(plane.core, PLACE, [Datum(metric, "Count", values(3, -1))])
    metric_data.put(plane.core, PLACE, [Datum(metric, "Count", values(10)), Datum(metric, "None", values(7))])
    again = plane.reopened()
    found = points(again, "Sold", metric.dimensions, namespace="Shop")
    assert [(point.unit, point.values.total, point.values.least, point.values.most) for point in found] == [
        ("Count", 12, -1, 10), ("None", 7, 7, 7),
    ]  # fmt: skip
    assert points(again, "Sold", (), namespace="Shop") == [], "other dimensions are another metric"
    assert metric in metric_data.listed(again.core, {}, PLACE, recent=True)
    again.close()


def test_values_are_put_for_times_of_two_weeks_and_gone_after_fifteen_days(plane):
    metric = Metric("Shop", "Sold")
    day_ms = 24 * HOUR_MS
    for at_ms in (plane.clock.ms - 15 * day_ms, plane.clock.ms + 3 * HOUR_MS):
        with pytest.raises(InvalidValue, match=r"MetricData\.member\.1\.Timestamp"):
            metric_data.put(plane.core, PLACE, [Datum(metric, "None", values(1), at_ms)])
    metric_data.put(plane.core, PLACE, [Datum(metric, "None", values(1), plane.clock.ms - 13 * day_ms)])
    plane.clock.advance(seconds=3 * 86_400)
    metric_data.put(plane.core, PLACE, [Datum(Metric("Shop", "Other"), "None", values(1))])
    assert metric_data.listed(plane.core, {}, PLACE, recent=False) == [Metric("Shop", "Other")]
