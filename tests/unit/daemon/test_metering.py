"""Counts on their way from memory into the store: none is lost, and none is seen twice."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.core.plane import PLACE, Plane, key

from lamb.core import metrics
from lamb.daemon.metering import Metering
from lamb.logs.metrics import Metrics
from lamb.model.errors import HomeUnusable


class Meter:
    """A meter over a real store; `hold` keeps what runs in the pool waiting, `trouble` makes it fail."""

    def __init__(self, plane: Plane) -> None:
        self.counting = Metrics(plane.clock)
        self.trouble: HomeUnusable | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.held = threading.Event()
        self._pool = ThreadPoolExecutor(4)
        self.metering = Metering(self.counting, plane.core, self._run)

    async def _run(self, work, *args):
        def carry_out():
            self.held.set()
            assert self.hold.wait(10)
            if self.trouble is not None:
                raise self.trouble
            return work(*args)

        return await asyncio.get_running_loop().run_in_executor(self._pool, carry_out)

    def throttle(self, times: int = 1, name: str = "f") -> None:
        self.counting.count(key(name), "Throttles", times)

    async def total(self, name: str = "f") -> int:
        found = await self.metering.read(metrics.totals, PLACE)
        return found[key(name)].counters["Throttles"]


def tell(plane, story):
    async def whole():
        meter = Meter(plane)
        try:
            await story(meter)
        finally:
            await meter.metering.close()

    asyncio.run(asyncio.wait_for(whole(), 20))


def stored(plane, name: str = "f") -> int:
    found = metrics.totals(plane.core, {}, PLACE)
    return found[key(name)].counters["Throttles"] if key(name) in found else 0


def test_a_count_is_seen_before_and_after_it_is_written(plane):
    async def story(meter):
        meter.throttle()
        assert (await meter.total(), stored(plane)) == (1, 0)
        await meter.metering.flush()
        assert (await meter.total(), stored(plane)) == (1, 1)
        meter.throttle()
        assert (await meter.total(), stored(plane)) == (2, 1)

    tell(plane, story)


def test_who_reads_while_counts_are_written_sees_each_once(plane):
    async def story(meter):
        meter.throttle(5)
        meter.hold.clear()
        flushing = asyncio.ensure_future(meter.metering.flush())
        await asyncio.get_running_loop().run_in_executor(None, meter.held.wait)
        meter.throttle(1)
        reading = asyncio.ensure_future(meter.total())
        await asyncio.sleep(0)
        meter.hold.set()
        await flushing
        assert await reading == 6

    tell(plane, story)


def test_what_could_not_be_written_counts_on(plane):
    async def story(meter):
        meter.throttle(2)
        meter.trouble = HomeUnusable("no room")
        with pytest.raises(HomeUnusable):
            await meter.metering.flush()
        meter.throttle(1)
        meter.trouble = None
        await meter.metering.flush()
        assert stored(plane) == 3

    tell(plane, story)


def test_a_closing_daemon_writes_what_it_counted(plane):
    async def story(meter):
        meter.throttle(4)

    tell(plane, story)
    assert stored(plane) == 4


def test_a_full_disk_does_not_keep_a_daemon_from_closing(plane):
    async def story(meter):
        meter.throttle()
        meter.trouble = HomeUnusable("no room")

    tell(plane, story)
    assert stored(plane) == 0


def test_many_functions_are_written_in_parts(plane):
    async def story(meter):
        for number in range(250):
            meter.throttle(name=f"f{number}")
        await meter.metering.flush()

    tell(plane, story)
    assert sum(stored(plane, f"f{number}") for number in range(250)) == 250
