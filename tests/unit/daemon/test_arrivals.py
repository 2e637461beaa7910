from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from lamb.daemon.arrivals import Arrivals
from lamb.model.clock import HomeClock, ManualClock

ARN, OTHER = "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:sqs:us-east-1:123456789012:other"
FAR_MS = 3_600_000


def run(work: Awaitable[object]) -> None:
    async def main() -> None:
        await asyncio.wait_for(work, 10)

    asyncio.run(main())


def made() -> tuple[Arrivals, int]:
    clock = HomeClock(ManualClock())
    return Arrivals(clock), clock.now_ms() + FAR_MS


def test_who_waits_is_woken_by_an_arrival_in_that_queue():
    async def work() -> None:
        arrivals, later = made()
        waiting = [asyncio.ensure_future(arrivals.wait(arn, 0, later)) for arn in (ARN, ARN, OTHER)]
        await asyncio.sleep(0)
        arrivals.announce(ARN)
        await asyncio.gather(*waiting[:2])
        assert not waiting[2].done()
        arrivals.announce(OTHER)
        await waiting[2]

    run(work())


def test_what_arrived_between_the_look_and_the_wait_is_not_missed():
    async def work() -> None:
        arrivals, later = made()
        seen = arrivals.seen(ARN)
        arrivals.announce(ARN)
        await arrivals.wait(ARN, seen, later)

    run(work())


def test_a_wait_ends_at_its_time():
    async def work() -> None:
        arrivals, _ = made()
        await arrivals.wait(ARN, 0, 0)

    run(work())


def test_everybody_looks_again_when_the_clock_was_set():
    async def work() -> None:
        arrivals, later = made()
        waiting = asyncio.gather(arrivals.wait(ARN, 0, later), arrivals.wait(OTHER, 0, later))
        await asyncio.sleep(0)
        arrivals.announce_all()
        await waiting

    run(work())


def test_nobody_waits_when_lamb_stops():
    async def work() -> None:
        arrivals, later = made()
        waiting = asyncio.ensure_future(arrivals.wait(ARN, 0, later))
        await asyncio.sleep(0)
        arrivals.close()
        await waiting
        await arrivals.wait(ARN, arrivals.seen(ARN), later)

    run(work())


def test_nothing_is_kept_of_a_receiver_who_has_gone():
    async def work() -> None:
        arrivals, later = made()
        waiting = asyncio.ensure_future(arrivals.wait(ARN, 0, later))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert arrivals._waiting == {}

    run(work())
