"""SQS's JSON protocol: what boto3 verifies is in tests/integration/test_boto3_sqs.py, the rest is here."""

from __future__ import annotations

import asyncio
import json

import pytest
from unit.api.counter import Counter


@pytest.fixture
def counter(core):
    counter = Counter(core)
    counter.ask("CreateQueue", QueueName="q")
    return counter


def refused(answer) -> tuple[str, str]:
    assert answer.status >= 400
    return answer.headers["x-amzn-query-error"], answer.document["__type"].partition("#")[2]


def test_an_error_has_the_codes_of_both_protocols(counter):
    answer = counter.ask("SendMessage", QueueUrl="nothing", MessageBody="x")
    assert answer.status == 400
    assert answer.document == {
        "__type": "com.amazonaws.sqs#QueueDoesNotExist",
        "message": "The specified queue does not exist.",
    }
    assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


@pytest.mark.parametrize(
    ("operation", "members", "name"),
    [
        ("SendMessage", {"MessageBody": "x"}, "QueueUrl"),
        ("SendMessage", {"QueueUrl": "q"}, "MessageBody"),
        ("SendMessage", {"QueueUrl": "q", "MessageBody": ""}, "MessageBody"),
        ("CreateQueue", {}, "QueueName"),
        ("DeleteMessage", {"QueueUrl": "q"}, "ReceiptHandle"),
        ("ChangeMessageVisibility", {"QueueUrl": "q", "ReceiptHandle": "r"}, "VisibilityTimeout"),
        ("TagQueue", {"QueueUrl": "q"}, "Tags"),
        ("UntagQueue", {"QueueUrl": "q"}, "TagKeys"),
        ("SetQueueAttributes", {"QueueUrl": "q"}, "Attributes"),
        ("StartMessageMoveTask", {}, "SourceArn"),
        ("CancelMessageMoveTask", {}, "TaskHandle"),
        ("RemovePermission", {"QueueUrl": "q"}, "Label"),
    ],
)
def test_what_is_required_and_missing_is_named(counter, operation, members, name):
    answer = counter.ask(operation, **members)
    assert refused(answer) == ("MissingParameter;Sender", "MissingRequiredParameterException")
    assert answer.document["message"] == f"The request must contain the parameter {name}."


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("SendMessage", {"MessageBody": 1}),
        ("SendMessage", {"MessageBody": "x", "DelaySeconds": "1"}),
        ("SendMessage", {"MessageBody": "x", "DelaySeconds": True}),
        ("SendMessage", {"MessageBody": "x", "MessageAttributes": {"a": 1}}),
        ("SendMessage", {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": 1}}}),
        ("SendMessageBatch", {"Entries": {}}),
        ("SendMessageBatch", {"Entries": [1]}),
        ("GetQueueAttributes", {"AttributeNames": "All"}),
        ("TagQueue", {"Tags": {"a": 1}}),
        ("ReceiveMessage", {"MaxNumberOfMessages": 1.5}),
    ],
)
def test_a_member_of_another_type_is_refused(counter, operation, members):
    answer = counter.ask(operation, QueueUrl="q", **members)
    assert refused(answer)[1] == "SerializationException"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"MessageBody": "x"}], "InvalidBatchEntryId"),
        (
            [{"Id": "a", "MessageBody": "x" * 700_000}, {"Id": "b", "MessageBody": "x" * 400_000}],
            "BatchRequestTooLong",
        ),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(counter, entries, code):
    answer = counter.ask("SendMessageBatch", QueueUrl="q", Entries=entries)
    assert refused(answer) == (f"AWS.SimpleQueueService.{code};Sender", code)


def test_each_entry_of_a_batch_has_its_own_end(counter):
    entries = [
        {"Id": "good", "MessageBody": "x"},
        {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
        {"Id": "empty", "MessageBody": ""},
        {"Id": "odd", "MessageBody": "\x00"},
    ]
    told = counter.ask("SendMessageBatch", QueueUrl="q", Entries=entries).document
    assert [entry["Id"] for entry in told["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in told["Failed"]] == [
        ("late", "InvalidParameterValue", True),
        ("empty", "MissingParameter", True),
        ("odd", "InvalidMessageContents", True),
    ]


def test_an_empty_list_is_left_out(counter):
    assert counter.ask("ReceiveMessage", QueueUrl="q").document == {}
    assert counter.ask("ListQueueTags", QueueUrl="q").document == {}
    assert counter.ask("GetQueueAttributes", QueueUrl="q").document == {}
    assert counter.ask("ListQueues", QueueNamePrefix="none").document == {}


def test_a_message_of_a_megabyte_that_is_all_escapes_is_taken(counter):
    body = "\t" * 1_048_576
    assert counter.ask("SendMessage", QueueUrl="q", MessageBody=body).status == 200
    assert counter.ask("ReceiveMessage", QueueUrl="q").document["Messages"][0]["Body"] == body


# ---------------------------------------------------------------------------------- waiting


def test_a_waiting_receiver_is_woken_by_an_arrival(counter):
    async def story():
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="woken")
        return await waiting

    assert counter.tell(story).document["Messages"][0]["Body"] == "woken"


def test_of_two_who_wait_one_gets_the_message_and_the_other_waits_on(counter):
    async def story():
        waiting = [
            asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
            for _ in range(2)
        ]
        await counter.until_somebody_waits(2)
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="one")
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(pending)) == (1, 1)
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="two")
        return [(await task).document["Messages"][0]["Body"] for task in (*done, *pending)]

    assert counter.tell(story) == ["one", "two"]


def test_a_waiting_receiver_gets_what_becomes_visible_when_the_clock_is_set(counter):
    async def story():
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="late", DelaySeconds=15)
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        counter.clock.advance(seconds=15)
        counter.services.arrivals.announce_all()
        return await waiting

    assert counter.tell(story).document["Messages"][0]["Body"] == "late"


def test_a_wait_ends_without_messages_at_its_time(counter):
    async def story():
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        counter.clock.advance(seconds=20)
        counter.services.arrivals.announce_all()
        return await waiting

    assert counter.tell(story).document == {}


def test_the_queue_says_how_long_is_waited_where_the_request_does_not(counter):
    async def story():
        attributes = {"ReceiveMessageWaitTimeSeconds": "20"}
        await counter.sqs("SetQueueAttributes", QueueUrl="q", Attributes=attributes)
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q"))
        await counter.until_somebody_waits()
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="x")
        return await waiting

    assert counter.tell(story).document["Messages"][0]["Body"] == "x"


def test_a_message_is_not_given_to_a_receiver_who_has_hung_up(counter):
    async def story():
        gone = asyncio.Event()
        content = json.dumps({"QueueUrl": "q", "WaitTimeSeconds": 20}).encode()
        target = {"x-amz-target": "AmazonSQS.ReceiveMessage"}
        waiting = asyncio.ensure_future(counter.post("/", content, target, gone))
        await counter.until_somebody_waits()
        gone.set()
        assert (await waiting).status == 0
        await counter.sqs("SendMessage", QueueUrl="q", MessageBody="for the next one")
        return await counter.sqs("ReceiveMessage", QueueUrl="q")

    assert counter.tell(story).document["Messages"][0]["Body"] == "for the next one"


def test_a_receiver_of_a_fifo_queue_waits_for_its_group(counter):
    async def story():
        q = "q.fifo"
        await counter.sqs("CreateQueue", QueueName=q, Attributes={"FifoQueue": "true"})
        for body in ("a", "b"):
            members = {"MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": body}
            await counter.sqs("SendMessage", QueueUrl=q, **members)
        first = (await counter.sqs("ReceiveMessage", QueueUrl=q)).document["Messages"][0]
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl=q, WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        await counter.sqs("DeleteMessage", QueueUrl=q, ReceiptHandle=first["ReceiptHandle"])
        return await waiting

    assert counter.tell(story).document["Messages"][0]["Body"] == "b"


def test_nobody_waits_when_lamb_stops(counter):
    async def story():
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        counter.services.arrivals.close()
        return await waiting

    assert counter.tell(story).document == {}


def test_who_waits_for_a_queue_that_is_deleted_is_told(counter):
    async def story():
        loop = asyncio.get_running_loop()
        arrivals = counter.services.arrivals
        counter.services.core.arrived = lambda arn: loop.call_soon_threadsafe(arrivals.announce, arn)
        waiting = asyncio.ensure_future(counter.sqs("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20))
        await counter.until_somebody_waits()
        await counter.sqs("DeleteQueue", QueueUrl="q")
        return await waiting

    assert refused(counter.tell(story))[1] == "QueueDoesNotExist"
