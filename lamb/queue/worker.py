"""Runs asynchronous events: what was accepted is in the store, and stays there until it is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Coroutine
from typing import Any

from lamb.model.clock import HomeClock
from lamb.model.events import QueuedEvent
from lamb.model.names import FunctionKey
from lamb.queue.attempts import Attempts
from lamb.queue.lane import Lane
from lamb.queue.processors import Processors
from lamb.store import events as rows
from lamb.store.group import GroupCommit, resolve

_CROWDED_S = 0.1
"""Events that have waited for as long make their lane wider, or narrower."""
_READ_AGAIN_S = 1.0

_log = logging.getLogger("lamb.queue")


class Worker:
    """Lives on the event loop. Keeps a lane for each function that has events which are not over."""

    def __init__(
        self, group: GroupCommit, clock: HomeClock, attempts: Attempts, parallel: tuple[int, int]
    ) -> None:
        """`parallel`: how many events of one function run at once, to begin with and at the most."""
        self._group = group
        self._clock = clock
        self._attempts = attempts
        self._parallel = parallel
        self._lease = secrets.token_hex(8)
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[FunctionKey, Lane] = {}
        self._alarms: dict[FunctionKey, asyncio.TimerHandle] = {}
        self._crowds: dict[FunctionKey, asyncio.TimerHandle] = {}
        self._held: set[FunctionKey] = set()
        self._emptied: dict[FunctionKey, list[asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._processors = Processors()
        self._closing = False

    @property
    def needed(self) -> bool:
        """Whether any event is not over."""
        return bool(self._lanes)

    def running(self) -> dict[FunctionKey, int]:
        """How many events run, of each function that has any which are not over."""
        return {key: lane.running + lane.settling for key, lane in self._lanes.items()}

    # ------------------------------------------------------------------ arrivals

    async def accept(self, event: QueuedEvent) -> None:
        """Return when the event is durable: from then on it is run, whatever happens. Raises HomeUnusable."""
        lane = self._lane(event.key)
        ours = lane.takes(event)
        lane.storing(ours=ours)
        stored: asyncio.Future[None] = self._loop.create_future()

        def arrived(answer: Exception | None) -> None:
            lane.stored(event if answer is None else None, ours=ours)
            self._pump(event.key)
            resolve(stored, answer)  # a caller who hangs up takes nothing back

        self._group.then(rows.add_many, rows.Addition(event, self._lease if ours else None), arrived)
        await stored

    def queued(self, key: FunctionKey) -> None:
        """Somebody else has put events of this function into the store."""
        self._lane(key).put_outside()
        self._pump(key)

    def cancelled(self, key: FunctionKey, request_id: str) -> None:
        """The event is over in the store: where it waits to be run, it is not."""
        if key in self._lanes:
            self._lanes[key].drop(request_id)
            self._pump(key)

    def hold(self, key: FunctionKey) -> None:
        """An update is in progress: events wait for it, and run on the new code."""
        self._held.add(key)
        if key in self._lanes:
            self._lanes[key].held = True

    def release(self, key: FunctionKey) -> None:
        self._held.discard(key)
        if key in self._lanes:
            self._lanes[key].held = False
            self._pump(key)

    def clock_changed(self) -> None:
        """What was due in an hour may be due now."""
        for key in list(self._lanes):
            self._ring(key)

    async def emptied(self, key: FunctionKey) -> None:
        """Until the function has no event that is not over."""
        while key in self._lanes:
            waiting: asyncio.Future[None] = self._loop.create_future()
            self._emptied.setdefault(key, []).append(waiting)
            await waiting

    async def quiet(self) -> None:
        """Until nothing runs and nothing is read. What waits for its time goes on waiting."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self, grace_s: float) -> None:
        """Start nothing more, and give what runs some time. What does not end in it is run again later."""
        self._closing = True
        for timers in (self._alarms, self._crowds):
            for timer in timers.values():
                timer.cancel()
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(self.quiet(), grace_s)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------------ lanes

    def _lane(self, key: FunctionKey) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(*self._parallel)
            lane.held = key in self._held
        return lane

    def _pump(self, key: FunctionKey) -> None:
        """Do what the lane says: start, claim, wait for the next event that is due, or go away."""
        lane = self._lanes.get(key)
        if lane is None or self._closing:
            return
        while lane.willing and (event := lane.start(room=self._attempts.room(key, lane.running))) is not None:
            self._spawn(self._work(lane, event))
        if lane.waiting and not lane.held and key not in self._crowds:
            self._crowds[key] = self._loop.call_later(_CROWDED_S, self._look_again, key)
        wanted = lane.wants()
        if wanted:
            self._spawn(self._claim(key, lane, wanted))
        elif lane.empty:
            self._leave(key)
        else:
            self._arm(key)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: Lane, event: QueuedEvent) -> None:
        try:
            try:
                done = await self._attempts.run(event)
                if done.attempt == "throttled":
                    lane.shrink()
            finally:
                lane.ended()
            if done.outcome is not None:
                self._pump(event.key)  # its environment is free
            again = await self._attempts.settle(event, done)
            if again is not None:
                lane.due(again.due_ms)
        finally:
            lane.settled()
            self._pump(event.key)

    async def _claim(self, key: FunctionKey, lane: Lane, wanted: int) -> None:
        try:
            found = await self._group.add(rows.claim_many, rows.Claim(key, self._lease, wanted))
        except Exception as error:  # noqa: BLE001 - a claim that hangs in the air would stop the whole lane
            # A failing disk, most often: what is stored stays there until it is mended.
            _log.warning("events of %s cannot be read yet: %s", key.name, error)
            await asyncio.sleep(_READ_AGAIN_S)
            lane.claimed(rows.Claimed([], None), wanted)
            lane.behind = True
        else:
            lane.claimed(found, wanted)
        self._pump(key)

    def _look_again(self, key: FunctionKey) -> None:
        """Events have waited for a while: because of the window, or because there was no room."""
        self._crowds.pop(key, None)
        lane = self._lanes.get(key)
        if lane is not None:
            if lane.crowded:
                lane.adjust(self._processors.idle_share())
            self._pump(key)

    def _arm(self, key: FunctionKey) -> None:
        _cancel(self._alarms, key)
        at_ms = self._lanes[key].next_due_ms
        if at_ms is not None:
            self._alarms[key] = self._loop.call_later(self._clock.real_s(at_ms), self._ring, key)

    def _ring(self, key: FunctionKey) -> None:
        _cancel(self._alarms, key)
        lane = self._lanes.get(key)
        if lane is None or lane.next_due_ms is None:
            return
        if self._clock.now_ms() >= lane.next_due_ms:
            lane.next_due_ms = None
            lane.behind = True
        self._pump(key)  # or sleeps on: timers ring a little early, and clocks are set back

    def _leave(self, key: FunctionKey) -> None:
        del self._lanes[key]
        _cancel(self._alarms, key)
        _cancel(self._crowds, key)
        for waiting in self._emptied.pop(key, []):
            if not waiting.done():
                waiting.set_result(None)


def _cancel(timers: dict[FunctionKey, asyncio.TimerHandle], key: FunctionKey) -> None:
    timer = timers.pop(key, None)
    if timer is not None:
        timer.cancel()
