"""Group commit: many callers share one transaction, and with it one fsync."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from lamb.store.database import Database, Tx

_log = logging.getLogger("lamb.store")
R = TypeVar("R")
T = TypeVar("T")

Write = Callable[[Tx, Sequence[R]], Sequence[T] | None]
"""Writes many rows at once; answers each, or none of them."""

_MOST = 512
"""Rows in one transaction: nobody waits for more of others' work than this."""


class _Wish(NamedTuple):
    write: Callable[[Tx, Sequence[Any]], Sequence[Any] | None]
    row: Any
    told: Callable[[Any], object]


class GroupCommit:
    """One thread that commits whatever came in while it committed what came before.

    Lives on the event loop. An answer comes when its row is durable: synchronous = FULL, and the commit has
    returned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._wishes: deque[_Wish] = deque()
        self._calls: SimpleQueue[None] = SimpleQueue()
        """One for each turn of the loop that has brought wishes."""
        self._calling = False
        self._thread = threading.Thread(target=self._work, name="group-commit", daemon=True)
        self._thread.start()

    def add(self, write: Write[R, T], row: R) -> asyncio.Future[T]:
        """Have `write` called with this row, and with others of its kind. What it answers for the row comes
        when it is committed; what it raises, when the row alone raises it, too."""
        answer: asyncio.Future[T] = self._loop.create_future()
        self.then(write, row, functools.partial(resolve, answer))
        return answer

    def then(self, write: Write[R, T], row: R, told: Callable[[T | Exception], object]) -> None:
        """The same for who cannot be cancelled: `told` is called on the loop, with the answer or what was
        raised."""
        self._wishes.append(_Wish(write, row, told))
        if not self._calling:
            self._calling = True
            # At the end of this turn of the loop: what else it brings goes along.
            self._loop.call_soon(self._call)

    async def close(self) -> None:
        """Commit what is there, then end."""
        self._wishes.append(_Wish(_end, None, _end))
        self._call()
        await self._loop.run_in_executor(None, self._thread.join)

    def _call(self) -> None:
        self._calling = False
        self._calls.put(None)

    def _work(self) -> None:
        going_on = True
        while going_on:
            self._calls.get()
            while self._wishes:  # none, where it was called while it worked
                batch = [self._wishes.popleft() for _ in range(min(len(self._wishes), _MOST))]
                wishes = [wish for wish in batch if wish.write is not _end]
                going_on = going_on and len(wishes) == len(batch)
                self._loop.call_soon_threadsafe(_tell, wishes, self._commit(wishes))

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


def _end(*_: object) -> None:
    """Never called: it marks the last wish."""


def _tell(wishes: Sequence[_Wish], answers: Sequence[Any]) -> None:
    for wish, answer in zip(wishes, answers, strict=True):
        try:
            wish.told(answer)
        except Exception:  # noqa: BLE001 - whatever goes wrong there, the others have to hear of theirs
            _log.exception("bug in what waited for a commit")


def resolve(future: asyncio.Future[Any], answer: Any) -> None:
    """Give an answer, or what was raised, to who waits; who has gone meanwhile gets none."""
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
