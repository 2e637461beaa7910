"""Rows of what was counted: one for each function and minute, and one with the sum of all its minutes.

What stands in `counts` is not read here: a text goes in, and comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.names import FunctionKey, Place
from lamb.store import schema
from lamb.store.database import Tx
from lamb.store.event_tables import metrics

SUM = 0
"""The minute that has the sum of all. A home of 1970 would lose its first minute."""


class Row(NamedTuple):
    key: FunctionKey
    minute: int
    """Since the epoch, or SUM."""
    counts: str


_ONE = tuple(metrics.c[name] == bindparam(f"the_{name}") for name in ("account", "region", "name", "minute"))
_FIND = select(metrics.c.counts).where(*_ONE)
_ADD = insert(metrics)
_REPLACE = update(metrics).where(*_ONE).values(counts=bindparam("new_counts"))
_functions, _kept = schema.functions, metrics.alias("kept")
# Sums of functions that are gone, of which no minute is left.
_DROP_GONE = delete_from(metrics).where(
    metrics.c.minute == SUM,
    *(
        ~exists().where(*(table.c[name] == metrics.c[name] for name in ("account", "region", "name")), *more)
        for table, more in ((_functions, ()), (_kept, (_kept.c.minute > SUM,)))
    ),
)


def find(tx: Tx, key: FunctionKey, minute: int) -> str | None:
    return tx.connection.execute(_FIND, _named(key, minute)).scalar_one_or_none()


def add(tx: Tx, row: Row) -> None:
    """A row that is not there yet."""
    key = row.key
    values = {"account": key.account, "region": key.region, "name": key.name, "minute": row.minute}
    tx.connection.execute(_ADD, {**values, "counts": row.counts})


def replace(tx: Tx, row: Row) -> None:
    tx.connection.execute(_REPLACE, {**_named(row.key, row.minute), "new_counts": row.counts})


def of_function(tx: Tx, key: FunctionKey, first: int, last: int) -> Iterator[Row]:
    """The minutes from `first` to `last`, both included, in order."""
    here = (metrics.c.account == key.account, metrics.c.region == key.region, metrics.c.name == key.name)
    wanted = select(metrics).where(*here, metrics.c.minute.between(first, last)).order_by(metrics.c.minute)
    return map(_row, tx.connection.execute(wanted))


def of_place(tx: Tx, place: Place, first: int, last: int) -> Iterator[Row]:
    """The same of all functions of an account and region, by name. `first` and `last` may be SUM.

    Not of the function without a name, which stands for all of them.
    """
    here = (metrics.c.account == place.account, metrics.c.region == place.region, metrics.c.name != "")
    wanted = select(metrics).where(*here, metrics.c.minute.between(first, last))
    return map(_row, tx.connection.execute(wanted.order_by(metrics.c.name, metrics.c.minute)))


def names_since(tx: Tx, place: Place, minute: int) -> set[str]:
    """Functions of an account and region for which anything was counted since then."""
    here = (metrics.c.account == place.account, metrics.c.region == place.region)
    wanted = select(metrics.c.name).distinct().where(*here, metrics.c.minute >= minute)
    return set(tx.connection.execute(wanted).scalars())


def prune(tx: Tx, before: int) -> None:
    """Drop the minutes before that one, and the sum of a function that is gone with its last minute."""
    old = (metrics.c.minute > SUM, metrics.c.minute < before)
    dropped = tx.connection.execute(delete_from(metrics).where(*old)).rowcount
    if dropped:
        tx.connection.execute(_DROP_GONE)


def _named(key: FunctionKey, minute: int) -> dict[str, Any]:
    return {"the_account": key.account, "the_region": key.region, "the_name": key.name, "the_minute": minute}


def _row(found: Any) -> Row:
    return Row(FunctionKey(found.account, found.region, found.name), found.minute, found.counts)
