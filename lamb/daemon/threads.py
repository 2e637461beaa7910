"""The threads in which the daemon does what may wait: for its own disk, or for another host."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from lamb.store.group import resolve

T = TypeVar("T")


class Threads:
    """Called on the event loop."""

    def __init__(self) -> None:
        self._control = Pool(4, "control")
        self._fetching = Pool(4, "fetch")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        return await self._control.run(work, args)

    async def run_apart(self, work: Callable[..., T], *args: Any) -> T:
        return await self._fetching.run(work, args)

    def end(self) -> None:
        """Let what runs in the control plane come to its end."""
        self._control.end()
        self._fetching.end(wait=False)


class _Task(NamedTuple):
    work: Callable[..., Any]
    args: tuple[Any, ...]
    answer: asyncio.Future[Any]


_Box = SimpleQueue[_Task | None]
"""What one thread is to do; None ends it."""


class Pool:
    """A few threads, begun when they are needed first; the one that was busy last goes on first.

    The standard library's executor takes twice as long there and back: it makes a future of its own for each
    call and ties it to the loop's, and each call wakes a second thread, that finds the queue empty.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._threads: list[threading.Thread] = []
        self._boxes: list[_Box] = []
        """One a thread."""
        self._idle: list[_Box] = []
        self._waiting: deque[_Task] = deque()

    async def run(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        """What `work` returns or raises. Whoever is cancelled meanwhile leaves it running."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        if not self._idle and len(self._threads) < self._most:
            self._begin(loop)
        if self._idle:
            self._idle.pop().put(_Task(work, args, answer))
        else:
            self._waiting.append(_Task(work, args, answer))
        return await answer

    def end(self, *, wait: bool = True) -> None:
        """Let what runs come to its end, where `wait` says so; what waits for a thread does not run."""
        for box in self._boxes:
            box.put(None)
        for thread in self._threads:
            if wait:
                thread.join()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        box: _Box = SimpleQueue()
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, args=(loop, box), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
        self._boxes.append(box)
        self._idle.append(box)

    def _work(self, loop: asyncio.AbstractEventLoop, box: _Box) -> None:
        while (task := box.get()) is not None:
            given: Any
            try:
                given = task.work(*task.args)
            except BaseException as error:  # noqa: BLE001 - whoever asked is to hear of it
                given = error
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(self._tell, box, task.answer, given)
            del task, given  # may be large, and the next one may be long in coming

    def _tell(self, box: _Box, answer: asyncio.Future[Any], given: Any) -> None:
        if self._waiting:
            box.put(self._waiting.popleft())
        else:
            self._idle.append(box)
        resolve(answer, given)
