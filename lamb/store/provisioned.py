"""Rows of provisioned concurrency: how many environments a version or an alias keeps ready."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.store import event_tables
from lamb.store.database import Tx

_provisioned = event_tables.provisioned


class Provision(NamedTuple):
    """What was asked for."""

    qualifier: str
    """A version's number or an alias's name."""
    requested: int
    last_modified_ms: int


def find(tx: Tx, function_id: int, qualifier: str) -> Provision | None:
    found = tx.connection.execute(select(_provisioned).where(*_is(function_id, qualifier))).one_or_none()
    return None if found is None else _provision(found)


def of(tx: Tx, function_id: int) -> list[Provision]:
    """All of one function, by qualifier."""
    here = _provisioned.c.function_id == function_id
    rows = tx.connection.execute(select(_provisioned).where(here).order_by(_provisioned.c.qualifier))
    return [_provision(row) for row in rows]


def put(tx: Tx, function_id: int, provision: Provision) -> None:
    """Set what a qualifier has, in place of what it had."""
    values = {"requested": provision.requested, "last_modified_ms": provision.last_modified_ms}
    here = _is(function_id, provision.qualifier)
    if not tx.connection.execute(update(_provisioned).where(*here).values(values)).rowcount:
        tx.connection.execute(
            insert(_provisioned).values(function_id=function_id, qualifier=provision.qualifier, **values)
        )


def delete(tx: Tx, function_id: int, qualifier: str) -> None:
    """One that is not there is no error."""
    tx.connection.execute(delete_from(_provisioned).where(*_is(function_id, qualifier)))


def _is(function_id: int, qualifier: str) -> tuple[Any, ...]:
    return (_provisioned.c.function_id == function_id, _provisioned.c.qualifier == qualifier)


def _provision(row: Row[Any]) -> Provision:
    return Provision(row.qualifier, row.requested, row.last_modified_ms)
