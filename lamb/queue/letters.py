"""What the end of an event leads to: its record for a destination, itself for a dead-letter queue."""

from __future__ import annotations

from lamb.model.events import Attempted, Delivery, QueuedEvent
from lamb.model.lineage import extended
from lamb.model.records import dead_letter_attributes, record
from lamb.model.retry import Condition


def letters(
    event: QueuedEvent, done: Attempted, condition: Condition, runs: int, now_ms: int
) -> tuple[Delivery, ...]:
    """The destination's first, then the dead-letter queue's: both where both are set."""
    if condition == "FunctionGone":
        return ()  # and its configuration with it
    destination = done.plan.on_success if condition == "Success" else done.plan.on_failure
    dead_letters = None if condition == "Success" else done.dead_letter_arn
    if not destination and not dead_letters:
        return ()  # as most end
    written, trace = [], extended(event.trace_id, event.key)
    if destination:
        body = record(event, condition, runs, done.outcome, now_ms)
        written.append(Delivery("destination", destination, body, trace_id=trace))
    if dead_letters:
        attributes = dead_letter_attributes(event, condition, done.outcome)
        written.append(Delivery("dead-letter", dead_letters, event.payload, attributes, trace))
    return tuple(written)
