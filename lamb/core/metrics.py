"""What was counted: written to the store minute by minute, and read from there and from memory together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lamb.core import functions
from lamb.core.context import Core
from lamb.logs.counts import Counts, merged
from lamb.logs.metrics import MINUTE_MS, Taken
from lamb.model.limits import METRICS_KEPT_DAYS
from lamb.model.names import FunctionKey, Place, Reference
from lamb.store import functions as function_rows
from lamb.store import metrics as rows
from lamb.store.database import Tx
from lamb.store.metrics import SUM, Row

_KEPT_MINUTES = METRICS_KEPT_DAYS * 24 * 60


class Span(NamedTuple):
    """Which minutes are wanted, up to the present one; `since_ms` goes before `last_ms`."""

    since_ms: int | None = None
    """From this time of the home on, in milliseconds since the epoch."""
    last_ms: int = 60 * MINUTE_MS
    """So long until now."""
    points: int = 60
    """Into at most so many parts of whole minutes the time is cut."""


class Measured(NamedTuple):
    """What was counted of one function in a span of time, and in each of its parts."""

    reference: Reference
    start_ms: int
    end_ms: int
    period_ms: int
    """Of one part; the last one may be shorter."""
    total: Counts
    points: tuple[Counts, ...]


def write(core: Core, taken: Taken) -> None:
    """Add this to what is stored, all or nothing, and drop what is too old. Raises HomeUnusable."""
    by_function: dict[FunctionKey, dict[int, Counts]] = {}
    for (key, minute), counts in taken.items():
        by_function.setdefault(key, {})[minute] = counts
    with core.database.transaction() as tx:
        for key, minutes in by_function.items():
            for minute, counts in (*minutes.items(), (SUM, merged(minutes.values()))):
                _add(tx, key, minute, counts)
        rows.prune(tx, tx.now_ms // MINUTE_MS - _KEPT_MINUTES)


def _add(tx: Tx, key: FunctionKey, minute: int, counts: Counts) -> None:
    stored = rows.find(tx, key, minute)
    if stored is None:
        rows.add(tx, Row(key, minute, counts.text()))
    else:
        rows.replace(tx, Row(key, minute, merged((Counts.parse(stored), counts)).text()))


def of_function(core: Core, unwritten: Taken, ref: Reference, span: Span) -> Measured:
    """`unwritten`: what was counted and is not in the store. A qualifier picks what was invoked by it.

    Raises ResourceNotFound for what does not exist and was not counted: counts outlive their function.
    """
    with core.database.reading() as tx:
        frame = _Frame.of(span, tx.now_ms)
        minutes = _Minutes(rows.of_function(tx, ref.key, *frame.ends))
    minutes.add(unwritten)
    counted = minutes.of.get(ref.key, {})
    measured = frame.cut(ref, counted)
    if not (counted if ref.qualifier is None else measured.total.runs):
        functions.get(core, ref)
    return measured


def of_all(core: Core, unwritten: Taken, place: Place, span: Span) -> list[Measured]:
    """The same of every function that exists or was counted in that time, by name."""
    with core.database.reading() as tx:
        frame = _Frame.of(span, tx.now_ms)
        minutes = _Minutes(rows.of_place(tx, place, *frame.ends))
        keys = set(function_rows.keys(tx, place))
    minutes.add({which: counts for which, counts in unwritten.items() if _in(place, which[0])})
    keys.update(minutes.of)
    return [
        frame.cut(Reference(key), minutes.of.get(key, {})) for key in sorted(keys, key=lambda key: key.name)
    ]


def totals(core: Core, unwritten: Taken, place: Place) -> Mapping[FunctionKey, Counts]:
    """All that was ever counted, by name: it only grows, over flushes, restarts and what is pruned."""
    with core.database.reading() as tx:
        found = {row.key: Counts.parse(row.counts) for row in rows.of_place(tx, place, SUM, SUM)}
    for (key, _), counts in unwritten.items():
        if _in(place, key):
            found.setdefault(key, Counts()).merge(counts)
    return dict(sorted(found.items(), key=lambda item: item[0].name))


def _in(place: Place, key: FunctionKey) -> bool:
    """A function of that place; not the nameless one, which stands for all of them."""
    return key.name != "" and (key.account, key.region) == (place.account, place.region)


class _Minutes:
    """Counts of functions, minute by minute."""

    def __init__(self, stored: Iterable[Row]) -> None:
        self.of: dict[FunctionKey, dict[int, Counts]] = {}
        for row in stored:
            self.of.setdefault(row.key, {})[row.minute] = Counts.parse(row.counts)

    def add(self, more: Taken) -> None:
        for (key, minute), counts in more.items():
            minutes = self.of.setdefault(key, {})
            minutes[minute] = merged((minutes[minute], counts)) if minute in minutes else counts


class _Frame(NamedTuple):
    """The minutes of a span, cut into parts."""

    first: int
    last: int
    period: int

    @classmethod
    def of(cls, span: Span, now_ms: int) -> _Frame:
        last = now_ms // MINUTE_MS
        if span.since_ms is None:
            first = last + 1 - max(1, -(-span.last_ms // MINUTE_MS))
        else:
            first = span.since_ms // MINUTE_MS
        first = max(min(first, last), last + 1 - _KEPT_MINUTES, SUM + 1)
        return cls(first, last, -(-(last + 1 - first) // span.points))

    @property
    def ends(self) -> tuple[int, int]:
        return self.first, self.last

    def cut(self, ref: Reference, minutes: Mapping[int, Counts]) -> Measured:
        parts: list[list[Counts]] = [[] for _ in range(self.first, self.last + 1, self.period)]
        for minute, counts in minutes.items():
            if self.first <= minute <= self.last:
                part = counts if ref.qualifier is None else counts.only(ref.qualifier)
                parts[(minute - self.first) // self.period].append(part)
        points = tuple(map(merged, parts))
        return Measured(
            reference=ref,
            start_ms=self.first * MINUTE_MS,
            end_ms=(self.last + 1) * MINUTE_MS,
            period_ms=self.period * MINUTE_MS,
            total=merged(points),
            points=points,
        )
