"""What an event that is over says to its destination or dead-letter queue (SEMANTICS of destinations)."""

from __future__ import annotations

import json

from lamb.model.clock import iso_z
from lamb.model.errors import RecursiveInvocation
from lamb.model.events import QueuedEvent
from lamb.model.invocation import Outcome
from lamb.model.names import LATEST
from lamb.model.retry import Condition

_MESSAGE_MAX_BYTES = 1024
# invocation-async-retain-records: the dead-letter attribute ErrorCode is the HTTP status.
_UNRUN = {
    "ZeroReservedConcurrency": (429, "Rate Exceeded."),
    "EventAgeExceeded": (429, "Rate Exceeded."),
    "RetriesExhausted": (400, RecursiveInvocation.__doc__ or ""),
}
"""Why an event that never ran was given up."""


def record(
    event: QueuedEvent, condition: Condition, runs: int, outcome: Outcome | None, now_ms: int
) -> bytes:
    """The invocation record, version 1.0. `outcome`: of the last attempt; None where it did not run.

    Payloads go in as they are: nothing is parsed, so no number changes its digits.
    """
    context = {
        "requestId": event.request_id,
        "functionArn": event.key.qualified(event.qualifier or LATEST),
        "condition": condition,
        "approximateInvokeCount": runs,
    }
    head = json.dumps(
        {"version": "1.0", "timestamp": iso_z(now_ms), "requestContext": context}, separators=(",", ":")
    )
    parts = [head[:-1].encode(), b',"requestPayload":', event.payload]
    if outcome is not None:
        response = {"statusCode": 200, "executedVersion": outcome.executed_version}
        if outcome.failed:
            response["functionError"] = "Unhandled"
        parts += [b',"responseContext":', json.dumps(response, separators=(",", ":")).encode()]
        parts += [b',"responsePayload":', outcome.payload or b"null"]
    return b"".join([*parts, b"}"])


def dead_letter_attributes(
    event: QueuedEvent, condition: Condition, outcome: Outcome | None
) -> tuple[tuple[str, str, str], ...]:
    """Name, type and value of a dead letter's message attributes; its body is the event as it was."""
    if outcome is None:
        code, message = _UNRUN.get(condition, (500, "Service error"))
    else:
        code, message = 200, error_message(outcome)
    return (
        ("RequestID", "String", event.request_id),
        ("ErrorCode", "Number", str(code)),
        # SQS takes no empty value.
        ("ErrorMessage", "String", message.encode()[:_MESSAGE_MAX_BYTES].decode(errors="ignore") or "null"),
    )


def error_message(outcome: Outcome) -> str:
    """`errorMessage` of a failed invocation, "" where there is none."""
    try:
        message = json.loads(outcome.payload)["errorMessage"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    # JSON can spell halves of characters, which no queue, database or terminal takes.
    return message.encode("utf-8", "replace").decode() if isinstance(message, str) else ""
