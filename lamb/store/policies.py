"""Rows of resource policies: one for each qualifier that has one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import insert, select

from lamb.model.permission import ResourcePolicy
from lamb.store.attachment_tables import policies as _policies
from lamb.store.database import Tx


def find(tx: Tx, function_id: int, qualifier: str) -> ResourcePolicy | None:
    wanted = select(_policies).where(*_is(function_id, qualifier))
    row = tx.connection.execute(wanted).one_or_none()
    return None if row is None else ResourcePolicy(row.revision_id, row.statements)


def put(tx: Tx, function_id: int, qualifier: str, policy: ResourcePolicy) -> None:
    """In place of what was there; a policy without statements is none."""
    tx.connection.execute(delete_from(_policies).where(*_is(function_id, qualifier)))
    if policy.statements:
        tx.connection.execute(
            insert(_policies).values(
                function_id=function_id,
                qualifier=qualifier,
                revision_id=policy.revision_id,
                statements=list(policy.statements),
            )
        )


def _is(function_id: int, qualifier: str) -> tuple[Any, ...]:
    return (_policies.c.function_id == function_id, _policies.c.qualifier == qualifier)
