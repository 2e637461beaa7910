"""What becomes of asynchronous events, through the real program: functions that really fail, and a clock that
goes sixty times as fast."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import harness
import pytest
from e2e import terminal

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:"
SOURCE = """
import os, time

def handler(event, context):
    how = event["how"]
    if how == "raise":
        raise ValueError("as you wish")
    if how == "sleep":
        time.sleep(60)
    if how == "exit":
        os._exit(3)
    if how == "eat":
        kept = bytearray(600 << 20)
        for at in range(0, len(kept), 4096):
            kept[at] = 1
    return {"did": how}
"""
ENDED = "RequestId: {id} Error: Runtime exited with error: "
TIMED_OUT = "RequestId: {id} Error: Task timed out after 1.00 seconds"


@dataclass(frozen=True)
class Row:
    """What an event asks for, and what AWS makes of it."""

    how: str
    runs: int
    condition: str
    message: str = ""
    """`errorMessage` of the last run; `{id}` stands for the request id."""


ROWS = {
    "success": Row("nothing", 1, "Success"),
    "exception": Row("raise", 3, "RetriesExhausted", "as you wish"),
    "timeout": Row("sleep", 3, "RetriesExhausted", TIMED_OUT),
    "crash": Row("exit", 3, "RetriesExhausted", ENDED + "exit status 3"),
    "out of memory": Row("eat", 3, "RetriesExhausted", ENDED + "signal: killed"),
}


@pytest.fixture(scope="module")
def fast(workshop: harness.Workshop) -> Iterator[harness.Lamb]:
    """A home in which a minute is a second, with a queue for dead letters and one for records."""
    lamb = harness.Lamb(harness.ourselves(), workshop.place(), {"LAMB_TIME_SCALE": "60"})
    lamb.write("act.py", SOURCE)
    for name in ("dead", "failed", "done"):
        lamb.run("queue", "create", name)
    yield lamb
    lamb.close()


def create(lamb: harness.Lamb, name: str, *flags: str) -> None:
    lamb.run("create", name, "--file", "act.py", "--handler", "act.handler", "--timeout", "1", *flags)


def send(lamb: harness.Lamb, name: str, how: str) -> str:
    return lamb.run("invoke", name, "--async", "-e", json.dumps({"how": how})).stdout.strip()


def wait(lamb: harness.Lamb, name: str) -> None:
    lamb.run("wait", "events", name, "--empty", "--timeout", "50s")


def received(lamb: harness.Lamb, queue: str, request_id: str) -> dict[str, Any]:
    """The one message of a queue that speaks of this event."""
    messages = lamb.json("queue", "peek", queue, "--max", "100")["Messages"]
    (found,) = [message for message in messages if request_id in json.dumps(message)]
    return found


def age_s(event: dict[str, Any]) -> float:
    """From its arrival to its end, on the home's clock."""
    received_at, finished_at = (
        datetime.fromisoformat(event[member].replace("Z", "+00:00"))
        for member in ("ReceivedAt", "FinishedAt")
    )
    return (finished_at - received_at).total_seconds()


@pytest.fixture(scope="module")
def ended(fast: harness.Lamb) -> dict[str, dict[str, Any]]:
    """Every row's event, over. They wait for their retries together."""
    create(fast, "table", "--dead-letter", "queue:dead")
    fast.run("async", "table", "--on-failure", "queue:failed", "--on-success", "queue:done")
    sent = {name: send(fast, "table", row.how) for name, row in ROWS.items()}
    wait(fast, "table")
    return {name: fast.json("events", "show", request_id) for name, request_id in sent.items()}


@pytest.mark.parametrize("name", ROWS)
def test_an_event_runs_as_often_and_ends_as_in_aws(ended, name):
    row, event = ROWS[name], ended[name]
    assert (event["Runs"], event["Condition"], event["Throttles"]) == (row.runs, row.condition, 0)
    assert event["State"] == ("succeeded" if name == "success" else "failed")
    assert event.get("Error", "") == row.message.format(id=event["RequestId"])
    if name != "success":
        assert age_s(event) >= 180  # one minute, and two


@pytest.mark.parametrize("name", [name for name in ROWS if name != "success"])
def test_its_dead_letter_is_the_event_with_three_attributes(fast, ended, name):
    request_id = ended[name]["RequestId"]
    letter = received(fast, "dead", request_id)
    assert json.loads(letter["Body"]) == {"how": ROWS[name].how}
    attributes = letter["MessageAttributes"]
    assert attributes["RequestID"] == {"DataType": "String", "StringValue": request_id}
    assert attributes["ErrorCode"] == {"DataType": "Number", "StringValue": "200"}
    assert attributes["ErrorMessage"]["StringValue"] == ROWS[name].message.format(id=request_id)


@pytest.mark.parametrize("name", ROWS)
def test_its_record_says_how_it_went(fast, ended, name):
    row, request_id = ROWS[name], ended[name]["RequestId"]
    record = json.loads(received(fast, "done" if name == "success" else "failed", request_id)["Body"])
    timestamp = record.pop("timestamp")
    assert timestamp.endswith("Z")
    payload = record.pop("responsePayload")
    response = {"statusCode": 200, "executedVersion": "$LATEST"}
    if name == "success":
        assert payload == {"did": "nothing"}
    else:
        assert payload["errorMessage"] == row.message.format(id=request_id)
        response["functionError"] = "Unhandled"
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{ARN}table:$LATEST",
            "condition": row.condition,
            "approximateInvokeCount": row.runs,
        },
        "requestPayload": {"how": row.how},
        "responseContext": response,
    }


def test_a_throttled_event_waits_and_runs_when_there_is_room(fast):
    create(fast, "narrow")
    fast.run("concurrency", "narrow", "--reserved", "1")
    sent = [send(fast, "narrow", "nothing") for _ in range(5)]
    wait(fast, "narrow")
    states = [fast.json("events", "show", request_id)["State"] for request_id in sent]
    assert states == ["succeeded"] * 5


def test_reserved_concurrency_of_zero_sends_it_to_the_dead_letters_at_once(fast):
    create(fast, "stopped", "--dead-letter", "queue:dead")
    fast.run("concurrency", "stopped", "--reserved", "0")
    request_id = send(fast, "stopped", "nothing")
    wait(fast, "stopped")
    event = fast.json("events", "show", request_id)
    assert (event["Condition"], event["Runs"]) == ("ZeroReservedConcurrency", 0)
    letter = received(fast, "dead", request_id)
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


@pytest.mark.parametrize(("age", "runs"), [("60s", 1), ("90s", 2)])
def test_an_event_that_would_be_too_old_for_its_retry_gets_none(fast, age, runs):
    name = f"old-{age}"
    create(fast, name)
    fast.run("async", name, "--max-age", age)
    request_id = send(fast, name, "raise")
    wait(fast, name)
    event = fast.json("events", "show", request_id)
    assert (event["Condition"], event["Runs"]) == ("EventAgeExceeded", runs)


def test_events_of_a_deleted_function_or_version_are_given_up_and_kept(fast):
    create(fast, "leaving", "--publish")
    function, version = send(fast, "leaving", "raise"), send(fast, "leaving:1", "raise")
    fast.run("delete", "leaving:1", "--yes")
    fast.run("delete", "leaving", "--yes")
    wait(fast, "leaving")
    for request_id, shown in ((function, "leaving:$LATEST"), (version, "leaving:1")):
        event = fast.json("events", "show", request_id)
        assert (event["State"], event["Condition"]) == ("failed", "FunctionGone")
        assert event["Error"] == f"Function not found: {ARN}{shown}"
        assert json.loads(event["Payload"]) == {"how": "raise"}


def test_an_alias_that_moves_takes_its_waiting_events_along(fast):
    create(fast, "moving", "--publish")
    fast.run("alias", "create", "moving", "live", "--version", "1")
    fast.write("mended.py", "def handler(event, context):\n    return 'mended'\n")
    fast.run("update", "moving", "--file", "mended.py")
    fast.run("configure", "moving", "--handler", "mended.handler")
    fast.run("publish", "moving")
    request_id = send(fast, "moving:live", "raise")
    # Its retries come within three seconds.
    fast.run("alias", "update", "moving", "live", "--version", "2")
    wait(fast, "moving")
    event = fast.json("events", "show", request_id)
    assert (event["State"], event["ExecutedVersion"]) == ("succeeded", "2")


def test_a_destination_that_is_gone_is_counted_and_the_event_can_be_replayed(fast):
    fast.run("queue", "create", "short-lived")
    create(fast, "lost")
    fast.run("async", "lost", "--retries", "0", "--on-failure", "queue:short-lived")
    fast.run("queue", "delete", "short-lived", "--yes")
    request_id = send(fast, "lost", "raise")
    wait(fast, "lost")
    stats = fast.json("stats", "lost")
    assert json.dumps(stats).count("DestinationDeliveryFailures") == 1
    fast.write("mended.py", "def handler(event, context):\n    return 'mended'\n")
    fast.run("update", "lost", "--file", "mended.py")
    fast.run("configure", "lost", "--handler", "mended.handler")
    again = fast.run("events", "replay", request_id).stdout.strip()
    wait(fast, "lost")
    assert fast.json("events", "show", again)["State"] == "succeeded"


def test_a_function_that_sends_itself_events_for_ever_is_stopped(fast):
    fast.write(
        "circle.py",
        "import boto3\n"
        "def handler(event, context):\n"
        "    name = context.function_name\n"
        "    boto3.client('lambda').invoke(FunctionName=name, InvocationType='Event', Payload=b'{}')\n",
    )
    fast.run("create", "circle", "--file", "circle.py", "--timeout", "30", "--memory", "256")
    fast.run("invoke", "circle", "--async")
    wait(fast, "circle")
    events = fast.json("events", "list", "circle")["Events"]
    assert len(events) == 17
    stopped, *rest = events
    assert (stopped["State"], stopped["Runs"]) == ("failed", 0)
    assert "recursive loop" in stopped["Error"]
    assert {event["State"] for event in rest} == {"succeeded"}


# ------------------------------------------------------------------ in a script

TENS = """
def handler(event, context):
    if event["n"] % 10 == 0:
        raise ValueError(event["n"])
"""
LOOP = """
lamb create tens --file tens.py
lamb async tens --retries 0 > /dev/null
for n in $(seq {count}); do
  lamb invoke tens --async -e "{{\\"n\\": $n}}"
done > ids
lamb wait events tens --empty --timeout 60s
listed() {{ lamb events list tens -q -n {count} --state "$1" | wc -l; }}
test "$(sort -u ids | wc -l)" -eq {count}
test "$(listed failed)" -eq {failed}
test "$(listed succeeded)" -eq {succeeded}
dead=$(lamb events list tens --state failed -q -n 1)
test "$(lamb events show "$dead" --json | field Condition)" = RetriesExhausted
test "$(code lamb invoke nobody --async)" -eq 3
test "$(code lamb events show nobody)" -eq 3
test "$(code lamb events cancel "$dead")" -eq 4
echo all accounted for
"""


@pytest.mark.parametrize(
    "count", [60, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_a_shell_loop_of_asynchronous_invocations_is_accounted_for_to_the_last(lamb, count):
    lamb.write("tens.py", TENS)
    script = LOOP.format(count=count, failed=count // 10, succeeded=count - count // 10)
    process = terminal.start(lamb, script)
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, out + err
    assert out.splitlines()[-1] == "all accounted for"
