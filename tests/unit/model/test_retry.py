from __future__ import annotations

import pytest

from lamb.model.retry import Again, Over, RetryPolicy, Tries, decide, expired

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_700_000_000_000


def at(age_ms: int, **counts: int) -> Tries:
    return Tries(NOW - age_ms, **counts)


@pytest.mark.parametrize(
    ("tries", "attempt", "policy", "expected"),
    [
        (at(0), "success", RetryPolicy(), Over("Success")),
        (at(7 * HOUR), "success", RetryPolicy(), Over("Success")),
        # A function error is tried again after one minute, then after two, then no more.
        (at(0), "error", RetryPolicy(), Again(NOW + MINUTE, 1, 0)),
        (at(MINUTE, retries=1), "error", RetryPolicy(), Again(NOW + 2 * MINUTE, 2, 0)),
        (at(3 * MINUTE, retries=2), "error", RetryPolicy(), Over("RetriesExhausted")),
        (at(0), "error", RetryPolicy(retries=0), Over("RetriesExhausted")),
        (at(0, retries=1), "error", RetryPolicy(retries=1), Over("RetriesExhausted")),
        # The age is checked before waiting: with 60 s there is no retry, with 90 s there is one.
        (at(1), "error", RetryPolicy(max_age_s=60), Over("EventAgeExceeded")),
        (at(0), "error", RetryPolicy(max_age_s=60), Again(NOW + MINUTE, 1, 0)),
        (at(1000), "error", RetryPolicy(max_age_s=90), Again(NOW + MINUTE, 1, 0)),
        (at(61_000, retries=1), "error", RetryPolicy(max_age_s=90), Over("EventAgeExceeded")),
        # Exhausted retries are the reason where both hold.
        (at(7 * HOUR, retries=2), "error", RetryPolicy(), Over("RetriesExhausted")),
        # Another base, for demonstrations.
        (at(0, retries=1), "error", RetryPolicy(base_s=0.5), Again(NOW + 1000, 2, 0)),
        # Throttles and trouble back off from 1 s to 5 min, and are no retries.
        (at(0), "throttled", RetryPolicy(), Again(NOW + 1000, 0, 1)),
        (at(0, throttles=3), "throttled", RetryPolicy(), Again(NOW + 8000, 0, 4)),
        (at(0, throttles=8), "trouble", RetryPolicy(), Again(NOW + 256_000, 0, 9)),
        (at(0, throttles=9), "trouble", RetryPolicy(), Again(NOW + 300_000, 0, 10)),
        (at(0, throttles=90), "throttled", RetryPolicy(), Again(NOW + 300_000, 0, 91)),
        (at(0, retries=2), "throttled", RetryPolicy(), Again(NOW + 1000, 2, 1)),
        (at(6 * HOUR - 999), "throttled", RetryPolicy(), Over("EventAgeExceeded")),
        (at(6 * HOUR - 1000), "throttled", RetryPolicy(), Again(NOW + 1000, 0, 1)),
        # Nothing runs where the reserved concurrency is 0, and nothing waits for it.
        (at(0), "blocked", RetryPolicy(), Over("ZeroReservedConcurrency")),
        (at(0), "gone", RetryPolicy(), Over("FunctionGone")),
    ],
)
def test_what_becomes_of_an_event(tries, attempt, policy, expected):
    assert decide(tries, attempt, policy, NOW) == expected


def test_an_event_expires_the_moment_after_its_last_one():
    policy = RetryPolicy(max_age_s=60)
    assert not expired(Tries(NOW), policy, NOW + MINUTE)
    assert expired(Tries(NOW), policy, NOW + MINUTE + 1)
