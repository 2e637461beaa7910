"""What the API asks of the daemon about asynchronous events and the time they wait by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.core import clock as home_time
from lamb.core.context import Core
from lamb.core.invoke import Route
from lamb.daemon.arrivals import Arrivals
from lamb.model.clock import HomeClock, iso_z
from lamb.model.events import QueuedEvent
from lamb.model.invocation import Event
from lamb.model.names import FunctionKey, Reference
from lamb.queue.worker import Worker


class Events:
    """Implements `lamb.api.services.Events`. Lives on the event loop."""

    def __init__(
        self,
        core: Core,
        worker: Worker,
        clock: HomeClock,
        route: Callable[[Reference], Awaitable[Route]],
        run: Callable[..., Awaitable[Any]],
        arrivals: Arrivals,
    ) -> None:
        """`run` calls something in the thread pool of the control plane."""
        self._arrivals = arrivals
        self.worker = worker
        self._core = core
        self._clock = clock
        self._route = route
        self._run = run

    async def accept(self, reference: Reference, event: Event) -> None:
        await self._route(reference)
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

    async def emptied(self, key: FunctionKey, timeout_s: float) -> bool:
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(self.worker.emptied(key), timeout_s)
            return True
        return False

    # ------------------------------------------------------------------ time

    def clock(self) -> Mapping[str, Any]:
        now_ms, course = self._clock.now_ms(), self._clock.course
        ahead_ms = now_ms - self._clock.machine.now_ms()
        return {"Now": iso_z(now_ms), "AheadMs": ahead_ms, "Scale": course.scale}

    async def set_clock(self, *, advance_ms: int, scale: float | None, reset: bool) -> None:
        def change() -> None:
            if reset:
                home_time.reset(self._core, self._clock)
            home_time.change(self._core, self._clock, advance_ms=advance_ms, scale=scale)

        await self._run(change)
        self.worker.clock_changed()
        self._arrivals.announce_all()
