"""One event at a time: run it, decide what becomes of it, and write that down."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from lamb.core import endings
from lamb.core.context import Core
from lamb.core.invoke import Route
from lamb.logs.counts import Counter
from lamb.logs.metrics import Metrics
from lamb.model.clock import HomeClock
from lamb.model.errors import HomeUnusable, LambError, RecursiveInvocation, ResourceNotFound, TooManyRequests
from lamb.model.events import Attempted, Delivery, Ending, EventPlan, QueuedEvent, Retrial
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.names import FunctionKey, Reference
from lamb.model.records import error_message
from lamb.model.retry import Again, Attempt, Condition, decide, expired
from lamb.queue.letters import letters
from lamb.queue.post import Post
from lamb.store import events as rows
from lamb.store.group import GroupCommit, Write

T = TypeVar("T")

_WRITE_AGAIN_S = 1.0
_FORGOTTEN_AT_ONCE = 64

_COUNTERS: Mapping[tuple[str, bool], Counter] = {
    ("destination", True): "DestinationsDelivered",
    ("destination", False): "DestinationDeliveryFailures",
    ("dead-letter", True): "DeadLettersSent",
    ("dead-letter", False): "DeadLetterErrors",
}
"""By kind, and whether it was delivered."""

_ATTEMPTS: Mapping[type[LambError], Attempt] = {
    ResourceNotFound: "gone",
    TooManyRequests: "throttled",
    RecursiveInvocation: "looped",
}

_log = logging.getLogger("lamb.queue")


class Hands(NamedTuple):
    """What the daemon does for an event."""

    route: Callable[[Reference], Awaitable[Route]]
    draw: Callable[[Route], Target]
    run: Callable[[Target, Event], Awaitable[Outcome]]
    """Raises TooManyRequests where there is no room, other LambErrors for trouble of the host's."""
    blocked: Callable[[FunctionKey], bool]
    """Whether the function's reserved concurrency is 0."""
    room: Callable[[FunctionKey, int], bool]
    """Whether one more event of the function should start beside so many that run."""
    metrics: Metrics


class Attempts:
    """Lives on the event loop. One object serves every event."""

    def __init__(self, core: Core, group: GroupCommit, clock: HomeClock, hands: Hands, post: Post) -> None:
        self._group = group
        self._clock = clock
        self._hands = hands
        self._post = post
        self._ended = 0
        # One object: group commit brings together what is written by the same one.
        self._end_many: Write[Ending, Sequence[Delivery]] = functools.partial(endings.end, core)

    def room(self, key: FunctionKey, running: int) -> bool:
        """Whether one more event of the function should start beside so many that run."""
        return self._hands.room(key, running)

    async def run(self, event: QueuedEvent) -> Attempted:
        """One attempt; `settle` has to follow."""
        try:
            return await self._attempt(event)
        except Exception as bug:  # noqa: BLE001 - the event must not hang in the air
            _log.exception("bug while running event %s", event.request_id)
            return Attempted("trouble", error=repr(bug))

    async def settle(self, event: QueuedEvent, done: Attempted) -> Again | None:
        """When it returns, what became of the event is durable. None: the event is over."""
        decision = decide(event.tries, done.attempt, done.plan.policy, self._clock.now_ms())
        runs = event.runs + (done.outcome is not None)
        if isinstance(decision, Again):
            await self._written(rows.retry_many, Retrial(event, decision, runs))
            return decision
        await self._end(event, done, decision.condition, runs)
        if self._ended % _FORGOTTEN_AT_ONCE == 0:  # also with the first: a daemon may end before many have
            # As much goes as comes, and a little more.
            self._group.then(rows.forget_old, 2 * _FORGOTTEN_AT_ONCE, _told)
        self._ended += 1
        return None

    async def _end(self, event: QueuedEvent, done: Attempted, condition: Condition, runs: int) -> None:
        written = letters(event, done, condition, runs, self._clock.now_ms())
        here = tuple(letter for letter in written if not self._post.takes(letter))
        # What goes to other machines goes first: after the event's end nobody would know of it.
        lost = [letter for letter in written if letter not in here and not await self._post.send(letter)]
        version = done.outcome.executed_version if done.outcome else None
        ending = Ending(event, condition, runs, version, done.error, here)
        try:
            lost += await self._written(self._end_many, ending)
        except Exception:  # noqa: BLE001 - a letter that nobody can take must not keep its event from ending
            _log.exception("bug while delivering what event %s leads to", event.request_id)
            lost += await self._written(self._end_many, ending._replace(deliveries=()))
            lost += here
        self._tell(ending, written, lost)

    async def _written(self, write: Write[Any, T], row: Any) -> T:
        """Written at last: what has run must not run again because a disk was full for a while."""
        while True:
            try:
                return await self._group.add(write, row)
            except HomeUnusable as error:
                _log.warning("what became of an event cannot be written yet: %s", error.message)
                await asyncio.sleep(_WRITE_AGAIN_S)

    def _tell(self, ending: Ending, written: Sequence[Delivery], lost: Sequence[Delivery]) -> None:
        """Nothing is dropped silently."""
        if ending.state == "succeeded" and not written:
            return
        event, metrics = ending.event, self._hands.metrics
        for letter in written:
            metrics.count(event.key, _COUNTERS[letter.kind, letter not in lost])
        if ending.state == "failed":
            metrics.event_dropped(event.key, ending.condition)
        name = event.reference.arn
        for letter in lost:
            _log.warning("event %s of %s: no %s at %s", event.request_id, name, letter.kind, letter.arn)
        if ending.state == "failed" and len(lost) == len(written):
            _log.warning(
                "event %s of %s is given up (%s) and kept in `lamb events`: %s",
                event.request_id, name, ending.condition, ending.error or "",
            )  # fmt: skip

    async def _attempt(self, event: QueuedEvent) -> Attempted:
        plan, arn = EventPlan(), None
        try:
            route = await self._hands.route(event.reference)
            plan, arn = route.plan, route.primary.configuration.dead_letter_arn
            if self._hands.blocked(event.key):
                return Attempted("blocked", plan, None, arn)
            if expired(event.tries, plan.policy, self._clock.now_ms()):
                # It has waited for too long; what is left to decide is only that.
                return Attempted("throttled", plan, None, arn)
            target = self._hands.draw(route)
            arn = target.configuration.dead_letter_arn
            invocation = Event(
                event.request_id, event.payload, event.reference.arn, trace_id=event.trace_id, chained=True
            )
            self._hands.metrics.event_age(event.key, self._clock.now_ms() - event.received_ms)
            outcome = await self._hands.metrics.measured(event.reference, self._hands.run(target, invocation))
        except LambError as error:
            attempt = _ATTEMPTS.get(type(error), "trouble")
            if attempt == "looped":
                self._hands.metrics.count(event.key, "RecursiveInvocationsDropped")
            # It may name files, whose names may be in any encoding.
            said = error.message.encode("utf-8", "replace").decode()
            return Attempted(attempt, plan, None, arn, said)
        if outcome.failed:
            return Attempted("error", plan, outcome, arn, error_message(outcome))
        return Attempted("success", plan, outcome, arn)


def _told(answer: Exception | None) -> None:
    """What could not be forgotten now goes with the next ones."""
    if answer is not None:
        _log.warning("old events cannot be removed yet: %s", answer)
