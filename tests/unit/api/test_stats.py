"""/_lamb/stats in AWS's names, and /_lamb/metrics as Prometheus reads it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families
from unit.api.desk import Desk, Services

from lamb.api import exposition
from lamb.api.gate import Gate
from lamb.api.services import Backlog
from lamb.core import metrics
from lamb.logs.counts import Counts, Resource, Runs
from lamb.logs.metrics import MINUTE_MS
from lamb.model.clock import ManualClock
from lamb.model.names import FunctionKey

KEY = FunctionKey("123456789012", "us-east-1", "f")
HEALTH = {"version": "1.0", "uptimeMs": 1500, "environments": 3, "busy": 1}
# The desk's clock stands still.
MINUTE = ManualClock().ms // MINUTE_MS


def runs(success: int = 0, ms: float = 2.0, **failures: int) -> Runs:
    made = Runs()
    made.verdicts = {"success": success, **failures}
    for _ in range(made.invocations):
        made.duration.add(ms)
    return made


def counts(**resources: Runs) -> Counts:
    """`alone=`, `prod_3=`: what was invoked, and what ran."""
    made = Counts()
    for name, found in resources.items():
        qualifier, _, version = name.partition("_")
        made.runs[Resource(qualifier if version else None, version or "$LATEST")] = found
    return made


@pytest.fixture
def busy(office: Desk) -> Desk:
    """A home in which `f` was invoked, and has an event waiting."""
    found = counts(alone=runs(97, error=2, timeout=1), prod_3=runs(9), prod_4=runs(0, 50.0, error=1))
    found.add("Throttles", 4)
    found.add("AsyncEventsReceived", 8)
    found.age.add(1200)
    found.dropped["RetriesExhausted"] = 2
    found.concurrent = 7
    metrics.write(office.services.core, {(KEY, MINUTE): found})
    office.services.backlog_now = {KEY: Backlog(1, 2)}
    return office


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(desk: Desk) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = desk.ask("GET", "/_lamb/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.body.decode())


def value(found, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


# ------------------------------------------------------------------ /_lamb/stats


def test_a_function_is_told_in_the_names_of_aws(busy: Desk) -> None:
    told = busy.ask("GET", "/_lamb/stats/f").document
    known = {
        "FunctionName": "f", "Resource": "f", "Invocations": 110, "Errors": 4, "Throttles": 4,
        "ConcurrentExecutions": 7, "AsyncEventsReceived": 8, "AsyncEventsDropped": 2, "Waiting": 1,
        "Running": 2, "Verdicts": {"success": 106, "error": 3, "timeout": 1}, "Period": 60,
        "DropConditions": {"RetriesExhausted": 2},
    }  # fmt: skip
    assert {name: told[name] for name in known} == known
    assert told["ErrorRate"] == pytest.approx(4 / 110)
    assert told["Duration"]["SampleCount"] == 110
    assert told["Duration"]["p50"] == pytest.approx(2, rel=0.05)
    assert told["Duration"]["Maximum"] == 50
    assert told["AsyncEventAge"]["Maximum"] == 1200


def test_times_are_those_of_the_home(busy: Desk) -> None:
    told = busy.ask("GET", "/_lamb/stats/f?last_ms=120000").document
    assert (told["StartTime"], told["EndTime"]) == ("2023-11-14T22:12:00.000Z", "2023-11-14T22:14:00.000Z")
    assert [(p["Timestamp"], p["Invocations"]) for p in told["Datapoints"]] == [
        ("2023-11-14T22:12:00.000Z", 0),
        ("2023-11-14T22:13:00.000Z", 110),
    ]


def test_the_versions_behind_an_alias_stand_beside_each_other(busy: Desk) -> None:
    told = busy.ask("GET", "/_lamb/stats/f%3Aprod").document
    assert (told["Resource"], told["Invocations"], told["Throttles"]) == ("f:prod", 10, 0)
    assert [(r["Resource"], r["ExecutedVersion"], r["Errors"]) for r in told["Resources"]] == [
        ("f:prod", "3", 0),
        ("f:prod", "4", 1),
    ]


def test_all_functions_are_told_at_once(busy: Desk) -> None:
    told = busy.ask("GET", "/_lamb/stats?points=12").document["Functions"]
    assert [(each["FunctionName"], each["Invocations"], len(each["Datapoints"])) for each in told] == [
        ("f", 110, 12)
    ]


@pytest.mark.parametrize("query", ["points=0", "points=1441", "points=x", "last_ms=-1", "since_ms=soon"])
def test_a_span_that_is_none_is_refused(office: Desk, query: str) -> None:
    assert office.ask("GET", f"/_lamb/stats?{query}").error == "InvalidParameterValueException"


def test_a_name_that_was_never_a_function_is_not_found(office: Desk) -> None:
    assert office.ask("GET", "/_lamb/stats/nothing").error == "ResourceNotFoundException"


# ------------------------------------------------------------------ /_lamb/metrics


def test_prometheus_reads_every_counter(busy: Desk) -> None:
    found = scraped(busy)
    four = {"function": "f", "qualifier": "prod", "version": "4"}
    alone = {"function": "f", "qualifier": "", "version": "$LATEST"}
    assert value(found, "lamb_invocations_total", **alone) == 100
    assert value(found, "lamb_errors_total", **alone, verdict="timeout") == 1
    assert value(found, "lamb_errors_total", **four, verdict="error") == 1
    assert value(found, "lamb_throttles_total", function="f") == 4
    assert value(found, "lamb_async_events_received_total", function="f") == 8
    assert value(found, "lamb_async_events_dropped_total", function="f", condition="RetriesExhausted") == 2
    assert value(found, "lamb_events_waiting", function="f") == 1
    assert value(found, "lamb_events_running", function="f") == 2
    assert value(found, "lamb_environments") == 3
    assert value(found, "lamb_environments_busy") == 1
    assert value(found, "lamb_uptime_seconds") == 1.5


def test_durations_are_histograms_in_seconds(busy: Desk) -> None:
    found = scraped(busy)
    labels = {"function": "f", "qualifier": "prod", "version": "4"}
    buckets = {le: value(found, "lamb_duration_seconds_bucket", **labels, le=le) for le in ("0.02", "0.05")}
    assert buckets == {"0.02": 0, "0.05": 1}
    assert value(found, "lamb_duration_seconds_bucket", **labels, le="+Inf") == 1
    assert value(found, "lamb_duration_seconds_count", **labels) == 1
    assert value(found, "lamb_duration_seconds_sum", **labels) == pytest.approx(0.05)
    assert value(found, "lamb_async_event_age_seconds_sum", function="f") == pytest.approx(1.2)


def test_counters_only_grow_over_flushes_pruning_and_the_next_daemon(office: Desk) -> None:
    services, seen = office.services, []
    core = services.core

    def scrape() -> float:
        found = scraped(office)
        seen.append({which: n for which, n in found.items() if which[0].endswith(("_total", "_bucket"))})
        return value(found, "lamb_invocations_total", function="f", qualifier="", version="$LATEST")

    services.unwritten = {(KEY, MINUTE): counts(alone=runs(2, error=1))}
    assert scrape() == 3
    metrics.write(core, services.unwritten)
    services.unwritten = {}
    assert scrape() == 3
    metrics.write(core, {(KEY, MINUTE - 100_000): counts(alone=runs(5))})
    assert scrape() == 8
    services.unwritten = {(KEY, MINUTE + 1): counts(alone=runs(1))}
    assert scrape() == 9
    for before, after in pairwise(seen):
        assert all(after[which] >= count for which, count in before.items())


def test_labels_are_escaped() -> None:
    odd = 'a"b\\c\nd'
    found = Counts()
    found.dropped[odd] = 1
    found.runs[Resource(odd, odd)] = runs(1)
    read = samples(exposition.text({KEY: found}, {}, HEALTH))
    assert value(read, "lamb_async_events_dropped_total", function="f", condition=odd) == 1
    assert value(read, "lamb_invocations_total", function="f", qualifier=odd, version=odd) == 1


def test_a_home_without_functions_can_be_scraped(office: Desk) -> None:
    assert value(scraped(office), "lamb_info", version="1.0") == 1


def test_a_function_may_not_look_at_the_others(services: Services) -> None:
    desk = Desk(services, Gate("signed"))
    keys = services.credentials.of_function()
    for target in ("/_lamb/metrics", "/_lamb/stats", "/_lamb/stats/f"):
        assert desk.ask("GET", target, keys=keys).status == 403


def test_the_cost_of_a_function_is_told_with_its_requests_and_gigabyte_seconds(busy):
    found = counts(alone=runs(1))
    found.runs[Resource(None, "$LATEST")].billed_mb_ms = 1024 * 1000
    metrics.write(busy.services.core, {(FunctionKey(KEY.account, KEY.region, "billed"), MINUTE): found})
    cost = busy.ask("GET", "/_lamb/stats/billed").document["Cost"]
    assert (cost["Requests"], cost["GBSeconds"], cost["Architecture"]) == (1, 1.0, "x86_64")
    assert cost["USD"] == pytest.approx(0.0000166667 + 0.0000002)
    assert "aws.amazon.com/lambda/pricing" in cost["Source"]
