"""A worker over a real store, with a clock that is moved by hand and functions that do as they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unit.core.plane import PLACE, Plane, key

from lamb.core import events, functions, invoke
from lamb.core.invoke import Route
from lamb.logs.metrics import Metrics
from lamb.model.clock import HomeClock
from lamb.model.errors import LambError
from lamb.model.events import EventView, QueuedEvent
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.names import Reference
from lamb.model.requests import Page
from lamb.model.wire import new_id
from lamb.queue.attempts import Attempts, Hands
from lamb.queue.post import Post
from lamb.queue.worker import Worker
from lamb.store.group import GroupCommit

Answer = Callable[[Target, Event], Awaitable[Outcome]]


def outcome(event: Event, target: Target, error: str | None = None) -> Outcome:
    """Of a run that returned, or raised with that message."""
    document = {"ok": True} if error is None else {"errorMessage": error, "errorType": "E"}
    verdict: Any = "success" if error is None else "error"
    payload = json.dumps(document).encode()
    return Outcome(event.request_id, verdict, payload, target.version, 1.5, None, 128, 20)


@dataclass
class Yard:
    """Everything around one worker."""

    plane: Plane
    worker: Worker
    group: GroupCommit
    metrics: Metrics
    ran: list[tuple[str, Event]] = field(default_factory=list)
    """Version and event of each run that began."""
    answer: Answer | None = None
    blocked: bool = False
    room: bool = True

    async def send(self, payload: bytes = b"{}", *, name: str = "f", qualifier: str | None = None) -> str:
        """An accepted event's request id."""
        now_ms = self.plane.clock.now_ms()
        event = QueuedEvent(new_id(), key(name), qualifier, payload, now_ms, now_ms)
        await self.worker.accept(event)
        return event.request_id

    async def advance(self, seconds: float) -> None:
        """Time goes on, and what was due then has been tried."""
        self.plane.clock.advance(seconds=seconds)
        self.worker.clock_changed()
        await self.rest()

    async def rest(self) -> None:
        """Until nothing happens any more but waiting."""
        await self.worker.quiet()

    def view(self, request_id: str) -> EventView:
        return events.get(self.plane.core, request_id)

    def views(self) -> list[EventView]:
        found, _ = events.list_events(self.plane.core, PLACE, Page(), name=None, state=None)
        return found

    async def run(self, target: Target, event: Event) -> Outcome:
        self.ran.append((target.version, event))
        if self.answer is None:
            return outcome(event, target)
        return await self.answer(target, event)


def raising(error: LambError | str) -> Answer:
    """A function that fails, or a host that does."""

    async def answer(target: Target, event: Event) -> Outcome:
        if isinstance(error, str):
            return outcome(event, target, error)
        raise error

    return answer


@contextmanager
def plane_of(folder: Path) -> Iterator[Plane]:
    plane = Plane(folder)
    if not functions.list_functions(plane.core, PLACE, Page(), all_versions=False)[0]:
        plane.create("f")
    yield plane
    plane.close()


def play(folder: Path, story: Callable[[Yard], Awaitable[None]]) -> None:
    """Run a story over a function `f`, in a home of its own or in one that another story has left."""

    async def whole(plane: Plane) -> None:
        group = GroupCommit(plane.core.database)
        clock = HomeClock(plane.clock)
        yard: Yard

        async def run(target: Target, event: Event) -> Outcome:
            return await yard.run(target, event)

        async def route(reference: Reference) -> Route:
            return invoke.resolve(plane.core, reference)

        hands = Hands(
            route=route,
            draw=lambda route: route.pick(0.5),
            run=run,
            blocked=lambda _: yard.blocked,
            room=lambda _key, _running: yard.room,
            metrics=Metrics(clock),
        )

        attempts = Attempts(plane.core, group, clock, hands, Post(plane.core.remote_services, clock))
        yard = Yard(plane, Worker(group, clock, attempts, (4, 8)), group, hands.metrics)
        loop = asyncio.get_running_loop()
        plane.core.queued = lambda which: loop.call_soon_threadsafe(yard.worker.queued, which) and None
        try:
            for waiting in events.open_functions(plane.core):
                yard.worker.queued(waiting)
            await story(yard)
        finally:
            await yard.worker.close(5)
            await group.close()

    with plane_of(folder) as plane:
        asyncio.run(whole(plane))
