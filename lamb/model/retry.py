"""What becomes of an asynchronous event after an attempt: a pure decision (SEMANTICS of invocation-async).

Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": a function error is
tried twice more, after one minute and after two; throttles and system errors back off from one second to
five minutes for as long as the event may live. An event whose next attempt would come too late is given up
at once, not when the time has passed.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from lamb.model.limits import EVENT_AGE_MAX_S, EVENT_RETRIES_MAX, RETRY_BASE_S

_BACKOFF_MAX_S = 300

Attempt = Literal["success", "error", "throttled", "blocked", "looped", "trouble", "gone"]
"""success · error: the function failed · throttled: no room · blocked: its reserved concurrency is 0 ·
looped: one run too many in a chain of invocations ·
trouble: lamb or the host failed, not the function · gone: the function or the version is no more."""

Condition = Literal[
    "Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency", "FunctionGone"
]
"""As AWS's invocation records name it; FunctionGone is lamb's own, and never leaves it."""


class RetryPolicy(NamedTuple):
    """What an event invoke config says about retries."""

    retries: int = EVENT_RETRIES_MAX
    max_age_s: int = EVENT_AGE_MAX_S
    base_s: float = RETRY_BASE_S
    """Seconds before the first retry of a function error; the second waits twice as long."""


class Tries(NamedTuple):
    """What an event has been through, before this attempt."""

    received_ms: int
    retries: int = 0
    throttles: int = 0


class Again(NamedTuple):
    """Another attempt at `due_ms`; the counts to keep with the event."""

    due_ms: int
    retries: int
    throttles: int


class Over(NamedTuple):
    """No further attempt."""

    condition: Condition


Decision = Again | Over


def decide(tries: Tries, attempt: Attempt, policy: RetryPolicy, now_ms: int) -> Decision:
    """After an attempt that ended at `now_ms`."""
    if attempt == "success":
        return Over("Success")
    if attempt == "gone":
        return Over("FunctionGone")
    if attempt == "looped":
        return Over("RetriesExhausted")
    if attempt == "blocked":
        return Over("ZeroReservedConcurrency")
    if attempt == "error":
        if tries.retries >= policy.retries:
            return Over("RetriesExhausted")
        again = Again(now_ms + _error_delay_ms(tries.retries, policy), tries.retries + 1, tries.throttles)
    else:
        delay_s = min(1 << min(tries.throttles, 16), _BACKOFF_MAX_S)
        again = Again(now_ms + delay_s * 1000, tries.retries, tries.throttles + 1)
    return Over("EventAgeExceeded") if expired(tries, policy, again.due_ms) else again


def expired(tries: Tries, policy: RetryPolicy, at_ms: int) -> bool:
    """Whether the event is older than it may be at that time."""
    return at_ms > tries.received_ms + policy.max_age_s * 1000


def _error_delay_ms(retries: int, policy: RetryPolicy) -> int:
    return round(policy.base_s * 1000 * (1 << retries))
