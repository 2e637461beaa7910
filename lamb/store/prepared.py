"""Statements of SQLAlchemy Core, compiled once and given to the driver as they are, many rows at a time.

Core's own path costs some forty microseconds a row, several times what SQLite takes to write it. And the
driver lets go of the interpreter for each statement that it runs, and then has to wait until the event loop
lets go of it in turn: one statement for fifty rows waits once, fifty statements wait fifty times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement

from lamb.store.database import Tx

# SQLite before 3.32 takes 999 parameters in one statement.
_PARAMETERS_MAX = 999


class Prepared:
    """An INSERT, UPDATE or DELETE whose every value is a named parameter of a plain type."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Sequence[str] | None]] = {}

    def run(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """`rows`: values by the names of the parameters."""
        text, order = self._for(tx)
        values = rows if order is None else [tuple([row[name] for name in order]) for row in rows]
        tx.connection.exec_driver_sql(text, list(values))

    def _for(self, tx: Tx) -> tuple[str, Sequence[str] | None]:
        """The SQL in the dialect's spelling, and the order of its parameters where they have no names."""
        dialect = tx.connection.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            order = tuple(compiled.positiontup) if compiled.positional else None
            known = self._compiled[dialect.name] = (str(compiled), order)
        return known


class PreparedInsert(Prepared):
    """An INSERT of one row, repeated within one statement where the driver's parameters have no names."""

    def run(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        text, order = self._for(tx)
        if order is None:
            super().run(tx, rows)
            return
        head, values = text.split("VALUES ", 1)
        most = _PARAMETERS_MAX // len(order)
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            flat = tuple([row[name] for row in part for name in order])
            tx.connection.exec_driver_sql(f"{head}VALUES {', '.join([values] * len(part))}", flat)
