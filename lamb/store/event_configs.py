"""Rows of event invoke configs: one for each qualifier that has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy import delete as delete_from

from lamb.model.requests import EventInvokeConfig
from lamb.store.database import Tx
from lamb.store.event_tables import event_invoke_configs as _configs


def find(tx: Tx, function_id: int, qualifier: str) -> EventInvokeConfig | None:
    wanted = select(_configs).where(*_is(function_id, qualifier))
    row = tx.connection.execute(wanted).one_or_none()
    return None if row is None else _config(row)


def page(tx: Tx, function_id: int, after: str, limit: int) -> list[EventInvokeConfig]:
    """At most `limit` of those whose qualifier comes after `after`."""
    wanted = select(_configs).where(_configs.c.function_id == function_id, _configs.c.qualifier > after)
    rows = tx.connection.execute(wanted.order_by(_configs.c.qualifier).limit(limit))
    return [_config(row) for row in rows]


def put(tx: Tx, function_id: int, config: EventInvokeConfig) -> None:
    delete(tx, function_id, config.qualifier)
    tx.connection.execute(
        insert(_configs).values(
            function_id=function_id,
            qualifier=config.qualifier,
            retries=config.retries,
            max_age_s=config.max_age_s,
            on_success=config.on_success,
            on_failure=config.on_failure,
            last_modified_ms=tx.now_ms,
        )
    )


def delete(tx: Tx, function_id: int, qualifier: str) -> bool:
    """Whether there was one."""
    return tx.connection.execute(delete_from(_configs).where(*_is(function_id, qualifier))).rowcount > 0


def _is(function_id: int, qualifier: str) -> Sequence[Any]:
    return (_configs.c.function_id == function_id, _configs.c.qualifier == qualifier)


def _config(row: Row[Any]) -> EventInvokeConfig:
    return EventInvokeConfig(
        qualifier=row.qualifier,
        retries=row.retries,
        max_age_s=row.max_age_s,
        on_success=row.on_success,
        on_failure=row.on_failure,
        last_modified_ms=row.last_modified_ms,
    )
