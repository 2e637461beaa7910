"""Group commit: many callers share one transaction, and with it one fsync."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from lamb.store.database import Database, Tx

R = TypeVar("R")
T = TypeVar("T")

Write = Callable[[Tx, Sequence[R]], Sequence[T] | None]
"""Writes many rows at once; answers each, or none of them."""

_MOST = 512
"""Rows in one transaction: nobody waits for more of others' work than this."""


class _Wish(NamedTuple):
    write: Callable[[Tx, Sequence[Any]], Sequence[Any] | None]
    row: Any
    answer: asyncio.Future[Any]


class GroupCommit:
    """One thread that commits whatever came in while it committed what came before.

    `add` is called on the event loop. Its answer comes when the row is durable: synchronous = FULL, and the
    commit has returned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._wishes: deque[_Wish] = deque()
        self._wake = threading.Semaphore(0)
        self._awake = False
        self._thread = threading.Thread(target=self._work, name="group-commit", daemon=True)
        self._thread.start()

    def add(self, write: Write[R, T], row: R) -> asyncio.Future[T]:
        """Have `write` called with this row, and with others of its kind. What it answers for the row comes
        when it is committed; what it raises, when the row alone raises it, too."""
        answer: asyncio.Future[T] = self._loop.create_future()
        self._wishes.append(_Wish(write, row, answer))
        if not self._awake:
            self._awake = True
            # At the end of this turn of the loop: what else it brings goes along.
            self._loop.call_soon(self._wake.release)
        return answer

    async def close(self) -> None:
        """Commit what is there, then end."""
        self._wishes.append(_Wish(_end, None, self._loop.create_future()))
        self._wake.release()
        await self._loop.run_in_executor(None, self._thread.join)

    def _work(self) -> None:
        going_on = True
        while going_on:
            self._wake.acquire()
            while self._wishes:
                batch = [self._wishes.popleft() for _ in range(min(len(self._wishes), _MOST))]
                going_on = going_on and all(wish.write is not _end for wish in batch)
                wishes = [wish for wish in batch if wish.write is not _end]
                answers = self._commit(wishes)
                self._loop.call_soon_threadsafe(_tell, wishes, answers)
            self._awake = False
            if self._wishes:  # came in just now, and saw us awake
                self._wake.release()

    def _commit(self, wishes: Sequence[_Wish]) -> list[Any]:
        """An answer or an exception for each. One that fails takes no other with it."""
        try:
            return self._together(wishes)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is somebody's answer
            if len(wishes) == 1:
                return [error]
            return [answer for wish in wishes for answer in self._commit([wish])]

    def _together(self, wishes: Sequence[_Wish]) -> list[Any]:
        kinds: dict[Any, list[int]] = {}
        for index, wish in enumerate(wishes):
            kinds.setdefault(wish.write, []).append(index)
        answers: list[Any] = [None] * len(wishes)
        with self._database.transaction() as tx:
            for write, indexes in kinds.items():
                given = write(tx, [wishes[index].row for index in indexes])
                for index, answer in zip(indexes, given or (), strict=bool(given)):
                    answers[index] = answer
        return answers


def _end(tx: Tx, rows: Sequence[Any]) -> None:
    """Never called: it marks the last wish."""


def _tell(wishes: Sequence[_Wish], answers: Sequence[Any]) -> None:
    for wish, answer in zip(wishes, answers, strict=True):
        if wish.answer.done():  # whoever asked has gone
            continue
        if isinstance(answer, Exception):
            wish.answer.set_exception(answer)
        else:
            wish.answer.set_result(answer)
