"""Whole lives of events, over a real store; only the functions and the time are the test's."""

from __future__ import annotations

import asyncio
import json

import pytest
from unit.core.plane import PLACE, key, ref
from unit.queue.yard import Yard, outcome, play, raising

from lamb.core import event_configs, events, functions, queues
from lamb.model.errors import EnvironmentStartFailed, RecursiveInvocation, TooManyRequests
from lamb.model.names import Reference
from lamb.model.queue import QueueKey
from lamb.model.requests import EventInvokeConfig

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
THROTTLED = TooManyRequests("ConcurrentInvocationLimitExceeded")


def configure(yard: Yard, qualifier: str = "$LATEST", **members: object) -> None:
    wanted = EventInvokeConfig(qualifier, **members)
    event_configs.put(yard.plane.core, ref("f", None if qualifier == "$LATEST" else qualifier), wanted)


def queue(yard: Yard, name: str = "dead") -> None:
    queues.create(yard.plane.core, QueueKey(PLACE.account, PLACE.region, name), {}, {})


def received(yard: Yard, name: str = "dead") -> list[tuple[str, dict[str, str]]]:
    """Body and message attributes of everything in a queue."""
    _, peeked = queues.peek(yard.plane.core, QueueKey(PLACE.account, PLACE.region, name), 10)
    return [
        (message.body, {name: told["StringValue"] for name, told in message.attributes.items()})
        for message in peeked
    ]


def state(yard: Yard, request_id: str) -> tuple[str, str | None, int]:
    view = yard.view(request_id)
    return view.state, view.condition, view.event.runs


def test_an_event_that_succeeds_runs_once_and_keeps_no_payload(tmp_path):
    async def story(yard: Yard) -> None:
        request_id = await yard.send(b'{"n": 1}', qualifier="$LATEST")
        await yard.rest()
        ((version, event),) = yard.ran
        assert (version, event.request_id, event.payload) == ("$LATEST", request_id, b'{"n": 1}')
        assert event.invoked_arn == f"{ARN}:$LATEST"
        assert event.client_context is None
        assert state(yard, request_id) == ("succeeded", "Success", 1)
        assert yard.view(request_id).event.payload == b""
        assert not yard.worker.needed

    play(tmp_path, story)


def test_an_error_is_tried_again_after_one_minute_and_after_two_under_the_same_id(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising("no")
        request_id = await yard.send()
        await yard.rest()
        assert len(yard.ran) == 1
        await yard.advance(59.9)
        assert len(yard.ran) == 1
        await yard.advance(0.1)
        assert len(yard.ran) == 2
        await yard.advance(119.9)
        assert len(yard.ran) == 2
        await yard.advance(0.1)
        assert [event.request_id for _, event in yard.ran] == [request_id] * 3
        assert state(yard, request_id) == ("failed", "RetriesExhausted", 3)
        await yard.advance(3600)
        assert len(yard.ran) == 3

    play(tmp_path, story)


@pytest.mark.parametrize(("age_s", "runs"), [(60, 1), (90, 2), (300, 3)])
def test_the_age_is_checked_before_waiting(tmp_path, age_s, runs):
    async def story(yard: Yard) -> None:
        configure(yard, max_age_s=age_s)

        async def slowly(target, event):
            yard.plane.clock.advance(seconds=0.001)
            return outcome(event, target, "no")

        yard.answer = slowly
        request_id = await yard.send()
        await yard.rest()
        for _ in range(5):
            await yard.advance(60)
        assert len(yard.ran) == runs
        condition = "RetriesExhausted" if runs == 3 else "EventAgeExceeded"
        assert state(yard, request_id) == ("failed", condition, runs)

    play(tmp_path, story)


def test_a_throttle_waits_longer_each_time_and_takes_no_retry(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising(THROTTLED)
        request_id = await yard.send()
        await yard.rest()
        for count, delay_s in enumerate((1, 2, 4, 8), start=1):
            assert len(yard.ran) == count
            await yard.advance(delay_s - 0.001)
            assert len(yard.ran) == count
            await yard.advance(0.001)
        view = yard.view(request_id)
        assert (view.event.runs, view.event.retries, view.event.throttles) == (0, 0, 5)
        yard.answer = None
        await yard.advance(16)
        assert state(yard, request_id) == ("succeeded", "Success", 1)

    play(tmp_path, story)


def test_trouble_of_the_host_takes_no_retry_either(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising(EnvironmentStartFailed("no room on the disk"))
        request_id = await yard.send()
        await yard.rest()
        yard.answer = None
        await yard.advance(1)
        view = yard.view(request_id)
        assert (view.state, view.event.retries, view.event.throttles) == ("succeeded", 0, 1)

    play(tmp_path, story)


def test_what_is_throttled_for_too_long_becomes_a_dead_letter_that_never_ran(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        configure(yard, max_age_s=60, on_failure=DEAD)
        yard.answer = raising(THROTTLED)
        request_id = await yard.send(b'{"n":1.50}')
        for _ in range(7):
            await yard.advance(16)
        assert state(yard, request_id) == ("failed", "EventAgeExceeded", 0)
        ((body, _),) = received(yard)
        record = json.loads(body)
        assert record["requestContext"] == {
            "requestId": request_id,
            "functionArn": f"{ARN}:$LATEST",
            "condition": "EventAgeExceeded",
            "approximateInvokeCount": 0,
        }
        assert "responseContext" not in record
        assert '"requestPayload":{"n":1.50}' in body

    play(tmp_path, story)


def test_reserved_concurrency_of_zero_ends_events_at_once(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        yard.plane.configure(dead_letter_arn=DEAD)
        yard.blocked = True
        request_id = await yard.send(b'{"n": 1}')
        await yard.rest()
        assert not yard.ran
        assert state(yard, request_id) == ("failed", "ZeroReservedConcurrency", 0)
        ((body, attributes),) = received(yard)
        assert body == '{"n": 1}'
        assert attributes == {"RequestID": request_id, "ErrorCode": "429", "ErrorMessage": "Rate Exceeded."}

    play(tmp_path, story)


def test_a_dead_letter_is_the_event_as_it_was_with_three_attributes(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        yard.plane.configure(dead_letter_arn=DEAD)
        configure(yard, retries=0)
        yard.answer = raising("x" * 2000)
        request_id = await yard.send(b' {"n":\t1} ')
        await yard.rest()
        ((body, attributes),) = received(yard)
        assert body == ' {"n":\t1} '
        assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "x" * 1024}

    play(tmp_path, story)


def test_destination_and_dead_letter_queue_both_get_theirs(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        queue(yard, "records")
        yard.plane.configure(dead_letter_arn=DEAD)
        configure(yard, retries=0, on_failure=DEAD.replace("dead", "records"))
        yard.answer = raising("no")
        await yard.send()
        await yard.rest()
        ((body, _),) = received(yard, "records")
        assert json.loads(body)["responseContext"] == {
            "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
        }  # fmt: skip
        assert json.loads(body)["responsePayload"] == {"errorMessage": "no", "errorType": "E"}
        assert len(received(yard)) == 1

    play(tmp_path, story)


def test_the_record_of_a_success_may_go_to_another_function(tmp_path):
    async def story(yard: Yard) -> None:
        yard.plane.create("audit")
        configure(yard, on_success=f"{ARN[:-1]}audit")
        request_id = await yard.send(b"[1]")
        await yard.rest()
        await asyncio.sleep(0)
        await yard.rest()
        (_, first), (_, second) = yard.ran
        assert (first.request_id, second.invoked_arn) == (request_id, f"{ARN[:-1]}audit")
        record = json.loads(second.payload)
        assert record["requestContext"]["condition"] == "Success"
        assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
        assert record["responsePayload"] == {"ok": True}

    play(tmp_path, story)


def test_an_unreachable_destination_is_counted_and_the_event_kept(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        configure(yard, retries=0, on_failure=DEAD)
        queues.delete(yard.plane.core, QueueKey(PLACE.account, PLACE.region, "dead"))
        yard.answer = raising("no")
        request_id = await yard.send(b"[7]")
        await yard.rest()
        assert state(yard, request_id) == ("failed", "RetriesExhausted", 1)
        assert yard.view(request_id).event.payload == b"[7]"
        (counts,) = (counts for (key, _), counts in yard.metrics.take().items() if key.name)
        assert counts.counters["DestinationDeliveryFailures"] == 1

    play(tmp_path, story)


def test_an_alias_has_a_config_of_its_own_and_may_move_between_two_attempts(tmp_path):
    async def story(yard: Yard) -> None:
        yard.plane.publish()
        yard.plane.publish_new("def handler(event, context): return 2\n")
        yard.plane.alias("live", "1")
        configure(yard, retries=0)
        configure(yard, "live", retries=1)
        yard.answer = raising("no")
        request_id = await yard.send(qualifier="live")
        await yard.rest()
        yard.plane.shift("live", version="2")
        yard.answer = None
        await yard.advance(60)
        assert [version for version, _ in yard.ran] == ["1", "2"]
        view = yard.view(request_id)
        assert (view.state, view.executed_version) == ("succeeded", "2")

    play(tmp_path, story)


def test_events_for_a_function_that_is_gone_are_given_up_and_kept(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising("no")
        request_id = await yard.send(b"[7]")
        await yard.rest()
        functions.delete(yard.plane.core, ref())
        await yard.advance(60)
        assert state(yard, request_id) == ("failed", "FunctionGone", 1)
        assert yard.view(request_id).error == f"Function not found: {ARN}:$LATEST"
        assert yard.view(request_id).event.payload == b"[7]"

    play(tmp_path, story)


def test_events_for_a_version_that_is_gone_are_given_up_and_can_be_replayed_on_another(tmp_path):
    async def story(yard: Yard) -> None:
        yard.plane.publish()
        yard.plane.publish_new("def handler(event, context): return 2\n")
        yard.answer = raising("no")
        request_id = await yard.send(b"[7]", qualifier="1")
        await yard.rest()
        functions.delete(yard.plane.core, ref("f", "1"))
        yard.answer = None
        await yard.advance(60)
        assert state(yard, request_id) == ("failed", "FunctionGone", 1)
        again = events.replay(yard.plane.core, request_id, on="2")
        await asyncio.sleep(0)
        await yard.rest()
        assert again != request_id
        version, event = yard.ran[-1]
        assert (version, event.request_id, event.payload) == ("2", again, b"[7]")

    play(tmp_path, story)


def test_a_cancelled_event_is_not_run_again(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising("no")
        request_id = await yard.send()
        await yard.rest()
        events.cancel(yard.plane.core, request_id)
        await yard.advance(60)
        assert len(yard.ran) == 1
        assert state(yard, request_id)[0] == "cancelled"
        assert not yard.worker.needed

    play(tmp_path, story)


def test_nothing_starts_while_an_update_is_in_progress(tmp_path):
    async def story(yard: Yard) -> None:
        yard.worker.hold(key())
        await yard.send()
        await yard.rest()
        assert not yard.ran
        yard.worker.release(key())
        await yard.rest()
        assert len(yard.ran) == 1

    play(tmp_path, story)


def test_a_thousand_events_run_once_each_and_as_many_at_once_as_the_window_says(tmp_path):
    async def story(yard: Yard) -> None:
        most = now = 0

        async def watched(target, event):
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return outcome(event, target)

        yard.answer = watched
        sent = await asyncio.gather(*(yard.send(b"%d" % number) for number in range(1000)))
        await yard.worker.emptied(key())
        assert len(yard.ran) == 1000
        assert {event.request_id for _, event in yard.ran} == set(sent)
        assert most <= 8

    play(tmp_path, story)


def test_an_event_starts_when_there_is_room_at_last_and_nothing_has_ended(tmp_path):
    async def story(yard: Yard) -> None:
        second = asyncio.Event()

        async def wait(target, event):
            if len(yard.ran) == 2:
                second.set()
            await asyncio.wait_for(second.wait(), 10)
            return outcome(event, target)

        yard.answer, yard.room = wait, False
        await yard.send()
        await yard.send()
        yard.room = True  # environments were at their init, and are up
        await yard.rest()
        assert [view.state for view in yard.views()] == ["succeeded"] * 2

    play(tmp_path, story)


def test_what_a_daemon_left_is_taken_up_by_the_next(tmp_path):
    left: list[str] = []

    async def leave(yard: Yard) -> None:
        never = asyncio.Event()

        async def hang(target, event):
            await never.wait()
            raise AssertionError

        yard.answer = hang
        left.extend([await yard.send(b"%d" % number) for number in range(20)])
        # Some run, some wait in memory: this daemon dies with all of them.
        for task in list(yard.worker._tasks):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert yard.worker.needed

    async def take_up(yard: Yard) -> None:
        await yard.worker.emptied(key())
        assert {event.request_id for _, event in yard.ran} == set(left)
        assert all(view.state == "succeeded" for view in yard.views())

    play(tmp_path, leave)
    play(tmp_path, take_up)


def test_the_last_event_that_ends_lets_go_who_waits_for_none(tmp_path):
    async def story(yard: Yard) -> None:
        yard.answer = raising("no")
        await yard.send()
        await yard.rest()
        waiting = asyncio.ensure_future(yard.worker.emptied(key()))
        await asyncio.sleep(0)
        assert not waiting.done()
        await yard.advance(60)
        await yard.advance(120)
        await asyncio.wait_for(waiting, 5)

    play(tmp_path, story)


def test_references_keep_the_qualifier_that_the_caller_wrote(tmp_path):
    async def story(yard: Yard) -> None:
        request_id = await yard.send()
        await yard.rest()
        assert yard.view(request_id).event.reference == Reference(key())
        assert yard.ran[0][1].invoked_arn == ARN

    play(tmp_path, story)


def test_a_chain_that_runs_in_circles_is_ended_and_its_last_event_kept(tmp_path):
    async def story(yard: Yard) -> None:
        queue(yard)
        yard.plane.configure(dead_letter_arn=DEAD)
        yard.answer = raising(RecursiveInvocation())
        request_id = await yard.send(b"[7]")
        await yard.rest()
        assert state(yard, request_id) == ("failed", "RetriesExhausted", 0)
        ((body, attributes),) = received(yard)
        assert (body, attributes["ErrorCode"]) == ("[7]", "400")
        assert "recursive loop" in attributes["ErrorMessage"]

    play(tmp_path, story)


def test_what_an_event_leads_to_belongs_to_the_same_chain(tmp_path):
    async def story(yard: Yard) -> None:
        yard.plane.create("audit")
        configure(yard, on_success=f"{ARN[:-1]}audit")
        await yard.send()
        await yard.rest()
        await asyncio.sleep(0)
        await yard.rest()
        (_, first), (_, second) = yard.ran
        assert first.chained
        assert "Lineage=" in (second.trace_id or "")

    play(tmp_path, story)
