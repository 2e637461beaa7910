"""What the API asks of the daemon about asynchronous events and the time they wait by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamb.api.services import Backlog
from lamb.core import clock as home_time
from lamb.core import events
from lamb.model.clock import HomeClock, iso_z
from lamb.model.events import QueuedEvent
from lamb.model.invocation import Event
from lamb.model.names import FunctionKey, Reference
from lamb.queue.worker import Worker

if TYPE_CHECKING:
    from lamb.daemon.services import Services


class Events:
    """Implements `lamb.api.services.Events`. Lives on the event loop."""

    def __init__(self, services: Services, worker: Worker, clock: HomeClock) -> None:
        self.worker = worker
        self._services = services
        self._clock = clock

    def queued(self, key: FunctionKey) -> None:
        """The control plane has put an event of this function into the store."""
        self._services.metrics.count(key, "AsyncEventsReceived")
        self.worker.queued(key)

    async def accept(self, reference: Reference, event: Event) -> None:
        await self._services.routes.route(reference)
        now_ms = self._clock.now_ms()
        await self.worker.accept(
            QueuedEvent(
                event.request_id,
                reference.key,
                reference.qualifier,
                event.payload,
                now_ms,
                now_ms,
                event.trace_id,
            )
        )
        self._services.metrics.count(reference.key, "AsyncEventsReceived")

    async def emptied(self, key: FunctionKey, timeout_s: float) -> bool:
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(self.worker.emptied(key), timeout_s)
            return True
        return False

    async def backlog(self, of: FunctionKey | None) -> dict[FunctionKey, Backlog]:
        """Of one function, or of all, where they have events that are not over. Looks at each of these."""
        found = {}
        for key, running in self.worker.running().items():
            if of not in (None, key):
                continue
            left = await self._services.run(events.waiting, self._services.core, key)
            found[key] = Backlog(max(0, left - running), running)
        return found

    # ------------------------------------------------------------------ time

    def clock(self) -> Mapping[str, Any]:
        now_ms, course = self._clock.now_ms(), self._clock.course
        ahead_ms = now_ms - self._clock.machine.now_ms()
        return {"Now": iso_z(now_ms), "AheadMs": ahead_ms, "Scale": course.scale}

    async def set_clock(self, *, advance_ms: int, scale: float | None, reset: bool) -> None:
        def change() -> None:
            if reset:
                home_time.reset(self._services.core, self._clock)
            home_time.change(self._services.core, self._clock, advance_ms=advance_ms, scale=scale)

        await self._services.run(change)
        self.worker.clock_changed()
        self._services.arrivals.announce_all()
