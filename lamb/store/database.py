"""The database of one home: transactions, and what goes wrong with files in clear words."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from lamb.model.clock import Clock
from lamb.model.errors import HomeUnusable
from lamb.store import migrations

_BUSY_S = 10.0
# Core's, and the driver's own.
_FAILURES = (DatabaseError, sqlite3.DatabaseError)
# What SQLite says → what it means, and the fix. Everything else it says is a bug of ours.
_TROUBLE = {
    "malformed": ("is damaged", "restore it from a backup, or try `sqlite3 … .recover`"),
    "not a database": ("is damaged", "restore it from a backup, or try `sqlite3 … .recover`"),
    "disk is full": ("has no room to grow", "free space on its disk"),
    "disk i/o error": ("cannot be read or written: input/output error", "check its disk, and the room on it"),
    "readonly database": ("cannot be written", "set the permissions of it and its directory"),
    "unable to open": ("cannot be opened", "set the permissions of it and its directory"),
    "database is locked": ("is held by another process", "end that process; one home has one daemon"),
}


class Tx(NamedTuple):
    """One transaction, and the time that all its rows agree on."""

    connection: Connection
    driver: Any
    """What is below it: the connection of the database's own driver, for `prepared`."""
    now_ms: int


class Database:
    """Any number of readers, one writer; from any thread."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Opens the database, makes it when it is not there, and brings an older one up to date.

        Raises HomeUnusable, naming the file and the fix.
        """
        # Parameters may be sealed variables or descriptions: no error shows them.
        self._engine = create_engine(
            url, hide_parameters=True, connect_args=_connect_args(url), poolclass=NullPool
        )
        # Kept open: a pool takes several times what a transaction takes, to give one out and to have it back.
        self._writers: deque[Connection] = deque()
        self._readers: deque[Connection] = deque()
        self._file = Path(self._engine.url.database or "")
        self._clock = clock
        self._one_writer = threading.Lock()
        event.listen(self._engine, "connect", _prepare_connection)
        self._make_file()
        try:
            with self.transaction() as tx:
                migrations.bring_up_to_date(tx.connection, self._file)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """Writes: committed as a whole at the end, durable then; rolled back by any exception.

        Raises HomeUnusable. Waits for its turn; must not be opened twice by one thread.
        """
        with self._one_writer, self._within(self._writers, "BEGIN IMMEDIATE") as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Reads one state of everything, whatever is written meanwhile. Raises HomeUnusable."""
        with self._within(self._readers, "BEGIN") as tx:
            yield tx

    def close(self) -> None:
        """Nothing may be under way. What is opened later is opened anew."""
        for kept in (self._writers, self._readers):
            while kept:
                kept.pop().close()

    @contextmanager
    def _within(self, kept: deque[Connection], begin: str) -> Iterator[Tx]:
        """A transaction, on a connection that nobody else uses meanwhile."""
        try:
            connection = self._one_of(kept)
            driver: Any = connection.connection.driver_connection
            try:
                driver.execute(begin)
                yield Tx(connection, driver, self._clock.now_ms())
                driver.commit()
            except _FAILURES:  # who knows what state it is in
                connection.close()
                raise
            except BaseException:
                driver.rollback()
                kept.append(connection)
                raise
            kept.append(connection)
        except _FAILURES as error:
            trouble = self._trouble(error)
            if trouble is None:
                raise
            raise trouble from error

    def _one_of(self, kept: deque[Connection]) -> Connection:
        """Core takes part in one transaction for as long as a connection is there: ours begin and end below
        it, because Core's own take longer than a small statement."""
        try:
            return kept.pop()
        except IndexError:
            connection = self._engine.connect()
            connection.begin()
            return connection

    def _make_file(self) -> None:
        # 0600 from its first moment; SQLite gives its companions the same mode.
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
        except OSError as error:
            raise HomeUnusable(
                f"The database {self._file} cannot be made: {error.strerror}",
                hint="make room, set the permissions there, or point LAMB_HOME to another place",
            ) from error

    def _trouble(self, error: Exception) -> HomeUnusable | None:
        """What a failure means to those who can mend it; None for a bug of ours."""
        said = str(getattr(error, "orig", error)).lower()
        for words, (trouble, fix) in _TROUBLE.items():
            if words in said:
                return HomeUnusable(f"The database {self._file} {trouble}", hint=fix)
        return None


def _connect_args(url: str) -> dict[str, Any]:
    # Connections go from thread to thread, but serve one at a time.
    return {"check_same_thread": False, "timeout": _BUSY_S} if url.startswith("sqlite") else {}


def _prepare_connection(connection: Any, _record: object) -> None:
    # The driver's own idea of transactions leaves reads and DDL outside of them.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
