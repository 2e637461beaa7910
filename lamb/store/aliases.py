"""Rows of aliases, and where each of them pointed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy import delete as delete_from

from lamb.model.function import Alias
from lamb.model.names import LATEST, FunctionKey
from lamb.store import schema
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow

_aliases, _history = schema.aliases, schema.alias_history


class Past(NamedTuple):
    """Where an alias once pointed; the versions may be gone since."""

    id: int
    version: str
    additional: Mapping[str, float]


def find(tx: Tx, function: FunctionRow, name: str) -> Alias | None:
    wanted = select(_aliases).where(*_is(function.id, name))
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else _alias(function.key, found)


def page(tx: Tx, function: FunctionRow, after: str, limit: int, *, version: int | None = None) -> list[Alias]:
    """At most `limit` aliases whose names come after `after`; only those whose primary is `version`."""
    wanted = select(_aliases).where(_aliases.c.function_id == function.id, _aliases.c.name > after)
    if version is not None:
        wanted = wanted.where(_aliases.c.version == version)
    rows = tx.connection.execute(wanted.order_by(_aliases.c.name).limit(limit))
    return [_alias(function.key, row) for row in rows]


def names_of(tx: Tx, function_id: int, number: int) -> list[str]:
    """The aliases that point at a version, as primary or additional."""
    points = or_(_aliases.c.version == number, _aliases.c.additional_version == number)
    wanted = select(_aliases.c.name).where(_aliases.c.function_id == function_id, points)
    return list(tx.connection.execute(wanted.order_by(_aliases.c.name)).scalars())


def add(tx: Tx, function_id: int, alias: Alias) -> None:
    tx.connection.execute(
        insert(_aliases).values(function_id=function_id, name=alias.name, **_columns(alias))
    )


def replace(tx: Tx, function_id: int, alias: Alias) -> None:
    tx.connection.execute(update(_aliases).where(*_is(function_id, alias.name)).values(**_columns(alias)))


def delete(tx: Tx, function_id: int, name: str) -> None:
    """With its history. One that is not there is no error."""
    tx.connection.execute(delete_from(_aliases).where(*_is(function_id, name)))


def remember(tx: Tx, function_id: int, alias: Alias) -> None:
    """Where the alias points now becomes the newest step of its history."""
    tx.connection.execute(
        insert(_history).values(function_id=function_id, alias=alias.name, **_target(alias))
    )


def history(tx: Tx, function_id: int, name: str) -> list[Past]:
    """Newest first."""
    here = (_history.c.function_id == function_id, _history.c.alias == name)
    rows = tx.connection.execute(select(_history).where(*here).order_by(_history.c.id.desc()))
    return [Past(row.id, _label(row.version), _additional(row)) for row in rows]


def forget_since(tx: Tx, function_id: int, name: str, step: Past) -> None:
    """This step and all newer ones never happened."""
    here = (_history.c.function_id == function_id, _history.c.alias == name, _history.c.id >= step.id)
    tx.connection.execute(delete_from(_history).where(*here))


def _is(function_id: int, name: str) -> tuple[Any, ...]:
    return (_aliases.c.function_id == function_id, _aliases.c.name == name)


def _columns(alias: Alias) -> dict[str, Any]:
    return {"description": alias.description, "revision_id": alias.revision_id, **_target(alias)}


def _target(alias: Alias) -> dict[str, Any]:
    additional, weight = next(iter(alias.additional.items()), (None, None))
    return {
        "version": 0 if alias.version == LATEST else int(alias.version),
        "additional_version": None if additional is None else int(additional),
        "weight": weight,
    }


def _alias(key: FunctionKey, row: Row[Any]) -> Alias:
    return Alias(key, row.name, _label(row.version), row.description, row.revision_id, _additional(row))


def _label(number: int) -> str:
    return LATEST if number == 0 else str(number)


def _additional(row: Row[Any]) -> dict[str, float]:
    return {} if row.additional_version is None else {str(row.additional_version): row.weight}
