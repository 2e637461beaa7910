"""Prometheus's text format 0.0.4 (prometheus.io, "Exposition formats"): written out, it is a page of code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.api.services import Backlog
from lamb.logs.counts import Counter, Counts, Runs
from lamb.logs.distribution import Distribution
from lamb.model.names import FunctionKey

CONTENT_TYPE = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")

# Bounds of Distribution, so that each bucket is exact. 900 s is the longest that a function may run; events
# wait for up to six hours.
_DURATION_MS = (
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000,
)  # fmt: skip
_AGE_MS = (
    1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 1_000_000, 5_000_000, 20_000_000,
)  # fmt: skip

_COUNTERS: Mapping[Counter, tuple[str, str]] = {
    "Throttles": ("throttles", "Invocations refused for want of concurrency"),
    "AsyncEventsReceived": ("async_events_received", "Asynchronous events accepted"),
    "DeadLettersSent": ("dead_letters_sent", "Events sent to a dead-letter queue"),
    "DeadLetterErrors": ("dead_letter_errors", "Events that could not be sent to a dead-letter queue"),
    "DestinationsDelivered": ("destinations_delivered", "Records sent to a destination"),
    "DestinationDeliveryFailures": (
        "destination_delivery_failures",
        "Records that could not be sent to a destination",
    ),
    "RecursiveInvocationsDropped": ("recursive_invocations_dropped", "Invocations stopped in a loop"),
}

Labels = Mapping[str, str]


def text(
    totals: Mapping[FunctionKey, Counts], backlog: Mapping[FunctionKey, Backlog], health: Mapping[str, Any]
) -> str:
    """All that was ever counted, what waits at this moment, and the daemon's own `health`."""
    lines = [*_of_runs(totals), *_of_events(totals), *_of_now(backlog, health)]
    return "".join(f"{line}\n" for line in lines)


def _of_runs(totals: Mapping[FunctionKey, Counts]) -> Iterator[str]:
    found = [
        ({"function": key.name, "qualifier": resource.qualifier or "", "version": resource.version}, runs)
        for key, counts in totals.items()
        for resource, runs in counts.runs.items()
    ]
    yield from _head("lamb_invocations_total", "counter", "Invocations that ran, failed ones included")
    for labels, runs in found:
        yield _sample("lamb_invocations_total", labels, runs.invocations)
    yield from _head("lamb_errors_total", "counter", "Invocations that failed, by what became of them")
    for labels, runs in found:
        for verdict, count in _failures(runs):
            yield _sample("lamb_errors_total", {**labels, "verdict": verdict}, count)
    yield from _head("lamb_duration_seconds", "histogram", "Time of the handler, without init")
    for labels, runs in found:
        yield from _histogram("lamb_duration_seconds", labels, runs.duration, _DURATION_MS)
    yield from _head("lamb_init_duration_seconds", "histogram", "Time of init, of cold starts")
    for labels, runs in found:
        yield from _histogram("lamb_init_duration_seconds", labels, runs.init, _DURATION_MS)


def _failures(runs: Runs) -> list[tuple[str, int]]:
    """A first error that comes out of nowhere is none to `rate()`: `error` is there from the beginning."""
    return sorted({"error": 0, **{v: n for v, n in runs.verdicts.items() if v != "success"}}.items())


def _of_events(totals: Mapping[FunctionKey, Counts]) -> Iterator[str]:
    for counter, (word, about) in _COUNTERS.items():
        name = f"lamb_{word}_total"
        yield from _head(name, "counter", about)
        for key, counts in totals.items():
            yield _sample(name, {"function": key.name}, counts.counters.get(counter, 0))
    yield from _head("lamb_async_events_dropped_total", "counter", "Events that never succeeded")
    for key, counts in totals.items():
        for condition, count in sorted(counts.dropped.items()):
            labels = {"function": key.name, "condition": condition}
            yield _sample("lamb_async_events_dropped_total", labels, count)
    yield from _head("lamb_async_event_age_seconds", "histogram", "Time from acceptance to each run")
    for key, counts in totals.items():
        yield from _histogram("lamb_async_event_age_seconds", {"function": key.name}, counts.age, _AGE_MS)


def _of_now(backlog: Mapping[FunctionKey, Backlog], health: Mapping[str, Any]) -> Iterator[str]:
    for word, index in (("waiting", 0), ("running", 1)):
        yield from _head(f"lamb_events_{word}", "gauge", f"Asynchronous events that are {word}")
        for key, events in backlog.items():
            yield _sample(f"lamb_events_{word}", {"function": key.name}, events[index])
    for name, about, value in (
        ("lamb_environments", "Environments, busy or idle", health["environments"]),
        ("lamb_environments_busy", "Environments that run an invocation", health["busy"]),
        ("lamb_uptime_seconds", "Age of the daemon", health["uptimeMs"] / 1000),
    ):
        yield from _head(name, "gauge", about)
        yield _sample(name, {}, value)
    yield from _head("lamb_info", "gauge", "Always 1; the version of lamb is a label")
    yield _sample("lamb_info", {"version": health["version"]}, 1)


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _histogram(name: str, labels: Labels, of: Distribution, bounds_ms: tuple[int, ...]) -> Iterator[str]:
    for bound_ms, count in zip(bounds_ms, of.up_to(bounds_ms), strict=True):
        yield _sample(f"{name}_bucket", {**labels, "le": f"{bound_ms / 1000:g}"}, count)
    yield _sample(f"{name}_bucket", {**labels, "le": "+Inf"}, of.count)
    yield _sample(f"{name}_sum", labels, of.total / 1000)
    yield _sample(f"{name}_count", labels, of.count)


def _sample(name: str, labels: Labels, value: float) -> str:
    if not labels:
        return f"{name} {value}"
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
