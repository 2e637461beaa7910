"""Rows of functions, and what the account holds in all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import delete as delete_from

from lamb.model.names import FunctionKey, Place
from lamb.store import event_tables, layers, schema
from lamb.store.database import Tx
from lamb.store.prepared import Prepared

_functions, _versions, _counters = schema.functions, schema.versions, schema.version_counters
_provisioned = event_tables.provisioned


class FunctionRow(NamedTuple):
    """What belongs to a function and to none of its versions."""

    id: int
    key: FunctionKey
    tags: Mapping[str, str]
    reserved_concurrency: int | None
    recursive_loop: str = "Terminate"
    """Or `Allow`."""


class Usage(NamedTuple):
    """What the functions of one account and region use together."""

    functions: int
    code_bytes: int
    """Every version counts its zip, as AWS does, and so does every version of a layer."""
    reserved_concurrency: int
    provisioned_concurrency: int
    """Of functions without reserved concurrency: that of the others is a part of what is reserved."""


def _is(table: Table) -> ColumnElement[bool]:
    """The row of one name, given as `_named` gives it."""
    names = ("account", "region", "name")
    return and_(*(table.c[name] == bindparam(f"wanted_{name}") for name in names))


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0)


_HERE = and_(_functions.c.account == bindparam("account"), _functions.c.region == bindparam("region"))
COLUMNS = (
    *(_functions.c[name] for name in ("id", "account", "region", "name")), cast(_functions.c.tags, String),
    _functions.c.reserved_concurrency, _functions.c.recursive_loop,
)  # fmt: skip
"""What `row` makes a FunctionRow of, in this order."""

# Built once: building a statement takes longer than SQLite does to carry it out.
_ALL = select(*COLUMNS)
_FIND = Prepared(_ALL.where(_is(_functions)))
_ADD = Prepared(
    insert(_functions).values({name: bindparam(name) for name in ("account", "region", "name", "tags")})
)
_LAST = Prepared(select(_counters.c.last).where(_is(_counters)))
_ADD_COUNTER = Prepared(insert(_counters))
_COUNT_ON = Prepared(update(_counters).where(_is(_counters)).values(last=bindparam("next")))
_COUNTED = select(func.count(), _sum(_functions.c.reserved_concurrency)).select_from(_functions).where(_HERE)
_CODE_BYTES = select(_sum(_versions.c.code_size)).join_from(_versions, _functions).where(_HERE)
_AHEAD = (
    select(_sum(_provisioned.c.requested))
    .join_from(_provisioned, _functions)
    .where(_HERE, _functions.c.reserved_concurrency.is_(None))
)


def find(tx: Tx, key: FunctionKey) -> FunctionRow | None:
    found = _FIND.one(tx, _named(key))
    return None if found is None else row(found)


def add(tx: Tx, key: FunctionKey, tags: Mapping[str, str]) -> FunctionRow:
    """A function without versions. Its name must be free."""
    values = {"account": key.account, "region": key.region, "name": key.name, "tags": json.dumps(dict(tags))}
    return FunctionRow(_ADD.add(tx, values), key, dict(tags), None)


def set_recursive_loop(tx: Tx, function_id: int, recursive_loop: str) -> None:
    this = _functions.c.id == function_id
    tx.connection.execute(update(_functions).where(this).values(recursive_loop=recursive_loop))


def set_tags(tx: Tx, function_id: int, tags: Mapping[str, str]) -> None:
    tx.connection.execute(update(_functions).where(_functions.c.id == function_id).values(tags=dict(tags)))


def set_reserved(tx: Tx, function_id: int, reserved: int | None) -> None:
    here = _functions.c.id == function_id
    tx.connection.execute(update(_functions).where(here).values(reserved_concurrency=reserved))


def with_concurrency(tx: Tx) -> list[FunctionRow]:
    """Those that have reserved or provisioned concurrency, of every account and region."""
    provisioned = exists().where(_provisioned.c.function_id == _functions.c.id)
    wanted = _ALL.where(_functions.c.reserved_concurrency.is_not(None) | provisioned)
    return [row(found) for found in tx.connection.execute(wanted)]


def delete(tx: Tx, function_id: int) -> None:
    """With its versions, variables and aliases; the counter of its versions stays."""
    tx.connection.execute(delete_from(_functions).where(_functions.c.id == function_id))


def next_number(tx: Tx, key: FunctionKey, last: int | None = None) -> int:
    """The next version number of this name, used by nobody before; `last`: where `last_number` is known."""
    number = (last_number(tx, key) if last is None else last) + 1
    if number == 1:
        values = {"account": key.account, "region": key.region, "name": key.name, "last": number}
        _ADD_COUNTER.run(tx, [values])
    else:
        _COUNT_ON.run(tx, [{**_named(key), "next": number}])
    return number


def last_number(tx: Tx, key: FunctionKey) -> int:
    """The version number given last, 0 for none."""
    found = _LAST.one(tx, _named(key))
    return found[0] if found else 0


def keys(tx: Tx, place: Place) -> list[FunctionKey]:
    """Of all functions of an account and region."""
    here = (_functions.c.account == place.account, _functions.c.region == place.region)
    names = tx.connection.execute(select(_functions.c.name).where(*here)).scalars()
    return [FunctionKey(place.account, place.region, name) for name in names]


def usage(tx: Tx, place: Place) -> Usage:
    here = {"account": place.account, "region": place.region}
    functions, reserved = tx.connection.execute(_COUNTED, here).one()
    ahead = int(tx.connection.execute(_AHEAD, here).scalar_one())
    return Usage(functions, code_bytes(tx, place), reserved, ahead)


def code_bytes(tx: Tx, place: Place) -> int:
    """The zips of all versions, of functions and of layers. Looks at every one of them."""
    here = {"account": place.account, "region": place.region}
    return int(tx.connection.execute(_CODE_BYTES, here).scalar_one()) + layers.code_bytes(tx, place)


def row(found: Sequence[Any]) -> FunctionRow:
    """What was found in COLUMNS."""
    function_id, account, region, name, tags, reserved, loop = found
    key = FunctionKey(account, region, name)
    return FunctionRow(function_id, key, json.loads(tags), reserved, loop or "Terminate")


def _named(key: FunctionKey) -> dict[str, str]:
    return {"wanted_account": key.account, "wanted_region": key.region, "wanted_name": key.name}
