"""boto3's SQS client, unpatched, against `lamb serve`: only the endpoint and some keys are set."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

TEXT = {"DataType": "String", "StringValue": "x"}


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


@pytest.fixture(scope="module")
def url(served: harness.Served) -> str:
    return served.url


@pytest.fixture(scope="module")
def sqs(served: harness.Served) -> Any:
    """An SQS client that believes to talk to AWS."""
    return boto3.client("sqs", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def make(sqs: Any, request: pytest.FixtureRequest) -> Any:
    """Makes a queue named after the test; its URL."""

    def make(suffix: str = "", **attributes: str) -> str:
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-") + suffix
        if suffix.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return make


def arn_of(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(sqs: Any, url: str, **members: Any) -> list[str]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **members).get("Messages", [])
    return [message["Body"] for message in found]


# ---------------------------------------------------------------------------------- queues


def test_a_queue_is_found_by_its_name_and_its_url_says_where(sqs: Any, url: str, make: Any) -> None:
    made = make()
    name = made.rpartition("/")[2]
    assert made == f"{url}/123456789012/{name}"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == made
    assert arn_of(sqs, made) == f"arn:aws:sqs:us-east-1:123456789012:{name}"


def test_queues_are_listed_page_after_page(sqs: Any, make: Any) -> None:
    made = [make(f"-{number}") for number in range(3)]
    prefix = made[0].rpartition("/")[2].rpartition("-")[0]
    pages = sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    assert [page["QueueUrls"] for page in pages] == [made[:2], made[2:]]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="none-of-that-name")


def test_attributes_are_set_and_told(sqs: Any, make: Any) -> None:
    queue = make(VisibilityTimeout="5")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "7"})
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (told["VisibilityTimeout"], told["DelaySeconds"], told["MaximumMessageSize"]) == (
        "5",
        "7",
        "1048576",
    )
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Colour"])
    with pytest.raises(sqs.exceptions.InvalidAttributeValue):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "901"})


def test_another_queue_of_that_name_is_refused(sqs: Any, make: Any) -> None:
    make(DelaySeconds="1")
    with pytest.raises(sqs.exceptions.QueueNameExists) as refusal:
        make(DelaySeconds="2")
    error = refusal.value.response["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == ("QueueAlreadyExists", "QueueNameExists")
    assert error["Message"].endswith("a different value for attribute DelaySeconds")


def test_a_queue_that_is_not_there_is_known_by_both_codes(sqs: Any, url: str) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refusal:
        sqs.get_queue_url(QueueName="nothing")
    error = refusal.value.response["Error"]
    assert error == {
        "Code": "AWS.SimpleQueueService.NonExistentQueue",
        "QueryErrorCode": "QueueDoesNotExist",
        "Message": "The specified queue does not exist.",
        "Type": "Sender",
    }
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl=f"{url}/123456789012/nothing", MessageBody="x")


def test_a_queue_is_purged_once_a_minute_and_deleted(sqs: Any, make: Any) -> None:
    queue = make()
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.purge_queue(QueueUrl=queue)
    assert bodies(sqs, queue) == []
    with pytest.raises(sqs.exceptions.PurgeQueueInProgress) as refusal:
        sqs.purge_queue(QueueUrl=queue)
    assert refusal.value.response["Error"]["Code"] == "AWS.SimpleQueueService.PurgeQueueInProgress"
    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=queue)


def test_tags_come_and_go(sqs: Any, make: Any) -> None:
    queue = make()
    sqs.tag_queue(QueueUrl=queue, Tags={"a": "1", "b": "2"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"a": "1", "b": "2"}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["a", "b"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)


def test_permissions_are_statements_of_the_policy(sqs: Any, make: Any) -> None:
    queue = make()
    members = {"QueueUrl": queue, "AWSAccountIds": ["111122223333"], "Actions": ["ReceiveMessage"]}
    sqs.add_permission(Label="one", **members)
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    arn = arn_of(sqs, queue)
    assert json.loads(told) == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "SQS:ReceiveMessage",
                "Resource": arn,
            }
        ],
    }
    with pytest.raises(
        ClientError, match=r"Value one for parameter Label is invalid. Reason: Already exists\."
    ):
        sqs.add_permission(Label="one", **members)
    sqs.remove_permission(QueueUrl=queue, Label="one")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
    with pytest.raises(ClientError, match="can't find label"):
        sqs.remove_permission(QueueUrl=queue, Label="one")


# ---------------------------------------------------------------------------------- messages


def test_a_message_comes_as_it_was_sent_and_boto3_finds_its_sums_right(sqs: Any, make: Any) -> None:
    queue = make()
    attributes = {
        "text": {"DataType": "String", "StringValue": "grün"},
        "number": {"DataType": "Number.int", "StringValue": "42"},
        "data": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    trace = {
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    }
    sent = sqs.send_message(
        QueueUrl=queue, MessageBody="ein Gruß", MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    (got,) = sqs.receive_message(
        QueueUrl=queue, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"]
    assert (got["MessageId"], got["Body"], got["MessageAttributes"]) == (
        sent["MessageId"],
        "ein Gruß",
        attributes,
    )
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    assert got["Attributes"]["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]
    assert set(got["Attributes"]) == {
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "AWSTraceHeader",
    }


def test_a_receiver_gets_the_attributes_that_it_asks_for(sqs: Any, make: Any) -> None:
    queue = make(VisibilityTimeout="0")
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={"a.b": TEXT, "c": TEXT})
    (bare,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert set(bare) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    (some,) = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["SentTimestamp"], MessageAttributeNames=["a.*"]
    )["Messages"]
    assert (set(some["Attributes"]), set(some["MessageAttributes"])) == ({"SentTimestamp"}, {"a.b"})


def test_batches_answer_for_each_entry(sqs: Any, make: Any) -> None:
    queue = make()
    entries: list[dict[str, Any]] = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(3)]
    entries.append({"Id": "bad", "MessageBody": "x", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == ["0", "1", "2"]
    (failed,) = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameterValue", True)
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(found)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[{**entry, "VisibilityTimeout": 100} for entry in handles]
    )
    assert len(changed["Successful"]) == 3
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[*handles, {"Id": "x", "ReceiptHandle": "?"}])
    assert len(deleted["Successful"]) == 3
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("x", "ReceiptHandleIsInvalid")]
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert {told[name] for name in told if name.startswith("ApproximateNumber")} == {"0"}


def test_bad_batches_are_exceptions_of_their_own(sqs: Any, make: Any) -> None:
    queue = make()
    many = [{"Id": str(n), "MessageBody": "x"} for n in range(11)]
    with pytest.raises(sqs.exceptions.TooManyEntriesInBatchRequest):
        sqs.send_message_batch(QueueUrl=queue, Entries=many)
    with pytest.raises(sqs.exceptions.EmptyBatchRequest):
        sqs.delete_message_batch(QueueUrl=queue, Entries=[])
    with pytest.raises(sqs.exceptions.BatchEntryIdsNotDistinct):
        sqs.send_message_batch(QueueUrl=queue, Entries=[many[0], many[0]])
    with pytest.raises(sqs.exceptions.InvalidBatchEntryId):
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a b", "MessageBody": "x"}])
    with pytest.raises(sqs.exceptions.BatchRequestTooLong):
        sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": i, "MessageBody": "x" * 600_000} for i in ("a", "b")]
        )


def test_what_no_message_may_hold_is_refused(sqs: Any, make: Any) -> None:
    queue = make(MaximumMessageSize="1024")
    with pytest.raises(sqs.exceptions.InvalidMessageContents):
        sqs.send_message(QueueUrl=queue, MessageBody="\x00")
    with pytest.raises(ClientError, match="Message must be shorter than 1024 bytes"):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1025)


def test_visibility_is_changed_and_bad_receipts_are_refused(sqs: Any, make: Any) -> None:
    queue = make()
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    (first,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (second,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert second["MessageId"] == first["MessageId"]
    with pytest.raises(sqs.exceptions.MessageNotInflight):
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=9
        )
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="nothing")
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"MaxNumberOfMessages": 11}, "Value 11 for parameter MaxNumberOfMessages is invalid"),
        ({"WaitTimeSeconds": 21}, "Value 21 for parameter WaitTimeSeconds is invalid"),
        ({"VisibilityTimeout": 43201}, "Value 43201 for parameter VisibilityTimeout is invalid"),
    ],
)
def test_a_receive_out_of_bounds_is_refused(sqs: Any, make: Any, members: Any, text: str) -> None:
    with pytest.raises(ClientError, match=text) as refusal:
        sqs.receive_message(QueueUrl=make(), **members)
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_a_long_poll_ends_when_a_message_comes(sqs: Any, make: Any) -> None:
    queue, got = make(), list[str]()
    waiting = threading.Thread(target=lambda: got.extend(bodies(sqs, queue, WaitTimeSeconds=20)))
    waiting.start()
    sqs.send_message(QueueUrl=queue, MessageBody="woken")
    waiting.join(19)
    assert got == ["woken"]


# ---------------------------------------------------------------------------------- FIFO, dead letters


def test_a_fifo_queue_keeps_order_and_takes_nothing_twice(sqs: Any, make: Any) -> None:
    queue = make(".fifo", ContentBasedDeduplication="true")
    first, again, other = (
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g") for body in ("a", "a", "b")
    )
    assert first["SequenceNumber"] == again["SequenceNumber"] < other["SequenceNumber"]
    assert len(first["SequenceNumber"]) == 20
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert [(m["Body"], m["Attributes"]["SequenceNumber"]) for m in found] == [
        ("a", first["SequenceNumber"]),
        ("b", other["SequenceNumber"]),
    ]
    assert found[0]["Attributes"]["MessageGroupId"] == "g"
    sqs.send_message(QueueUrl=queue, MessageBody="c", MessageGroupId="g")
    assert bodies(sqs, queue) == []
    with pytest.raises(ClientError) as refusal:
        sqs.send_message(QueueUrl=queue, MessageBody="d")
    error = refusal.value.response["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == (
        "MissingParameter",
        "MissingRequiredParameterException",
    )


def test_dead_letters_go_where_the_policy_says_and_come_back(sqs: Any, make: Any) -> None:
    dead = make("-dead")
    dead_arn = arn_of(sqs, dead)
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    queue = make("-source", RedrivePolicy=policy)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert bodies(sqs, queue, VisibilityTimeout=0) == ["poison"]
    assert bodies(sqs, queue) == []
    (letter,) = sqs.receive_message(
        QueueUrl=dead, VisibilityTimeout=0, MessageSystemAttributeNames=["DeadLetterQueueSourceArn"]
    )["Messages"]
    assert letter["Attributes"] == {"DeadLetterQueueSourceArn": arn_of(sqs, queue)}
    sqs.start_message_move_task(SourceArn=dead_arn)
    assert bodies(sqs, queue, WaitTimeSeconds=20) == ["poison"]
    (task,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    with pytest.raises(ClientError, match="Task"):
        sqs.cancel_message_move_task(TaskHandle="nothing")
    with pytest.raises(sqs.exceptions.ResourceNotFoundException):
        sqs.start_message_move_task(SourceArn=f"{dead_arn}-not")


def test_a_move_task_is_cancelled(sqs: Any, make: Any) -> None:
    dead = make("-dead")
    dead_arn = arn_of(sqs, dead)
    make("-source", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1}))
    for number in range(3):
        sqs.send_message(QueueUrl=dead, MessageBody=str(number))
    elsewhere = make("-elsewhere")
    handle = sqs.start_message_move_task(
        SourceArn=dead_arn, DestinationArn=arn_of(sqs, elsewhere), MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] < 3
    (task,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesToMove"]) == ("CANCELLED", 3)


def test_messages_outlive_the_daemon(new_lamb: Any) -> None:
    lamb = new_lamb()
    for number in range(2):
        with lamb.serving() as served:
            client = boto3.client("sqs", **served.aws)
            queue = client.create_queue(QueueName="q")["QueueUrl"]
            if number == 0:
                client.send_message(QueueUrl=queue, MessageBody="kept")
            else:
                assert bodies(client, queue) == ["kept"]
        lamb.stop_daemon()
