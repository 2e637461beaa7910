"""Events through group commit alone: told as the daemon tells them, synced as the test wants it.

    python bare_sender.py DATABASE SYNCHRONOUS EVENTS

SYNCHRONOUS is a value of SQLite's pragma: FULL is what lamb sets, NORMAL and OFF are what it must not.
"""

from __future__ import annotations

import asyncio
import sys
import uuid

from sqlalchemy import event as hook

from lamb.model.clock import SystemClock
from lamb.model.events import QueuedEvent
from lamb.model.names import FunctionKey
from lamb.store import events as rows
from lamb.store.database import Database
from lamb.store.group import GroupCommit

AT_ONCE = 4
KEY = FunctionKey("123456789012", "us-east-1", "works")


async def send(database: Database, count: int) -> None:
    group, numbers = GroupCommit(database), iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            event = QueuedEvent(str(uuid.uuid4()), KEY, None, b'{"n":%d}' % number, number, number)
            await group.add(rows.add_many, rows.Addition(event, None))
            sys.stdout.write(f"HTTP/1.1 202 Accepted\r\nx-amzn-requestid: {event.request_id}\r\n\r\n")
            sys.stdout.flush()

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    await group.close()


def main() -> None:
    file, synchronous, count = sys.argv[1:]
    database = Database(f"sqlite:///{file}", SystemClock())

    def prepare(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA synchronous = {synchronous}")  # type: ignore[attr-defined]

    # After lamb's own, on every connection from now on.
    hook.listen(database._engine, "connect", prepare)
    database.close()
    asyncio.run(send(database, int(count)))
    database.close()


if __name__ == "__main__":
    main()
