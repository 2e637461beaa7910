"""What CloudWatch is asked for: values of metrics over time, the metrics that there are, and putting some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lamb.core import lambda_metrics
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.core.lambda_metrics import Scope
from lamb.logs.counts import Counts, merged
from lamb.logs.distribution import Distribution
from lamb.logs.metrics import MINUTE_MS, Taken
from lamb.model.limits import METRICS_KEPT_DAYS
from lamb.model.metric import LAMBDA, InvalidValue, Metric, percent
from lamb.model.names import FunctionKey, Place
from lamb.store import metrics as rows
from lamb.store import put_metrics
from lamb.store.database import Tx
from lamb.store.metrics import SUM
from lamb.store.put_metrics import Put

_KEPT_MINUTES = METRICS_KEPT_DAYS * 24 * 60
_RECENT_MINUTES = 3 * 60
# PutMetricData, Timestamp
_PAST_MS, _FUTURE_MS = 14 * 86_400_000, 2 * 3_600_000


class Query(NamedTuple):
    """Values of a metric from `start_ms` on, up to before `end_ms`, in periods that begin with `start_ms`."""

    metric: Metric
    start_ms: int
    end_ms: int
    period_ms: int
    unit: str | None = None
    """Only values that have this unit; None: whatever they have."""


class Point(NamedTuple):
    at_ms: int
    unit: str
    values: Distribution

    def statistic(self, name: str) -> float | None:
        """None for a percentile of what has none."""
        if name == "SampleCount":
            return float(self.values.count)
        if name == "Sum":
            return self.values.total
        if name == "Average":
            return self.values.mean
        if name == "Minimum":
            return self.values.least
        if name == "Maximum":
            return self.values.most
        wanted = percent(name)
        return None if wanted is None else self.values.percentile(wanted)


class Datum(NamedTuple):
    """Values that are put, all of one metric and one time."""

    metric: Metric
    unit: str
    values: Distribution
    at_ms: int | None = None
    """None: now."""


# ------------------------------------------------------------------ values over time


def points(core: Core, unwritten: Taken, place: Place, queries: Sequence[Query]) -> list[list[Point]]:
    """For each query, the periods that have values, in the order of time."""
    with core.database.reading() as tx:
        minutes = _Minutes(tx, place, unwritten)
        return [_cut(query, _values(minutes, query)) for query in queries]


def _values(minutes: _Minutes, query: Query) -> Iterator[tuple[int, str, Distribution]]:
    """Minute, unit and values; some of the same minute may come apart."""
    first, last = query.start_ms // MINUTE_MS, -(-query.end_ms // MINUTE_MS) - 1
    metric = query.metric
    if metric.namespace != LAMBDA:
        for put in put_metrics.of_metric(minutes.tx, minutes.place, metric, first, last):
            yield put.minute, put.unit, _parse(put.counts)
        return
    scope, unit = lambda_metrics.scope(metric.dimensions), lambda_metrics.unit(metric.name)
    if scope is None or unit is None:
        return
    for minute, counts in minutes.between(scope, metric.name, first, last):
        values = lambda_metrics.value(metric.name, counts, scope)
        if values.count:
            yield minute, unit, values


def _cut(query: Query, values: Iterator[tuple[int, str, Distribution]]) -> list[Point]:
    periods: dict[tuple[int, str], Distribution] = {}
    for minute, unit, found in values:
        at_ms = minute * MINUTE_MS
        if not query.start_ms <= at_ms < query.end_ms or query.unit not in (None, unit):
            continue
        period = (at_ms - query.start_ms) // query.period_ms
        whole = periods.setdefault((period, unit), Distribution())
        whole.merge(found)
    return [
        Point(query.start_ms + period * query.period_ms, unit, found)
        for (period, unit), found in sorted(periods.items(), key=lambda item: item[0])
    ]


class _Minutes:
    """Counts of functions, read once for all queries of a request."""

    def __init__(self, tx: Tx, place: Place, unwritten: Taken) -> None:
        self.tx = tx
        self.place = place
        self._unwritten = unwritten
        self._known: dict[tuple[str | None, int, int], list[tuple[int, Counts]]] = {}

    def between(self, scope: Scope, name: str, first: int, last: int) -> list[tuple[int, Counts]]:
        """Each minute's, of the function of a scope, or of all; some minutes may come in parts."""
        whole = scope.function is None and name in lambda_metrics.OF_PLACE
        function = "" if whole else scope.function
        first = max(first, SUM + 1)
        found = self._known.get((function, first, last))
        if found is None:
            found = self._known[function, first, last] = list(self._read(function, first, last))
        return found

    def _read(self, function: str | None, first: int, last: int) -> Iterator[tuple[int, Counts]]:
        place = self.place
        if function is None:
            stored = rows.of_place(self.tx, place, first, last)
        else:
            key = FunctionKey(place.account, place.region, function)
            stored = rows.of_function(self.tx, key, first, last)
        parts: dict[tuple[FunctionKey, int], list[Counts]] = {}
        for row in stored:
            parts.setdefault((row.key, row.minute), []).append(Counts.parse(row.counts))
        for (key, minute), counts in self._unwritten.items():
            here = (key.account, key.region) == (place.account, place.region)
            named = key.name == function if function is not None else key.name != ""
            if here and named and first <= minute <= last:
                parts.setdefault((key, minute), []).append(counts)
        return ((minute, merged(found)) for (_, minute), found in sorted(parts.items(), key=_by_minute))


def _by_minute(item: tuple[tuple[FunctionKey, int], list[Counts]]) -> int:
    return item[0][1]


# ------------------------------------------------------------------ which metrics there are


def listed(core: Core, unwritten: Taken, place: Place, *, recent: bool) -> list[Metric]:
    """Every metric that has values: of the last three hours if `recent`, else of all that is kept."""
    with core.database.reading() as tx:
        now = tx.now_ms // MINUTE_MS
        since = now - (_RECENT_MINUTES if recent else _KEPT_MINUTES)
        put = put_metrics.listed(tx, place, since)
        # What a function has counted ever says as much as all its minutes, of those that still have one.
        first, last = (since, now) if recent else (SUM, SUM)
        by_function: dict[str, list[Counts]] = {}
        for row in rows.of_place(tx, place, first, last):
            by_function.setdefault(row.key.name, []).append(Counts.parse(row.counts))
        live = None if recent else rows.names_since(tx, place, since)
    fresh = set()
    for (key, _), counts in unwritten.items():
        if (key.account, key.region) == (place.account, place.region) and key.name:
            by_function.setdefault(key.name, []).append(counts)
            fresh.add(key.name)
    found = [
        metric
        for name, counts in by_function.items()
        if live is None or name in live or name in fresh
        for metric in lambda_metrics.metrics_of(name, merged(counts))
    ]
    return sorted([*found, *_of_all(found), *put])


def _of_all(found: Sequence[Metric]) -> Iterator[Metric]:
    """The metrics without dimensions, of all functions together."""
    names = {metric.name for metric in found}
    if "ConcurrentExecutions" in names:
        names.add("UnreservedConcurrentExecutions")
    return (Metric(LAMBDA, name) for name in names)


# ------------------------------------------------------------------ putting


def put(core: Core, place: Place, data: Sequence[Datum]) -> None:
    """Add these values to what is stored; durable when this returns. Raises InvalidValue for other times."""
    wanted: dict[tuple[Metric, str, int], Distribution] = {}
    with core.database.transaction() as tx:
        for number, datum in enumerate(data, start=1):
            refuse_broken_text(datum.metric.namespace, datum.metric.name, *map(list, datum.metric.dimensions))
            at_ms = tx.now_ms if datum.at_ms is None else datum.at_ms
            if not tx.now_ms - _PAST_MS <= at_ms <= tx.now_ms + _FUTURE_MS:
                raise InvalidValue(
                    f"The parameter MetricData.member.{number}.Timestamp must specify a time no more than "
                    "two weeks in the past and no more than two hours in the future."
                )
            which = (datum.metric, datum.unit, at_ms // MINUTE_MS)
            wanted.setdefault(which, Distribution()).merge(datum.values)
        for (metric, unit, minute), values in wanted.items():
            stored = put_metrics.find(tx, place, metric, unit, minute)
            if stored is None:
                put_metrics.add(tx, place, metric, Put(minute, unit, _text(values)))
            else:
                values.merge(_parse(stored))
                put_metrics.replace(tx, place, metric, Put(minute, unit, _text(values)))
        put_metrics.prune(tx, tx.now_ms // MINUTE_MS - _KEPT_MINUTES)


def _text(values: Distribution) -> str:
    return json.dumps(values.document(), separators=(",", ":"))


def _parse(text: str) -> Distribution:
    return Distribution.read(json.loads(text))
