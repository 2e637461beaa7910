"""AWS/Lambda's metrics (SEMANTICS §28), made of what was counted: each is a distribution.

By FunctionName; by FunctionName and Resource (`f`, `f:prod`, `f:3`); by those and ExecutedVersion; and of all
functions of an account and region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from lamb.logs.counts import Counter, Counts, Runs, summed
from lamb.logs.distribution import Distribution
from lamb.model.metric import LAMBDA, Dimensions, Metric
from lamb.model.names import LATEST

MILLISECONDS, COUNT = "Milliseconds", "Count"


class Scope(NamedTuple):
    """What the dimensions of a metric name."""

    function: str | None = None
    """None: all functions."""
    resource: str | None = None
    """A qualifier, or "" for the function alone; None: everything that was invoked of it."""
    version: str | None = None


def scope(dimensions: Dimensions) -> Scope | None:
    """None where AWS has no metric of these dimensions."""
    given = dict(dimensions)
    names = tuple(name for name, _ in dimensions)
    if names not in ((), ("FunctionName",), ("FunctionName", "Resource"), (
        "ExecutedVersion", "FunctionName", "Resource",
    )):  # fmt: skip
        return None
    function, resource = given.get("FunctionName"), given.get("Resource")
    if resource is None:
        return Scope(function)
    name, _, qualifier = resource.partition(":")
    return Scope(function, qualifier, given.get("ExecutedVersion")) if name == function else None


def _ones(count: int, of: int | None = None) -> Distribution:
    """So many ones, among zeros where there are `of` values in all."""
    found = Distribution()
    found.add_many(1.0, count)
    found.add_many(0.0, 0 if of is None else of - count)
    return found


def _peak(most: float) -> Distribution:
    return _single(most) if most else Distribution()


def _single(value: float) -> Distribution:
    found = Distribution()
    found.add(value)
    return found


# Of runs, which every scope has.
_OF_RUNS: Mapping[str, tuple[str, Callable[[Runs], Distribution]]] = {
    "Invocations": (COUNT, lambda runs: _ones(runs.invocations)),
    "Errors": (COUNT, lambda runs: _ones(runs.errors, runs.invocations)),
    "Duration": (MILLISECONDS, lambda runs: runs.duration),
    "ProvisionedConcurrencyInvocations": (COUNT, lambda runs: _ones(runs.provisioned)),
    "ProvisionedConcurrencySpilloverInvocations": (COUNT, lambda runs: _ones(runs.spilled)),
    "ProvisionedConcurrentExecutions": (COUNT, lambda runs: _peak(runs.ready)),
    "ProvisionedConcurrencyUtilization": (COUNT, lambda runs: _peak(runs.utilization)),
}


def _counter(name: Counter) -> Callable[[Counts], Distribution]:
    return lambda counts: _ones(counts.counters.get(name, 0))


def _throttles(counts: Counts) -> Distribution:
    # Every request is one that was throttled, or one that was not.
    throttles = counts.counters.get("Throttles", 0)
    return _ones(throttles, throttles + counts.all_runs().invocations)


# Of whole functions only.
_OF_FUNCTION: Mapping[str, tuple[str, Callable[[Counts], Distribution]]] = {
    "Throttles": (COUNT, _throttles),
    "ConcurrentExecutions": (COUNT, lambda counts: _peak(counts.concurrent)),
    "AsyncEventsReceived": (COUNT, _counter("AsyncEventsReceived")),
    "AsyncEventAge": (MILLISECONDS, lambda counts: counts.age),
    "AsyncEventsDropped": (COUNT, lambda counts: _ones(sum(counts.dropped.values()))),
    "DeadLetterErrors": (COUNT, _counter("DeadLetterErrors")),
    "DestinationDeliveryFailures": (COUNT, _counter("DestinationDeliveryFailures")),
    "RecursiveInvocationsDropped": (COUNT, _counter("RecursiveInvocationsDropped")),
}
# Of an account and region: what runs at the same time is no sum of what runs of each function.
OF_PLACE = frozenset({"ConcurrentExecutions", "UnreservedConcurrentExecutions"})


def unit(name: str) -> str | None:
    """None of what is no metric of AWS/Lambda's."""
    if name == "UnreservedConcurrentExecutions":
        return COUNT
    known = _OF_RUNS.get(name) or _OF_FUNCTION.get(name)
    return None if known is None else known[0]


def value(name: str, counts: Counts, wanted: Scope) -> Distribution:
    """Of one function, or of one account's own counts for what is in OF_PLACE; empty: there is nothing."""
    if name == "UnreservedConcurrentExecutions":
        return _peak(counts.unreserved) if wanted.function is None else Distribution()
    if name in _OF_RUNS:
        return _OF_RUNS[name][1](_chosen(counts, wanted))
    if wanted.resource is None and name in _OF_FUNCTION:
        return _OF_FUNCTION[name][1](counts)
    if name == "Throttles" and wanted.version is None and wanted.resource is not None:
        throttles = sum(counts.throttled.get(each, 0) for each in _qualifiers(wanted.resource))
        return _ones(throttles, throttles + _chosen(counts, wanted).invocations)
    return Distribution()


def _chosen(counts: Counts, wanted: Scope) -> Runs:
    if wanted.resource is None:
        return counts.all_runs()
    qualifiers = _qualifiers(wanted.resource)
    return summed(
        runs
        for resource, runs in counts.runs.items()
        if (resource.qualifier or "") in qualifiers and wanted.version in (None, resource.version)
    )


def _qualifiers(resource: str) -> tuple[str, ...]:
    """Whoever names no version means `$LATEST`."""
    return (resource,) if resource else ("", LATEST)


# ------------------------------------------------------------------ what there is


def metrics_of(function: str, counts: Counts) -> Iterator[Metric]:
    """Every metric of a function that has values in `counts`."""
    for wanted in _scopes(function, counts):
        dimensions = _dimensions(function, wanted)
        for name in (*_OF_RUNS, *_OF_FUNCTION):
            if value(name, counts, wanted).count:
                yield Metric(LAMBDA, name, dimensions)


def _scopes(function: str, counts: Counts) -> Iterator[Scope]:
    yield Scope(function)
    versions: dict[str, set[str]] = {}
    for resource in counts.runs:
        label = "" if resource.qualifier in (None, LATEST) else str(resource.qualifier)
        versions.setdefault(label, set()).add(resource.version)
    for label in sorted({*versions, *("" if each == LATEST else each for each in counts.throttled)}):
        yield Scope(function, label)
        # As in AWS: of aliases that send some of their invocations elsewhere.
        behind = versions.get(label, set())
        if len(behind) > 1:
            yield from (Scope(function, label, version) for version in sorted(behind))


def _dimensions(function: str, wanted: Scope) -> Dimensions:
    if wanted.resource is None:
        return (("FunctionName", function),)
    resource = f"{function}:{wanted.resource}" if wanted.resource else function
    named = (("FunctionName", function), ("Resource", resource))
    return named if wanted.version is None else (("ExecutedVersion", wanted.version), *named)
