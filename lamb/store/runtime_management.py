"""Rows of runtime management: when `$LATEST` or a version gets another runtime version."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import insert, select

from lamb.model.requests import RuntimeManagement
from lamb.store.attachment_tables import runtime_management as _management
from lamb.store.database import Tx


def find(tx: Tx, function_id: int, qualifier: str) -> RuntimeManagement | None:
    wanted = select(_management).where(*_is(function_id, qualifier))
    row = tx.connection.execute(wanted).one_or_none()
    return None if row is None else RuntimeManagement(row.update_on, row.runtime_version_arn)


def put(tx: Tx, function_id: int, qualifier: str, wanted: RuntimeManagement) -> None:
    """In place of what was there."""
    tx.connection.execute(delete_from(_management).where(*_is(function_id, qualifier)))
    tx.connection.execute(
        insert(_management).values(
            function_id=function_id,
            qualifier=qualifier,
            update_on=wanted.update_on,
            runtime_version_arn=wanted.runtime_version_arn,
        )
    )


def _is(function_id: int, qualifier: str) -> tuple[Any, ...]:
    return (_management.c.function_id == function_id, _management.c.qualifier == qualifier)
