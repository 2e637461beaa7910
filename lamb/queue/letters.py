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
    if not destination and (not done.dead_letter_arn or condition == "Success"):
        return ()  # as most end
    written, trace = [], extended(event.trace_id, event.key)
    if destination:
        body = record(event, condition, runs, done.outcome, now_ms)
        written.append(Delivery("destination", destination, body, trace_id=trace))
    if done.dead_letter_arn and condition != "Success":
        attributes = dead_letter_attributes(event, condition, done.outcome)
        written.append(Delivery("dead-letter", done.dead_letter_arn, event.payload, attributes, trace))
    return tuple(written)
