"""Statements of SQLAlchemy Core, compiled once and given to the driver as they are, many rows at a time.

Core's own path costs some forty microseconds a row, several times what SQLite takes to write it, and twenty
for a statement that is text already. And the driver lets go of the interpreter for each statement that it
runs, and then has to wait until the event loop lets go of it in turn: one statement for fifty rows waits
once, fifty statements wait fifty times. What goes wrong is raised as the driver's own error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.engine.interfaces import DBAPICursor

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
        values: Any = rows if order is None else [tuple([row[name] for name in order]) for row in rows]
        _cursor(tx).executemany(text, values)

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
            _cursor(tx).execute(f"{head}VALUES {', '.join([values] * len(part))}", flat)


class PreparedFor(Prepared):
    """An UPDATE or DELETE with the same values for many rows: its condition ends with `IN (:wanted)`."""

    def run_for(self, tx: Tx, wanted: Sequence[Any], values: Mapping[str, Any]) -> None:
        """`wanted`: what the column of the condition has in each of the rows."""
        text, order = self._for(tx)
        if order is None:
            self.run(tx, [{**values, "wanted": value} for value in wanted])
            return
        head = [values[name] for name in order if name != "wanted"]
        most = _PARAMETERS_MAX - len(head)
        for start in range(0, len(wanted), most):
            part = wanted[start : start + most]
            marks = ", ".join("?" * len(part))
            _cursor(tx).execute(text.replace("IN (?)", f"IN ({marks})"), (*head, *part))


def _cursor(tx: Tx) -> DBAPICursor:
    return tx.connection.connection.cursor()
