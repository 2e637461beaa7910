"""Rows of KMS: keys with their sealed material, and aliases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlalchemy import delete as delete_from

from lamb.model.kms import Key, KeyAlias
from lamb.model.names import Place
from lamb.store import kms_tables
from lamb.store.database import Tx

_keys, _aliases = kms_tables.keys, kms_tables.aliases


class KeyRow(NamedTuple):
    """A key as it is stored."""

    key: Key
    material: bytes
    """Sealed, bound to the ARN of the key."""


def find(tx: Tx, place: Place, key_id: str) -> KeyRow | None:
    """A key whose time has come is not found."""
    wanted = select(_keys).where(_keys.c.id == key_id, *_there(tx, place))
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else _row(found)


def page(tx: Tx, place: Place, after: str, limit: int) -> list[Key]:
    """At most `limit` keys whose ids come after `after`."""
    wanted = select(_keys).where(_keys.c.id > after, *_there(tx, place)).order_by(_keys.c.id).limit(limit)
    return [_row(row).key for row in tx.connection.execute(wanted)]


def everything(tx: Tx) -> list[KeyRow]:
    """The keys of all accounts and regions."""
    return [_row(row) for row in tx.connection.execute(select(_keys).order_by(_keys.c.id))]


def add(tx: Tx, row: KeyRow) -> None:
    """Those whose time has come go for good, too."""
    tx.connection.execute(delete_from(_keys).where(_keys.c.deletion_ms <= tx.now_ms))
    key = row.key
    tx.connection.execute(
        insert(_keys).values(
            id=key.id,
            account=key.account,
            region=key.region,
            description=key.description,
            state=key.state,
            deletion_ms=key.deletion_ms,
            rotation_days=key.rotation_days,
            policy=key.policy,
            tags=dict(key.tags),
            manager=key.manager,
            created_ms=key.created_ms,
            material=row.material,
        )
    )


def change(tx: Tx, key_id: str, **values: Any) -> None:
    """`description`, `state`, `deletion_ms`, `rotation_days`, `policy` or `tags`."""
    tx.connection.execute(update(_keys).where(_keys.c.id == key_id).values(**values))


def seal_anew(tx: Tx, materials: Iterable[tuple[str, bytes]]) -> None:
    """The same materials in other bytes, by the ids of their keys."""
    changes = [{"wanted": key_id, "bytes": material} for key_id, material in materials]
    if changes:
        changed = update(_keys).where(_keys.c.id == bindparam("wanted"))
        tx.connection.execute(changed.values(material=bindparam("bytes")), changes)


# ------------------------------------------------------------------ aliases


def find_alias(tx: Tx, place: Place, name: str) -> KeyAlias | None:
    found = tx.connection.execute(select(_aliases).where(*_named(place, name))).one_or_none()
    return None if found is None else _alias(found)


def aliases(tx: Tx, place: Place) -> list[KeyAlias]:
    """By name."""
    here = (_aliases.c.account == place.account, _aliases.c.region == place.region)
    wanted = select(_aliases).where(*here).order_by(_aliases.c.name)
    return [_alias(row) for row in tx.connection.execute(wanted)]


def add_alias(tx: Tx, place: Place, name: str, key_id: str) -> None:
    """The name must be free."""
    where = {"account": place.account, "region": place.region, "name": name}
    times = {"created_ms": tx.now_ms, "updated_ms": tx.now_ms}
    tx.connection.execute(insert(_aliases).values(**where, key_id=key_id, **times))


def point_alias(tx: Tx, place: Place, name: str, key_id: str) -> None:
    changed = update(_aliases).where(*_named(place, name))
    tx.connection.execute(changed.values(key_id=key_id, updated_ms=tx.now_ms))


def delete_alias(tx: Tx, place: Place, name: str) -> None:
    tx.connection.execute(delete_from(_aliases).where(*_named(place, name)))


def _there(tx: Tx, place: Place) -> tuple[Any, ...]:
    return (
        _keys.c.account == place.account,
        _keys.c.region == place.region,
        or_(_keys.c.deletion_ms.is_(None), _keys.c.deletion_ms > tx.now_ms),
    )


def _named(place: Place, name: str) -> tuple[Any, ...]:
    return (
        _aliases.c.account == place.account,
        _aliases.c.region == place.region,
        _aliases.c.name == name,
    )


def _row(found: Row[Any]) -> KeyRow:
    key = Key(
        account=found.account,
        region=found.region,
        id=found.id,
        description=found.description,
        state=found.state,
        deletion_ms=found.deletion_ms,
        rotation_days=found.rotation_days,
        policy=found.policy,
        tags=found.tags,
        manager=found.manager,
        created_ms=found.created_ms,
    )
    return KeyRow(key, found.material)


def _alias(found: Row[Any]) -> KeyAlias:
    return KeyAlias(found.account, found.region, found.name, found.key_id, found.created_ms, found.updated_ms)
