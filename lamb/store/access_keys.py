"""Rows of access keys: who may sign requests as the owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.credentials import AccessKey
from lamb.store.access_tables import access_keys as _keys
from lamb.store.database import Tx


class Stored(NamedTuple):
    """A key, and its secret as it is sealed."""

    key: AccessKey
    sealed: bytes


def add(tx: Tx, key: AccessKey, sealed: bytes) -> None:
    tx.connection.execute(
        insert(_keys).values(
            id=key.key_id,
            account=key.account,
            description=key.description,
            is_default=key.is_default,
            created_ms=key.created_ms,
            sealed=sealed,
        )
    )


def find(tx: Tx, key_id: str) -> Stored | None:
    return _one(tx.connection.execute(select(_keys).where(_keys.c.id == key_id)).one_or_none())


def default(tx: Tx) -> Stored | None:
    """The home's own."""
    wanted = select(_keys).where(_keys.c.is_default).order_by(_keys.c.created_ms, _keys.c.id).limit(1)
    return _one(tx.connection.execute(wanted).one_or_none())


def everything(tx: Tx) -> list[Stored]:
    """In the order in which they were made."""
    rows = tx.connection.execute(select(_keys).order_by(_keys.c.created_ms, _keys.c.id))
    return [_stored(row) for row in rows]


def seal_anew(tx: Tx, sealed: Mapping[str, bytes]) -> None:
    """The same secrets in other bytes, by the ids of their keys."""
    for key_id, data in sealed.items():
        tx.connection.execute(update(_keys).where(_keys.c.id == key_id).values(sealed=data))


def delete(tx: Tx, key_id: str) -> bool:
    """Whether there was one."""
    return tx.connection.execute(delete_from(_keys).where(_keys.c.id == key_id)).rowcount > 0


def _one(row: Row[Any] | None) -> Stored | None:
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        AccessKey(row.id, row.account, row.description, row.created_ms, bool(row.is_default)), row.sealed
    )
