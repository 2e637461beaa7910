"""What was counted, as documents for `lamb stats` and as text for Prometheus."""

from __future__ import annotations

from typing import Any

from lamb.api import exposition
from lamb.api.messages import Response, json_response
from lamb.api.own import Ask
from lamb.api.services import Backlog
from lamb.core import functions, metrics
from lamb.core.context import Core
from lamb.core.metrics import Measured, Span
from lamb.logs.counts import Counter, Counts, Resource, Runs
from lamb.logs.distribution import Distribution
from lamb.model import pricing
from lamb.model.clock import iso_z
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.names import FunctionKey, Reference

_POINTS_MAX = 1440
_ASYNCHRONOUS: tuple[Counter, ...] = (
    "AsyncEventsReceived", "DeadLettersSent", "DeadLetterErrors", "DestinationsDelivered",
    "DestinationDeliveryFailures", "RecursiveInvocationsDropped",
)  # fmt: skip
_NO_EVENTS = Backlog(0, 0)


async def of_function(ask: Ask) -> Response:
    """One function, or what was invoked through one of its versions or aliases."""
    measured = await ask.services.measured(metrics.of_function, ask.reference(), _span(ask))
    key = measured.reference.key
    backlog = (await ask.services.backlog(key)).get(key, _NO_EVENTS)
    architecture = await ask.services.run(_architecture, ask.services.core, key)
    told = {"Resources": _resources(measured), "Cost": _cost(measured.total.all_runs(), architecture)}
    return json_response({**_document(measured, backlog), **told})


async def of_all(ask: Ask) -> Response:
    found = await ask.services.measured(metrics.of_all, ask.place, _span(ask))
    backlog = await ask.services.backlog()
    return json_response(
        {"Functions": [_document(each, backlog.get(each.reference.key, _NO_EVENTS)) for each in found]}
    )


async def scrape(ask: Ask) -> Response:
    """For Prometheus."""
    totals = await ask.services.measured(metrics.totals, ask.place)
    text = exposition.text(totals, await ask.services.backlog(), ask.services.health())
    return Response(200, [exposition.CONTENT_TYPE], text.encode())


def _architecture(core: Core, key: FunctionKey) -> str:
    """Of the function as it is now; counts outlive it."""
    try:
        return functions.get(core, Reference(key)).version.configuration.architectures[0]
    except ResourceNotFound:
        return "x86_64"


def _cost(runs: Runs, architecture: str) -> dict[str, Any]:
    """What AWS would bill, in dollars."""
    estimate = pricing.estimate(runs.invocations, runs.billed_mb_ms, architecture)
    return {
        "Requests": estimate.requests,
        "GBSeconds": estimate.gb_s,
        "Architecture": architecture,
        "RequestsUSD": estimate.requests_usd,
        "DurationUSD": estimate.duration_usd,
        "USD": estimate.usd,
        "Source": pricing.SOURCE,
    }


def _span(ask: Ask) -> Span:
    """`since_ms` (a time) or `last_ms` (so long until now; an hour), in at most `points` parts."""
    points = ask.argument("points")
    if points is not None and not 1 <= points <= _POINTS_MAX:
        raise InvalidParameterValue(f"points must be a number from 1 to {_POINTS_MAX}")
    given = {"since_ms": ask.argument("since_ms"), "last_ms": ask.argument("last_ms"), "points": points}
    return Span(**{name: value for name, value in given.items() if value is not None})


def _document(measured: Measured, backlog: Backlog) -> dict[str, Any]:
    """AWS's names of metrics and statistics; times are those of the home."""
    counts, runs = measured.total, measured.total.all_runs()
    times = range(measured.start_ms, measured.end_ms, measured.period_ms)
    return {
        "FunctionName": measured.reference.key.name,
        "Resource": _named(measured.reference),
        "StartTime": iso_z(measured.start_ms),
        "EndTime": iso_z(measured.end_ms),
        "Period": measured.period_ms // 1000,
        **_runs(runs),
        "Verdicts": runs.verdicts,
        "InitDuration": _statistics(runs.init),
        "MaxMemoryUsed": runs.memory_used_mb,
        "MemorySize": runs.memory_mb,
        "ConcurrentExecutions": counts.concurrent,
        "Throttles": counts.counters.get("Throttles", 0),
        **_asynchronous(counts),
        "Waiting": backlog.waiting,
        "Running": backlog.running,
        "Datapoints": [
            {"Timestamp": iso_z(ms), **_point(point)}
            for ms, point in zip(times, measured.points, strict=True)
        ],
    }


def _named(reference: Reference) -> str:
    name = reference.key.name
    return name if reference.qualifier is None else f"{name}:{reference.qualifier}"


def _runs(runs: Runs) -> dict[str, Any]:
    invocations, errors = runs.invocations, runs.errors
    return {
        "Invocations": invocations,
        "Errors": errors,
        "ErrorRate": errors / invocations if invocations else 0.0,
        "Duration": _statistics(runs.duration),
    }


def _statistics(of: Distribution) -> dict[str, Any]:
    """In milliseconds. None where there is nothing to say."""
    return {
        "SampleCount": of.count,
        "Sum": round(of.total, 3),
        "Average": _rounded(of.mean),
        "Minimum": _rounded(of.percentile(0)),
        "Maximum": _rounded(of.percentile(100)),
        **{f"p{percent}": _rounded(of.percentile(percent)) for percent in (50, 90, 99)},
    }


def _asynchronous(counts: Counts) -> dict[str, Any]:
    return {
        **{name: counts.counters.get(name, 0) for name in _ASYNCHRONOUS},
        "AsyncEventAge": _statistics(counts.age),
        "AsyncEventsDropped": sum(counts.dropped.values()),
        "DropConditions": counts.dropped,
    }


def _point(counts: Counts) -> dict[str, Any]:
    runs = counts.all_runs()
    return {
        "Invocations": runs.invocations,
        "Errors": runs.errors,
        "Throttles": counts.counters.get("Throttles", 0),
        "p50": _rounded(runs.duration.percentile(50)),
        "p99": _rounded(runs.duration.percentile(99)),
    }


def _resources(measured: Measured) -> list[dict[str, Any]]:
    """Each way in and version that ran: the two sides of a weighted alias stand beside each other."""
    key, found = measured.reference.key, measured.total.runs

    def in_order(resource: Resource) -> tuple[str, int, str]:
        return (resource.qualifier or "", len(resource.version), resource.version)

    return [
        {
            "Resource": _named(Reference(key, resource.qualifier)),
            "ExecutedVersion": resource.version,
            **_runs(found[resource]),
        }
        for resource in sorted(found, key=in_order)
    ]


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
