"""Counting while functions run: what counts as what, in which minute, and nothing twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lamb.logs.counts import Counts, Resource, Runs, merged
from lamb.logs.metrics import MINUTE_MS, Metrics
from lamb.model.clock import ManualClock
from lamb.model.concurrency import Allotment
from lamb.model.errors import EnvironmentStartFailed, TooManyRequests
from lamb.model.invocation import Outcome
from lamb.model.names import FunctionKey, Reference

KEY = FunctionKey("123456789012", "us-east-1", "f")
WHOLE = FunctionKey(KEY.account, KEY.region, "")
REF = Reference(KEY)
ALONE = Resource(None, "$LATEST")


def outcome(verdict: Any = "success", version: str = "$LATEST", **told: Any) -> Outcome:
    known = {"duration_ms": 2.0, "init_ms": None, "memory_mb": 128, "memory_used_mb": 40, **told}
    return Outcome("r", verdict, b"null", version, **known)


class Story:
    """Invocations that end when and how the test says."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.metrics = Metrics(self.clock)

    @property
    def minute(self) -> int:
        return self.clock.ms // MINUTE_MS

    async def ran(self, reference: Reference = REF, ends: Outcome | Exception | None = None) -> Outcome:
        async def run() -> Outcome:
            if isinstance(ends, Exception):
                raise ends
            return ends or outcome()

        return await self.metrics.measured(reference, run())

    def begins(self, reference: Reference = REF) -> tuple[asyncio.Future[Outcome], asyncio.Task[Outcome]]:
        """What ends it, and the invocation."""
        end: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return end, asyncio.ensure_future(self.metrics.measured(reference, end))

    def taken(self) -> dict[int, Counts]:
        taken = self.metrics.take()
        assert {key for key, _ in taken} <= {KEY, WHOLE}
        return {minute: counts for (key, minute), counts in taken.items() if key == KEY}

    def taken_of_all(self) -> dict[int, Counts]:
        """Of the whole account."""
        return {minute: counts for (key, minute), counts in self.metrics.take().items() if key == WHOLE}


def tell(story) -> Any:
    """Run a test's coroutine with a story of its own."""
    return asyncio.run(asyncio.wait_for(story(Story()), 10))


def test_invocations_and_errors_are_counted_by_what_was_invoked_and_what_ran():
    async def told(story):
        for reference, ends in (
            (REF, outcome()),
            (REF, outcome("error")),
            (Reference(KEY, "prod"), outcome("timeout", "3", duration_ms=1000.0)),
            (Reference(KEY, "prod"), outcome(version="4", init_ms=7.5)),
            (Reference(KEY, "3"), outcome(version="3")),
        ):
            assert await story.ran(reference, ends) is ends
        runs = story.taken()[story.minute].runs
        assert {resource: found.verdicts for resource, found in runs.items()} == {
            ALONE: {"success": 1, "error": 1},
            Resource("prod", "3"): {"timeout": 1},
            Resource("prod", "4"): {"success": 1},
            Resource("3", "3"): {"success": 1},
        }
        assert runs[Resource("prod", "3")].duration.most == 1000
        assert runs[Resource("prod", "4")].init.most == 7.5
        assert runs[ALONE].init.count == 0
        assert (runs[ALONE].invocations, runs[ALONE].errors) == (2, 1)

    tell(told)


def test_a_throttled_request_is_no_invocation_and_no_error():
    async def told(story):
        with pytest.raises(TooManyRequests):
            await story.ran(ends=TooManyRequests("ConcurrentInvocationLimitExceeded"))
        counts = story.taken()[story.minute]
        assert (counts.counters, counts.runs, counts.concurrent) == ({"Throttles": 1}, {}, 0)
        assert counts.throttled == {"": 1}

    tell(told)


def test_the_concurrency_of_an_account_is_that_of_all_its_functions_together():
    async def told(story):
        other, reserved = FunctionKey(KEY.account, KEY.region, "g"), FunctionKey(KEY.account, KEY.region, "r")
        elsewhere = FunctionKey(KEY.account, "eu-west-1", "f")
        story.metrics.allot(Allotment(reserved, reserved=5))
        begun = [story.begins(Reference(key)) for key in (KEY, other, reserved, elsewhere)]
        await asyncio.sleep(0)
        # Given back while it runs: it goes on as what it began as.
        story.metrics.allot(Allotment(reserved))
        for end, running in begun:
            end.set_result(outcome())
            await running
        counts = story.taken_of_all()[story.minute]
        assert (counts.concurrent, counts.unreserved, counts.runs) == (3, 2, {})
        assert Counts.parse(counts.text()).unreserved == 2
        await story.ran(Reference(reserved))
        assert story.taken_of_all()[story.minute].unreserved == 1

    tell(told)


def test_runs_on_provisioned_concurrency_are_told_from_those_beyond_it():
    async def told(story):
        story.metrics.allot(Allotment(KEY, provisioned={"3": 2}))
        story.metrics.running_of = lambda key, version: 1 if (key, version) == (KEY, "3") else 99
        prod = Reference(KEY, "prod")
        await story.ran(prod, outcome(version="3", provisioned=True))
        story.metrics.running_of = lambda _key, _version: 2
        await story.ran(prod, outcome(version="3"))
        await story.ran(REF, outcome())
        runs = story.taken()[story.minute].runs
        found = Runs.read(json.loads(json.dumps(runs[Resource("prod", "3")].document())))
        assert (found.provisioned, found.spilled, found.ready, found.utilization) == (1, 1, 2, 1.0)
        assert (runs[ALONE].provisioned, runs[ALONE].spilled, runs[ALONE].utilization) == (0, 0, 0.0)

    tell(told)


def test_what_is_billed_is_rounded_up_for_each_run_and_has_the_init_phase():
    async def told(story):
        await story.ran(ends=outcome(duration_ms=1.2, init_ms=100.1))
        await story.ran(ends=outcome(duration_ms=0.1))
        assert story.taken()[story.minute].runs[ALONE].billed_mb_ms == (102 + 1) * 128

    tell(told)


def test_counts_that_an_older_lamb_wrote_are_read():
    old = '[[[null,"$LATEST",{"success":2},[],[],[40,128]]],{"Throttles":1},{},[],3]'
    counts = Counts.parse(old)
    assert (counts.concurrent, counts.unreserved, counts.throttled) == (3, 0, {})
    assert (counts.runs[ALONE].invocations, counts.runs[ALONE].billed_mb_ms) == (2, 0)


def test_what_ends_before_the_function_runs_is_not_counted():
    async def told(story):
        with pytest.raises(EnvironmentStartFailed):
            await story.ran(ends=EnvironmentStartFailed())
        assert story.taken() == {}
        assert story.metrics.running(KEY) == 0

    tell(told)


def test_an_invocation_counts_in_the_minute_in_which_it_began():
    async def told(story):
        began = story.minute
        end, running = story.begins()
        await asyncio.sleep(0)
        story.clock.advance(seconds=180)
        end.set_result(outcome("error"))
        await running
        assert story.taken()[began].runs[ALONE].errors == 1

    tell(told)


def test_concurrency_is_the_most_that_ran_at_once_and_leaves_out_the_throttled():
    async def told(story):
        begun = [story.begins() for _ in range(3)]
        await asyncio.sleep(0)
        assert story.metrics.running(KEY) == 3
        with pytest.raises(TooManyRequests):
            await story.ran(ends=TooManyRequests("ConcurrentInvocationLimitExceeded"))
        for end, running in begun:
            end.set_result(outcome())
            await running
        assert story.metrics.running(KEY) == 0
        assert story.taken()[story.minute].concurrent == 3

    tell(told)


def test_what_runs_for_long_is_seen_running_in_the_minutes_of_its_time():
    async def told(story):
        end, running = story.begins()
        await asyncio.sleep(0)
        story.clock.advance(seconds=300)
        assert {minute: counts.concurrent for minute, counts in story.taken().items()} == {story.minute: 1}
        end.set_result(outcome())
        await running
        assert sum(counts.all_runs().invocations for counts in story.taken().values()) == 1

    tell(told)


def test_nothing_is_taken_twice_and_what_is_put_back_counts_again():
    async def told(story):
        await story.ran()
        seen = story.metrics.copy()
        first = story.metrics.take()
        assert {which: counts.text() for which, counts in seen.items()} == {
            which: counts.text() for which, counts in first.items()
        }
        assert story.metrics.take() == {}
        await story.ran()
        story.metrics.put_back(first)
        assert story.taken()[story.minute].all_runs().invocations == 2

    tell(told)


def test_a_copy_does_not_change_with_what_is_counted_later():
    async def told(story):
        await story.ran()
        copy = story.metrics.copy()
        await story.ran()
        assert copy[KEY, story.minute].all_runs().invocations == 1

    tell(told)


def test_events_and_deliveries_are_counted_by_name():
    story = Story()
    story.metrics.count(KEY, "AsyncEventsReceived", 3)
    story.metrics.event_age(KEY, 1500)
    story.metrics.event_dropped(KEY, "RetriesExhausted")
    story.metrics.event_dropped(KEY, "EventAgeExceeded")
    story.metrics.event_dropped(KEY, "RetriesExhausted")
    story.metrics.count(KEY, "DeadLetterErrors")
    counts = story.taken()[story.minute]
    assert counts.counters == {"AsyncEventsReceived": 3, "DeadLetterErrors": 1}
    assert counts.dropped == {"RetriesExhausted": 2, "EventAgeExceeded": 1}
    assert (counts.age.count, counts.age.most) == (1, 1500)


def test_a_text_holds_all_of_the_counts():
    async def told(story):
        await story.ran(Reference(KEY, "prod"), outcome("killed", "3", init_ms=5.0, memory_used_mb=120))
        story.metrics.count(KEY, "Throttles")
        story.metrics.event_age(KEY, 9)
        story.metrics.event_dropped(KEY, "RetriesExhausted")
        counts = story.taken()[story.minute]
        again = Counts.parse(counts.text())
        assert again.text() == counts.text()
        assert merged((again, counts)).all_runs().verdicts == {"killed": 2}
        runs = again.runs[Resource("prod", "3")]
        assert (runs.memory_used_mb, runs.memory_mb, runs.init.most) == (120, 128, 5.0)

    tell(told)


def test_counts_of_an_alias_are_those_that_were_invoked_by_its_name():
    async def told(story):
        await story.ran(Reference(KEY, "prod"), outcome(version="3"))
        await story.ran(Reference(KEY, "3"), outcome(version="3"))
        story.metrics.count(KEY, "Throttles")
        only = story.taken()[story.minute].only("prod")
        assert list(only.runs) == [Resource("prod", "3")]
        assert only.counters == {}

    tell(told)


def test_a_name_that_is_not_used_any_more_takes_no_memory():
    async def told(story):
        await story.ran()
        story.metrics.take()
        assert story.metrics._tallies == {}

    tell(told)
