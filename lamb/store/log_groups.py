"""Rows of log groups, and of the streams in them that somebody made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.names import Place
from lamb.store import telemetry_tables
from lamb.store.database import Tx

_groups, _streams = telemetry_tables.log_groups, telemetry_tables.log_streams


class GroupRow(NamedTuple):
    """A log group as it is stored."""

    id: int
    place: Place
    name: str
    created_ms: int
    retention_days: int | None
    tags: Mapping[str, str]
    settings: Mapping[str, Any]
    """Class, key and the like, in AWS's names."""


def find(tx: Tx, place: Place, name: str) -> GroupRow | None:
    found = tx.connection.execute(select(_groups).where(*_in(place), _groups.c.name == name)).one_or_none()
    return None if found is None else _row(found)


def named(tx: Tx, place: Place, names: Sequence[str]) -> dict[str, GroupRow]:
    """Those of `names` that have a row."""
    found = tx.connection.execute(select(_groups).where(*_in(place), _groups.c.name.in_(names)))
    return {row.name: _row(row) for row in found}


def names(tx: Tx, place: Place) -> set[str]:
    return set(tx.connection.execute(select(_groups.c.name).where(*_in(place))).scalars())


def retained(tx: Tx) -> list[GroupRow]:
    """Those of all places whose entries do not stay for ever."""
    return [_row(row) for row in tx.connection.execute(select(_groups).where(_groups.c.retention_days > 0))]


def add(
    tx: Tx, place: Place, name: str, created_ms: int, tags: Mapping[str, str], settings: Mapping[str, Any]
) -> GroupRow:
    """The name must be free."""
    values = {"account": place.account, "region": place.region, "name": name, "created_ms": created_ms}
    done = tx.connection.execute(insert(_groups).values(**values, tags=dict(tags), settings=dict(settings)))
    added = int(done.inserted_primary_key[0])  # type: ignore[index]
    return GroupRow(added, place, name, created_ms, None, tags, settings)


def change(tx: Tx, group_id: int, **values: Any) -> None:
    """`retention_days`, `tags`, `settings`."""
    tx.connection.execute(update(_groups).where(_groups.c.id == group_id).values(**values))


def delete(tx: Tx, place: Place, name: str) -> None:
    """With its streams. One that is not there is no error."""
    tx.connection.execute(delete_from(_groups).where(*_in(place), _groups.c.name == name))


# ------------------------------------------------------------------ streams


def streams(tx: Tx, group_id: int) -> dict[str, int]:
    """Name → when it was made."""
    found = tx.connection.execute(select(_streams).where(_streams.c.group_id == group_id))
    return {row.name: row.created_ms for row in found}


def has_stream(tx: Tx, group_id: int, name: str) -> bool:
    wanted = select(_streams.c.name).where(_streams.c.group_id == group_id, _streams.c.name == name)
    return tx.connection.execute(wanted).one_or_none() is not None


def add_stream(tx: Tx, group_id: int, name: str, created_ms: int) -> None:
    tx.connection.execute(insert(_streams).values(group_id=group_id, name=name, created_ms=created_ms))


def delete_stream(tx: Tx, group_id: int, name: str) -> bool:
    """Whether it was there."""
    gone = delete_from(_streams).where(_streams.c.group_id == group_id, _streams.c.name == name)
    return bool(tx.connection.execute(gone).rowcount)


def _in(place: Place) -> tuple[Any, ...]:
    return (_groups.c.account == place.account, _groups.c.region == place.region)


def _row(found: Row[Any]) -> GroupRow:
    return GroupRow(
        found.id,
        Place(found.account, found.region),
        found.name,
        found.created_ms,
        found.retention_days,
        found.tags,
        found.settings,
    )
