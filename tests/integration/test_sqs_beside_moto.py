"""The same calls to lamb and to moto, answers side by side.

Where AWS and moto differ, AWS is right: the tests at the end say what AWS does, and where that is known from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

# What no two services give the same: ids, times, receipts; who sent it.
MADE_UP = {
    "MessageId",
    "ReceiptHandle",
    "SequenceNumber",
    "SenderId",
    "SentTimestamp",
    "ApproximateFirstReceiveTimestamp",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "TaskHandle",
    "StartedTimestamp",
}


def client(served: harness.Served) -> Any:
    return boto3.client("sqs", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield client(harness.Served(f"http://{host}:{port}", {"AccessKeyId": "any", "SecretAccessKey": "any"}))
    server.stop()


@pytest.fixture(scope="module")
def lamb(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    with lamb_of_module.serving() as served:
        yield client(served)


class Pair:
    """A queue of the same name in each, and calls to both."""

    def __init__(self, lamb: Any, moto: Any, name: str) -> None:
        self.name = name
        self.clients = (lamb, moto)
        self.handles: list[list[str]] = [[], []]

    def url(self, client: Any, suffix: str = "") -> str:
        return f"{client.meta.endpoint_url}/123456789012/{self.name}{suffix}"

    def create(self, suffix: str = "", **attributes: str) -> tuple[Any, Any]:
        if suffix.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        return self.both("create_queue", queue=None, QueueName=self.name + suffix, Attributes=attributes)

    def both(self, operation: str, *, queue: str | None = "", **members: Any) -> tuple[Any, Any]:
        """Both answers without what is made up; errors as (code, status).

        Members that are functions are called with the number of the client.
        """
        answers = []
        for number, one in enumerate(self.clients):
            given = {n: value(number) if callable(value) else value for n, value in members.items()}
            if queue is not None:
                given["QueueUrl"] = self.url(one, queue)
            try:
                answer = getattr(one, operation)(**given)
            except ClientError as error:
                told = error.response["Error"]
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                answers.append((told["Code"], status))
                continue
            self.handles[number] = [m["ReceiptHandle"] for m in answer.get("Messages", [])]
            answers.append(self._plain(answer, one.meta.endpoint_url))
        return answers[0], answers[1]

    def same(self, operation: str, *, queue: str | None = "", **members: Any) -> Any:
        """The answer that both gave."""
        mine, motos = self.both(operation, queue=queue, **members)
        assert mine == motos
        return mine

    def handle(self, index: int = 0) -> Any:
        """A member: the receipt that each gave last."""
        given = [list(handles) for handles in self.handles]
        return lambda number: given[number][index]

    def _plain(self, value: Any, url: str) -> Any:
        if isinstance(value, dict):
            return {
                name: "…" if name in MADE_UP else self._plain(item, url)
                for name, item in value.items()
                if name != "ResponseMetadata"
            }
        if isinstance(value, list):
            return [self._plain(item, url) for item in value]
        return value.replace(url, "URL") if isinstance(value, str) else value


@pytest.fixture
def pair(lamb: Any, moto: Any, request: pytest.FixtureRequest) -> Pair:
    return Pair(lamb, moto, re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-"))


def test_queues_are_made_found_and_listed(pair: Pair) -> None:
    mine, motos = pair.create(VisibilityTimeout="10")
    assert mine == motos == {"QueueUrl": f"URL/123456789012/{pair.name}"}
    pair.same("get_queue_url", queue=None, QueueName=pair.name)
    pair.same("list_queues", queue=None, QueueNamePrefix=pair.name)
    pair.same("list_queues", queue=None, QueueNamePrefix="none-of-that-name")
    pair.same("get_queue_url", queue=None, QueueName="nothing")
    pair.same("create_queue", queue=None, QueueName=pair.name, Attributes={"VisibilityTimeout": "10"})
    pair.same("delete_queue")
    pair.same("send_message", MessageBody="x")


def test_attributes_are_told(pair: Pair) -> None:
    pair.create()
    names = ["QueueArn", "VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod", "CreatedTimestamp"]
    pair.same("get_queue_attributes", AttributeNames=names)
    pair.same(
        "set_queue_attributes", Attributes={"VisibilityTimeout": "3", "ReceiveMessageWaitTimeSeconds": "0"}
    )
    pair.same("get_queue_attributes", AttributeNames=["VisibilityTimeout", "ApproximateNumberOfMessages"])
    pair.same("get_queue_attributes", AttributeNames=["Colour"])


def test_tags_are_told(pair: Pair) -> None:
    pair.create()
    pair.same("tag_queue", Tags={"a": "1", "b": ""})
    pair.same("list_queue_tags")
    pair.same("untag_queue", TagKeys=["a"])
    pair.same("list_queue_tags")


def test_messages_come_as_they_were_sent(pair: Pair) -> None:
    pair.create()
    attributes = {
        "text": {"DataType": "String", "StringValue": "grün"},
        "n": {"DataType": "Number", "StringValue": "1.5"},
        "data": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    pair.same("send_message", MessageBody="ein Gruß", MessageAttributes=attributes)
    pair.same("receive_message", VisibilityTimeout=0)
    pair.same("receive_message", VisibilityTimeout=0, MessageAttributeNames=["text"], AttributeNames=["All"])
    pair.same("receive_message", VisibilityTimeout=0, MessageAttributeNames=["t.*", "n"])
    pair.same("receive_message", MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    pair.same("receive_message")
    counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    pair.same("get_queue_attributes", AttributeNames=counted)


def test_a_received_message_is_shown_again_and_deleted(pair: Pair) -> None:
    pair.create()
    pair.same("send_message", MessageBody="x")
    pair.same("receive_message")
    pair.same("change_message_visibility", ReceiptHandle=pair.handle(), VisibilityTimeout=0)
    pair.same("receive_message", AttributeNames=["ApproximateReceiveCount"])
    pair.same("delete_message", ReceiptHandle=pair.handle())
    pair.same("receive_message")


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("send_message_batch", {"Entries": []}),
        ("send_message_batch", {"Entries": [{"Id": str(n), "MessageBody": "x"} for n in range(11)]}),
        ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "x"}] * 2}),
        ("receive_message", {"MaxNumberOfMessages": 11}),
        ("receive_message", {"WaitTimeSeconds": 21}),
        ("delete_message_batch", {"Entries": []}),
        ("get_queue_attributes", {"AttributeNames": ["Colour"]}),
        ("delete_message", {"ReceiptHandle": "nothing"}),
    ],
)
def test_the_same_mistake_has_the_same_code(pair: Pair, operation: str, members: Any) -> None:
    pair.create()
    assert isinstance(pair.same(operation, **members), tuple)


def test_fifo_queues_keep_order_and_take_nothing_twice(pair: Pair) -> None:
    pair.create(".fifo", ContentBasedDeduplication="true")
    for body in ("a", "a", "b"):
        mine, motos = pair.both("send_message", queue=".fifo", MessageBody=body, MessageGroupId="g")
        assert mine == {**motos, "SequenceNumber": "…"}
    got = pair.same(
        "receive_message", queue=".fifo", MaxNumberOfMessages=10, AttributeNames=["MessageGroupId"]
    )
    assert [message["Body"] for message in got["Messages"]] == ["a", "b"]
    pair.both("send_message", queue=".fifo", MessageBody="c", MessageGroupId="g")
    pair.same("receive_message", queue=".fifo")
    pair.same("send_message", queue=".fifo", MessageBody="without a group")


def test_dead_letters_are_moved(pair: Pair) -> None:
    pair.create("-dead")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{pair.name}-dead"
    pair.create(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
    pair.same("list_dead_letter_source_queues", queue="-dead")
    pair.same("send_message", MessageBody="poison")
    pair.same("receive_message", VisibilityTimeout=0)
    pair.same("receive_message")
    got = pair.same("receive_message", queue="-dead")
    assert got["Messages"][0]["Body"] == "poison"


# ------------------------------------------------------------------------------ where moto is not like AWS


def test_a_batch_that_went_well_has_no_list_of_failures(pair: Pair) -> None:
    """AWS leaves out lists that are empty in its JSON protocol (aws/aws-sdk, issue 657)."""
    pair.create()
    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(3)]
    mine, motos = pair.both("send_message_batch", Entries=entries)
    assert {**mine, "Failed": []} == motos
    pair.same("receive_message", MaxNumberOfMessages=10)
    first, second = pair.handle(0), pair.handle(1)
    deleted, _ = pair.both("delete_message_batch", Entries=lambda n: [{"Id": "a", "ReceiptHandle": first(n)}])
    changed, _ = pair.both(
        "change_message_visibility_batch",
        Entries=lambda n: [{"Id": "b", "ReceiptHandle": second(n), "VisibilityTimeout": 9}],
    )
    assert (deleted, changed) == ({"Successful": [{"Id": "a"}]}, {"Successful": [{"Id": "b"}]})


def test_system_attributes_have_a_digest(pair: Pair) -> None:
    """MD5OfMessageSystemAttributes is in SendMessage's reference; moto gives none."""
    pair.create()
    trace = {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    members = {"MessageBody": "x", "MessageSystemAttributes": {"AWSTraceHeader": trace}}
    mine, motos = pair.both("send_message", **members)
    assert mine == {**motos, "MD5OfMessageSystemAttributes": "62a56dd927315f2b2e12832b84617ea5"}


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        # Only the characters of XML 1.0 may be in a message, says the reference of this operation.
        ("send_message", {"MessageBody": "\x00"}, "InvalidMessageContents"),
        # SetQueueAttributes lists the attributes there are; AWS: "Unknown Attribute Colour."
        ("set_queue_attributes", {"Attributes": {"Colour": "red"}}, "InvalidAttributeName"),
    ],
)
def test_what_aws_refuses_moto_may_take(pair: Pair, operation: str, members: Any, code: str) -> None:
    pair.create()
    mine, motos = pair.both(operation, **members)
    assert mine == (code, 400)
    assert isinstance(motos, dict)
