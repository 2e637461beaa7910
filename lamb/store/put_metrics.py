"""Rows of metrics that were put: one for each metric, unit and minute. A text goes in, and comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete as delete_from
from sqlalchemy import insert, select, update

from lamb.model.metric import Metric
from lamb.model.names import Place
from lamb.store.database import Tx
from lamb.store.telemetry_tables import put_metrics as _metrics


class Put(NamedTuple):
    minute: int
    """Since the epoch."""
    unit: str
    counts: str


def find(tx: Tx, place: Place, metric: Metric, unit: str, minute: int) -> str | None:
    wanted = select(_metrics.c.counts).where(*_is(place, metric), *_at(unit, minute))
    return tx.connection.execute(wanted).scalar_one_or_none()


def add(tx: Tx, place: Place, metric: Metric, put: Put) -> None:
    """A row that is not there yet."""
    values = {"account": place.account, "region": place.region, "dimensions": _text(metric.dimensions)}
    tx.connection.execute(
        insert(_metrics).values(**values, namespace=metric.namespace, name=metric.name, **put._asdict())
    )


def replace(tx: Tx, place: Place, metric: Metric, put: Put) -> None:
    changed = update(_metrics).where(*_is(place, metric), *_at(put.unit, put.minute))
    tx.connection.execute(changed.values(counts=put.counts))


def of_metric(tx: Tx, place: Place, metric: Metric, first: int, last: int) -> Iterator[Put]:
    """The minutes from `first` to `last`, both included, in order."""
    columns = select(_metrics.c.minute, _metrics.c.unit, _metrics.c.counts)
    wanted = columns.where(*_is(place, metric), _metrics.c.minute.between(first, last))
    return (Put(*row) for row in tx.connection.execute(wanted.order_by(_metrics.c.minute)))


def listed(tx: Tx, place: Place, since: int) -> list[Metric]:
    """Every metric that has a value in that minute or later."""
    columns = select(_metrics.c.namespace, _metrics.c.name, _metrics.c.dimensions).distinct()
    wanted = columns.where(*_in(place), _metrics.c.minute >= since)
    return [
        Metric(row.namespace, row.name, tuple((key, value) for key, value in json.loads(row.dimensions)))
        for row in tx.connection.execute(wanted)
    ]


def prune(tx: Tx, before: int) -> None:
    """Drop the minutes before that one."""
    tx.connection.execute(delete_from(_metrics).where(_metrics.c.minute < before))


def _in(place: Place) -> tuple[Any, ...]:
    return (_metrics.c.account == place.account, _metrics.c.region == place.region)


def _is(place: Place, metric: Metric) -> tuple[Any, ...]:
    return (
        *_in(place),
        _metrics.c.namespace == metric.namespace,
        _metrics.c.name == metric.name,
        _metrics.c.dimensions == _text(metric.dimensions),
    )


def _at(unit: str, minute: int) -> tuple[Any, ...]:
    return (_metrics.c.unit == unit, _metrics.c.minute == minute)


def _text(dimensions: Sequence[tuple[str, str]]) -> str:
    return json.dumps([list(each) for each in dimensions], separators=(",", ":"))
