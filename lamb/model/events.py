"""Asynchronous events: at rest, on their way, and over."""

from __future__ import annotations

from typing import Literal, NamedTuple

from lamb.model.invocation import Outcome
from lamb.model.names import FunctionKey, Reference
from lamb.model.retry import Again, Attempt, Condition, RetryPolicy, Tries

State = Literal["queued", "succeeded", "failed", "cancelled"]
"""failed: a dead letter, kept with its payload."""


class QueuedEvent(NamedTuple):
    """An event that was accepted and is not over."""

    request_id: str
    """The same on all attempts."""
    key: FunctionKey
    qualifier: str | None
    """As invoked; None where no qualifier was given."""
    payload: bytes
    """JSON text, as the caller sent it."""
    received_ms: int
    due_ms: int
    trace_id: str | None = None
    retries: int = 0
    throttles: int = 0
    runs: int = 0
    """Attempts in which the function ran."""

    @property
    def reference(self) -> Reference:
        return Reference(self.key, self.qualifier)

    @property
    def tries(self) -> Tries:
        return Tries(self.received_ms, self.retries, self.throttles)


class EventPlan(NamedTuple):
    """How the events of one function, version or alias are retried, and where their records go."""

    policy: RetryPolicy = RetryPolicy()
    on_success: str | None = None
    on_failure: str | None = None


class Attempted(NamedTuple):
    """How one attempt went."""

    attempt: Attempt
    plan: EventPlan = EventPlan()
    outcome: Outcome | None = None
    """None where the function did not run."""
    dead_letter_arn: str | None = None
    error: str | None = None
    """In one line, for those who look."""


class Delivery(NamedTuple):
    """One message that an event which is over leads to."""

    kind: Literal["destination", "dead-letter"]
    arn: str
    body: bytes
    """A record's JSON, or the event's payload as it was."""
    attributes: tuple[tuple[str, str, str], ...] = ()
    """Name, type and value of each message attribute."""
    trace_id: str | None = None
    """Of the event: what it leads to belongs to the same chain."""


class Retrial(NamedTuple):
    """An event that is to be tried again."""

    event: QueuedEvent
    again: Again
    runs: int


class Ending(NamedTuple):
    """An event that is over, and what its end leads to."""

    event: QueuedEvent
    condition: Condition
    runs: int
    executed_version: str | None = None
    error: str | None = None
    """In one line, for those who look."""
    deliveries: tuple[Delivery, ...] = ()
    """To local queues, topics and functions: made in the transaction that ends the event."""

    @property
    def state(self) -> State:
        return "succeeded" if self.condition == "Success" else "failed"


class EventView(NamedTuple):
    """What `lamb events` shows of one event, over or not."""

    event: QueuedEvent
    state: State
    running: bool
    finished_ms: int | None
    condition: str | None
    executed_version: str | None
    error: str | None
