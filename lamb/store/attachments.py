"""What belongs to one qualifier of a function, and goes with its version or alias."""

from __future__ import annotations

from sqlalchemy import delete as delete_from

from lamb.store import attachment_tables, event_tables
from lamb.store.database import Tx

_TABLES = (
    event_tables.provisioned,
    event_tables.event_invoke_configs,
    attachment_tables.policies,
    attachment_tables.function_urls,
    attachment_tables.runtime_management,
)


def delete(tx: Tx, function_id: int, qualifier: str) -> None:
    """All of it. What belongs to a whole function goes with its row."""
    for table in _TABLES:
        here = (table.c.function_id == function_id, table.c.qualifier == qualifier)
        tx.connection.execute(delete_from(table).where(*here))
