from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lamb.daemon.threads import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2, "test")
    yield made
    made.end()


def test_what_work_returns_and_what_it_raises_comes_back(pool):
    async def ask() -> list[Any]:
        works: list[Callable[[], object]] = [lambda: 7, lambda: 1 // 0, lambda: None]
        return await asyncio.gather(*(pool.run(work, ()) for work in works), return_exceptions=True)

    seven, failure, nothing = asyncio.run(ask())
    assert (seven, nothing) == (7, None)
    assert isinstance(failure, ZeroDivisionError)


def test_one_thread_does_what_comes_one_after_the_other(pool):
    async def ask() -> set[int]:
        return {await pool.run(threading.get_ident, ()) for _ in range(20)}

    assert len(asyncio.run(ask())) == 1


def test_all_threads_are_busy_and_none_more_and_what_waits_has_its_turn(pool):
    meeting = threading.Barrier(2)

    def meet(number: int) -> tuple[int, int]:
        meeting.wait(10)
        return number, threading.get_ident()

    async def ask() -> list[tuple[int, int]]:
        return await asyncio.gather(*(pool.run(meet, (number,)) for number in range(6)))

    met = asyncio.run(ask())
    assert [number for number, _ in met] == list(range(6))
    assert len({thread for _, thread in met}) == 2


def test_who_is_cancelled_leaves_the_work_running_and_the_thread_for_others(pool):
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.set()

    async def ask() -> int:
        asking = asyncio.ensure_future(pool.run(work, ()))
        await pool.run(begun.wait, (10,))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        go_on.set()
        return await pool.run(lambda: 7, ())

    assert asyncio.run(ask()) == 7
    assert done.wait(10)


def test_the_end_waits_for_what_runs(pool):
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(10)
        done.set()

    async def ask() -> None:
        asking = asyncio.ensure_future(pool.run(work, ()))
        await asyncio.sleep(0)
        asking.cancel()
        go_on.set()
        pool.end()

    asyncio.run(ask())
    assert done.is_set()
