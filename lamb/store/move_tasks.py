"""Rows of message move tasks."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, update

from lamb.store.database import Tx
from lamb.store.queue_tables import move_tasks as _tasks

RUNNING, COMPLETED, CANCELLED, FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"


class MoveTask(NamedTuple):
    """Messages on their way from a dead-letter queue."""

    id: int
    queue_id: int
    """The dead-letter queue."""
    handle: str
    destination_arn: str | None
    """None: each message goes back where it came from."""
    rate: int | None
    """Messages a second; None: as fast as it goes."""
    status: str
    started_ms: int
    to_move: int
    moved: int
    failure: str | None


def add(tx: Tx, task: MoveTask) -> MoveTask:
    """With the id that it gets here."""
    values = {name: getattr(task, name) for name in MoveTask._fields if name != "id"}
    done = tx.connection.execute(insert(_tasks).values(values))
    return MoveTask(id=done.inserted_primary_key[0], **values)  # type: ignore[index]


def find(tx: Tx, task_id: int) -> MoveTask | None:
    found = tx.connection.execute(select(_tasks).where(_tasks.c.id == task_id)).one_or_none()
    return None if found is None else _task(found)


def by_handle(tx: Tx, handle: str) -> MoveTask | None:
    found = tx.connection.execute(select(_tasks).where(_tasks.c.handle == handle)).one_or_none()
    return None if found is None else _task(found)


def of_queue(tx: Tx, queue_id: int, limit: int) -> list[MoveTask]:
    """Newest first."""
    wanted = select(_tasks).where(_tasks.c.queue_id == queue_id).order_by(_tasks.c.id.desc()).limit(limit)
    return [_task(row) for row in tx.connection.execute(wanted)]


def running(tx: Tx) -> list[MoveTask]:
    return [_task(row) for row in tx.connection.execute(select(_tasks).where(_tasks.c.status == RUNNING))]


def change(tx: Tx, task_id: int, **values: Any) -> None:
    tx.connection.execute(update(_tasks).where(_tasks.c.id == task_id).values(values))


def _task(row: Row[Any]) -> MoveTask:
    return MoveTask(**row._mapping)  # noqa: SLF001 - the columns are the fields
