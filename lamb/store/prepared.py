"""Statements of SQLAlchemy Core, compiled once and given to the driver as they are, many rows at a time.

Core's own path costs some forty microseconds a row, several times what SQLite takes to write it, and twenty
for a statement that is text already. And the driver lets go of the interpreter for each statement that it
runs, and then has to wait until the event loop lets go of it in turn: one statement for fifty rows waits
once, fifty statements wait fifty times. What goes wrong is raised as the driver's own error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement
from sqlalchemy.engine.interfaces import DBAPICursor

from lamb.store.database import Tx

# SQLite before 3.32 takes 999 parameters in one statement.
_PARAMETERS_MAX = 999


class _Text(NamedTuple):
    """SQL in the spelling of one dialect."""

    sql: str
    order: Sequence[str] | None
    """The names of the parameters, one for each mark; None where the marks have the names."""
    constants: Mapping[str, Any]
    """Parameters that have their value already."""

    def values(self, given: Mapping[str, Any]) -> Any:
        if self.constants:
            given = {**self.constants, **given}
        return given if self.order is None else tuple([given[name] for name in self.order])


class Prepared:
    """A statement whose every value is a named parameter of a plain type: JSON is text here."""

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._texts: dict[str, _Text] = {}

    def all(self, tx: Tx, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows that a SELECT finds; `values`: by the names of the parameters."""
        text = self._for(tx)
        cursor = _cursor(tx)
        cursor.execute(text.sql, text.values(values))
        return cursor.fetchall()

    def one(self, tx: Tx, values: Mapping[str, Any]) -> Sequence[Any] | None:
        """The one row that a SELECT finds, at most."""
        found = self.all(tx, values)
        return found[0] if found else None

    def run(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """INSERT, UPDATE or DELETE, once for each of `rows`."""
        text = self._for(tx)
        if len(rows) == 1:
            _cursor(tx).execute(text.sql, text.values(rows[0]))
        else:
            _cursor(tx).executemany(text.sql, [text.values(row) for row in rows])

    def add(self, tx: Tx, row: Mapping[str, Any]) -> int:
        """INSERT of one row; returns the number that the database gave it."""
        text = self._for(tx)
        cursor: Any = _cursor(tx)
        cursor.execute(text.sql, text.values(row))
        return int(cursor.lastrowid)

    def _for(self, tx: Tx) -> _Text:
        dialect = tx.connection.dialect
        known = self._texts.get(dialect.name)
        if known is None:
            compiled: Any = self.statement.compile(dialect=dialect)
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            order = tuple(compiled.positiontup) if compiled.positional else None
            known = self._texts[dialect.name] = _Text(str(compiled), order, constants)
        return known


class PreparedInsert(Prepared):
    """An INSERT of one row, repeated within one statement where the driver's parameters have no names."""

    def run(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        sql, order, _ = self._for(tx)
        if order is None:
            super().run(tx, rows)
            return
        head, values = sql.split("VALUES ", 1)
        most = _PARAMETERS_MAX // len(order)
        for start in range(0, len(rows), most):
            part = rows[start : start + most]
            flat = tuple([row[name] for row in part for name in order])
            _cursor(tx).execute(f"{head}VALUES {', '.join([values] * len(part))}", flat)


class PreparedFor(Prepared):
    """A statement with the same values for many rows: its condition ends with `IN (:wanted)`."""

    def run_for(self, tx: Tx, wanted: Sequence[Any], values: Mapping[str, Any]) -> None:
        """`wanted`: what the column of the condition has in each of the rows."""
        for sql, parameters in self._parts(tx, wanted, values):
            _cursor(tx).execute(sql, parameters)

    def all_for(self, tx: Tx, wanted: Sequence[Any], values: Mapping[str, Any]) -> list[Sequence[Any]]:
        """The rows that a SELECT finds, in no order."""
        found: list[Sequence[Any]] = []
        for sql, parameters in self._parts(tx, wanted, values):
            cursor = _cursor(tx)
            cursor.execute(sql, parameters)
            found += cursor.fetchall()
        return found

    def _parts(self, tx: Tx, wanted: Sequence[Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        text = self._for(tx)
        if text.order is None:
            for value in wanted:
                yield text.sql, text.values({**values, "wanted": value})
            return
        head = text.values({**values, "wanted": None})[:-1]
        most = _PARAMETERS_MAX - len(head)
        for start in range(0, len(wanted), most):
            part = wanted[start : start + most]
            marks = ", ".join("?" * len(part))
            yield text.sql.replace("IN (?)", f"IN ({marks})"), (*head, *part)


def _cursor(tx: Tx) -> DBAPICursor:
    cursor: DBAPICursor = tx.driver.cursor()
    return cursor
