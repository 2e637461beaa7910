"""Rows of queues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.names import Place
from lamb.model.queue import Queue, QueueKey
from lamb.store.database import Tx
from lamb.store.queue_tables import queues as _queues

# Built once: Core takes several times as long to put a statement together as SQLite to carry it out.
_ONE = select(_queues).where(*(_queues.c[name] == bindparam(name) for name in ("account", "region", "name")))


def find(tx: Tx, key: QueueKey) -> Queue | None:
    wanted = {"account": key.account, "region": key.region, "name": key.name}
    found = tx.connection.execute(_ONE, wanted).one_or_none()
    return None if found is None else _queue(found)


def add(tx: Tx, key: QueueKey, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
    """Its name must be free."""
    values = {
        "account": key.account,
        "region": key.region,
        "name": key.name,
        "attributes": dict(attributes),
        "tags": dict(tags),
        "created_ms": tx.now_ms,
        "modified_ms": tx.now_ms,
    }
    done = tx.connection.execute(insert(_queues).values(values))
    made: int = done.inserted_primary_key[0]  # type: ignore[index]
    return Queue(made, key, dict(attributes), dict(tags), tx.now_ms, tx.now_ms)


def set_attributes(tx: Tx, queue_id: int, attributes: Mapping[str, str]) -> None:
    _update(tx, queue_id, attributes=dict(attributes), modified_ms=tx.now_ms)


def set_tags(tx: Tx, queue_id: int, tags: Mapping[str, str]) -> None:
    _update(tx, queue_id, tags=dict(tags))


def set_purged(tx: Tx, queue_id: int) -> None:
    """It is purged now."""
    _update(tx, queue_id, purged_ms=tx.now_ms)


def delete(tx: Tx, queue_id: int) -> None:
    """With its messages."""
    tx.connection.execute(delete_from(_queues).where(_queues.c.id == queue_id))


def page(tx: Tx, place: Place, after: str, limit: int, *, prefix: str = "") -> list[Queue]:
    """At most `limit` queues, by name, whose names come after `after` and begin with `prefix`."""
    wanted = select(_queues).where(*_in(place), _queues.c.name > after)
    if prefix:
        # Names are ASCII: nothing that begins with the prefix comes after this.
        wanted = wanted.where(_queues.c.name >= prefix, _queues.c.name < f"{prefix}\x7f")
    rows = tx.connection.execute(wanted.order_by(_queues.c.name).limit(limit))
    return [_queue(row) for row in rows]


def sources_of(tx: Tx, key: QueueKey) -> Iterator[Queue]:
    """The queues, by name, whose redrive policies name this one."""
    wanted = select(_queues).where(*_in(Place(key.account, key.region))).order_by(_queues.c.name)
    for row in tx.connection.execute(wanted):
        queue = _queue(row)
        if queue.redrive is not None and queue.redrive.target_arn == key.arn:
            yield queue


def _in(place: Place) -> tuple[Any, ...]:
    return (_queues.c.account == place.account, _queues.c.region == place.region)


def _update(tx: Tx, queue_id: int, **values: Any) -> None:
    tx.connection.execute(update(_queues).where(_queues.c.id == queue_id).values(values))


def _queue(row: Row[Any]) -> Queue:
    key = QueueKey(row.account, row.region, row.name)
    return Queue(row.id, key, row.attributes, row.tags, row.created_ms, row.modified_ms, row.purged_ms)
