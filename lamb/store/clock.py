"""The row that says how a home's time goes."""

from __future__ import annotations

from sqlalchemy import delete as delete_from
from sqlalchemy import insert, select

from lamb.model.clock import Course
from lamb.store.database import Tx
from lamb.store.event_tables import clock as _clock


def load(tx: Tx) -> Course | None:
    """None where nobody ever set it."""
    row = tx.connection.execute(select(_clock)).one_or_none()
    return None if row is None else Course(row.from_ms, row.at_ms, row.scale)


def save(tx: Tx, course: Course) -> None:
    tx.connection.execute(delete_from(_clock))
    tx.connection.execute(
        insert(_clock).values(id=1, from_ms=course.from_ms, at_ms=course.at_ms, scale=course.scale)
    )
