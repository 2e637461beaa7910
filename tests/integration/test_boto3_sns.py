"""boto3's SNS client, unpatched, against `lamb serve`: only the endpoint and some keys are set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

PREFIX = "arn:aws:sns:us-east-1:123456789012:"
RECORDER = """
import json
def handler(event, context):
    print("got " + json.dumps(event))
"""


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


@pytest.fixture(scope="module")
def url(served: harness.Served) -> str:
    return served.url


def client(service: str, served: harness.Served) -> Any:
    return boto3.client(service, **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture(scope="module")
def sns(served: harness.Served) -> Any:
    return client("sns", served)


@pytest.fixture(scope="module")
def sqs(served: harness.Served) -> Any:
    return client("sqs", served)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """One for each test."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:60]


@pytest.fixture
def topic(sns: Any, name: str) -> str:
    return sns.create_topic(Name=name)["TopicArn"]


@pytest.fixture
def queue(sqs: Any, name: str) -> Queue:
    return Queue(sqs, name)


class Queue:
    def __init__(self, sqs: Any, name: str, **attributes: str) -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        wanted = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = wanted["Attributes"]["QueueArn"]

    def receive(self) -> list[dict[str, Any]]:
        """What is there: a publication has been delivered when its publisher has the answer."""
        answer = self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def refused(ask: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        ask()
    answer = caught.value.response
    assert answer["Error"]["Type"] == "Sender"
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


# ------------------------------------------------------------------ topics


def test_a_topic_is_created_described_changed_and_deleted(sns: Any, name: str) -> None:
    made = sns.create_topic(Name=name, Attributes={"DisplayName": "<shown & told>"})
    assert made["TopicArn"] == PREFIX + name
    assert len(made["ResponseMetadata"]["RequestId"]) == 36
    assert sns.create_topic(Name=name)["TopicArn"] == PREFIX + name
    sns.set_topic_attributes(TopicArn=PREFIX + name, AttributeName="SignatureVersion", AttributeValue="2")
    shown = sns.get_topic_attributes(TopicArn=PREFIX + name)["Attributes"]
    assert (shown["DisplayName"], shown["SignatureVersion"]) == ("<shown & told>", "2")
    assert shown["Owner"] == "123456789012"
    sns.delete_topic(TopicArn=PREFIX + name)
    sns.delete_topic(TopicArn=PREFIX + name)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=PREFIX + name)


def test_pages_of_topics_follow_each_other(sns: Any, name: str) -> None:
    arns = {sns.create_topic(Name=f"{name}-{number}")["TopicArn"] for number in range(101)}
    pages = list(sns.get_paginator("list_topics").paginate())
    listed = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
    assert arns <= set(listed)
    assert len(pages) > 1
    assert len(listed) == len(set(listed))


def test_tags_come_and_go(sns: Any, name: str) -> None:
    arn = sns.create_topic(Name=name, Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b c", "Value": "ä"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b c", "Value": "ä"}]
    sns.create_topic(Name=name, Tags=[])


# ------------------------------------------------------------------ subscriptions


def test_a_subscription_is_made_shown_changed_listed_and_ended(sns: Any, topic: str, queue: Queue) -> None:
    policy = json.dumps({"kind": ["a"]})
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue.arn,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": policy},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (shown["RawMessageDelivery"], shown["FilterPolicy"]) == ("true", policy)
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="")
    shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert shown["RawMessageDelivery"] == "false"
    assert "FilterPolicy" not in shown
    listed = {
        "SubscriptionArn": arn,
        "Owner": "123456789012",
        "Protocol": "sqs",
        "Endpoint": queue.arn,
        "TopicArn": topic,
    }
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [listed]
    assert listed in sns.list_subscriptions()["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_there_is_nothing_to_confirm(sns: Any, topic: str) -> None:
    code, message, status = refused(lambda: sns.confirm_subscription(TopicArn=topic, Token="t" * 64))
    assert (code, status) == ("InvalidParameter", 400)
    assert "need no confirmation" in message


# ------------------------------------------------------------------ publishing


def test_what_is_published_is_received_from_a_queue(sns: Any, topic: str, queue: Queue) -> None:
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    answer = sns.publish(
        TopicArn=topic,
        Subject="greeting",
        Message="a & b\n\tä 🙂",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
        },
    )
    (message,) = queue.receive()
    envelope = json.loads(message["Body"])
    assert envelope["MessageId"] == answer["MessageId"]
    assert (envelope["Subject"], envelope["Message"]) == ("greeting", "a & b\n\tä 🙂")
    assert envelope["MessageAttributes"] == {
        "text": {"Type": "String", "Value": "x"},
        "bytes": {"Type": "Binary", "Value": "AgME"},
    }


def test_a_raw_delivery_brings_message_attributes_whose_digest_boto3_verifies(
    sns: Any, topic: str, queue: Queue
) -> None:
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    attributes = {
        "n": {"DataType": "Number", "StringValue": "99.12"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    sns.publish(TargetArn=topic, Message="text", MessageAttributes=attributes)
    (message,) = queue.receive()
    assert (message["Body"], message["MessageAttributes"]) == ("text", attributes)


def test_a_batch_is_published_entry_by_entry(sns: Any, topic: str, queue: Queue) -> None:
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    number = {"DataType": "Number", "StringValue": "1"}
    entries = [
        {"Id": "1", "Message": "one", "MessageAttributes": {"n": number}},
        {"Id": "2", "Message": "two", "Subject": "s"},
        {
            "Id": "3",
            "Message": json.dumps({"default": "no", "sqs": "three"}),
            "MessageStructure": "json",
        },
    ]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "2", "3"]
    assert answer.get("Failed", []) == []
    received = queue.receive()
    assert sorted(message["Body"] for message in received) == ["one", "three", "two"]
    assert [m["MessageAttributes"] for m in received if m["Body"] == "one"] == [{"n": number}]


def test_a_filter_keeps_back_what_does_not_match(sns: Any, topic: str, queue: Queue) -> None:
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue.arn,
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicyScope": "MessageBody",
            "FilterPolicy": json.dumps({"order": {"total": [{"numeric": [">=", 100]}]}}),
        },
    )
    for total in (99, 100):
        sns.publish(TopicArn=topic, Message=json.dumps({"order": {"total": total}}))
    assert [json.loads(message["Body"]) for message in queue.receive()] == [{"order": {"total": 100}}]


def test_a_fifo_topic_keeps_order_and_knows_duplicates(sns: Any, sqs: Any, name: str) -> None:
    arn = sns.create_topic(
        Name=f"{name}.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    )["TopicArn"]
    queue = Queue(sqs, f"{name}.fifo", FifoQueue="true")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn)
    answers = [sns.publish(TopicArn=arn, Message=text, MessageGroupId="g") for text in ("a", "b", "a")]
    assert answers[0]["SequenceNumber"] < answers[1]["SequenceNumber"]
    assert answers[2]["MessageId"] == answers[0]["MessageId"]
    received = queue.receive()
    envelopes = [json.loads(message["Body"]) for message in received]
    assert [envelope["Message"] for envelope in envelopes] == ["a", "b"]
    assert [envelope["SequenceNumber"] for envelope in envelopes] == [
        answer["SequenceNumber"] for answer in answers[:2]
    ]
    assert received[0]["Attributes"]["MessageGroupId"] == "g"


def test_a_message_of_256_kb_passes_whatever_its_characters(sns: Any, topic: str, queue: Queue) -> None:
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    sns.publish(TopicArn=topic, Message="ä" * 131_072)
    assert [message["Body"] for message in queue.receive()] == ["ä" * 131_072]


def test_what_cannot_be_delivered_waits_in_the_dead_letter_queue(sns: Any, topic: str, queue: Queue) -> None:
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:never-made",
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue.arn})},
    )
    sns.publish(TopicArn=topic, Message="lost and found")
    assert [json.loads(message["Body"])["Message"] for message in queue.receive()] == ["lost and found"]


def test_a_function_runs_on_what_is_published(
    sns: Any, topic: str, lamb_of_module: harness.Lamb, name: str
) -> None:
    lamb = lamb_of_module
    lamb.write("recorder.py", RECORDER)
    function = lamb.run("create", name, "--file", "recorder.py", "--runtime", lamb.runtime).stdout.strip()
    arn = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    allowed = ("--principal", "sns.amazonaws.com", "--source-arn", topic)
    lamb.run("permission", "add", name, *allowed)
    message_id = sns.publish(TopicArn=topic, Message="run", Subject="now")["MessageId"]
    lamb.run("wait", "events", name, "--empty")
    log = lamb.run("logs", name).stdout
    (got,) = [line.partition("got ")[2] for line in log.splitlines() if "got {" in line]
    (record,) = json.loads(got)["Records"]
    assert record["EventSubscriptionArn"] == arn
    assert (record["Sns"]["MessageId"], record["Sns"]["Message"]) == (message_id, "run")
    assert record["Sns"]["Subject"] == "now"


# ------------------------------------------------------------------ errors

NOBODY = f"{PREFIX}nobody"
GONE = f"{NOBODY}:7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1"
SHORT = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "message", "status"),
    [
        ("create_topic", {"Name": "a:b"}, "InvalidParameter", "Invalid parameter: Topic Name", 400),
        ("get_topic_attributes", {"TopicArn": NOBODY}, "NotFound", "Topic does not exist", 404),
        ("get_topic_attributes", {"TopicArn": "t"}, "InvalidParameter", SHORT, 400),
        ("delete_topic", {"TopicArn": "t"}, "InvalidParameter", SHORT, 400),
        (
            "set_topic_attributes",
            {"TopicArn": NOBODY, "AttributeName": "DisplayName", "AttributeValue": "x"},
            "NotFound",
            "Topic does not exist",
            404,
        ),
        (
            "list_tags_for_resource",
            {"ResourceArn": NOBODY},
            "ResourceNotFound",
            "Resource does not exist",
            404,
        ),
        (
            "tag_resource",
            {"ResourceArn": NOBODY, "Tags": [{"Key": "a", "Value": "b"}]},
            "ResourceNotFound",
            "Resource does not exist",
            404,
        ),
        (
            "subscribe",
            {"TopicArn": NOBODY, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:q"},
            "NotFound",
            "Topic does not exist",
            404,
        ),
        (
            "get_subscription_attributes",
            {"SubscriptionArn": GONE},
            "NotFound",
            "Subscription does not exist",
            404,
        ),
        (
            "unsubscribe",
            {"SubscriptionArn": "x"},
            "InvalidParameter",
            "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
            400,
        ),
        ("list_subscriptions_by_topic", {"TopicArn": NOBODY}, "NotFound", "Topic does not exist", 404),
        (
            "list_topics",
            {"NextToken": "what?"},
            "InvalidParameter",
            "Invalid parameter: The Marker is not one that a list operation has returned",
            400,
        ),
        ("publish", {"TopicArn": NOBODY, "Message": "m"}, "NotFound", "Topic does not exist", 404),
        (
            "publish",
            {"Message": "m"},
            "InvalidParameter",
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
            400,
        ),
        (
            "publish",
            {"PhoneNumber": "+15551234567", "Message": "m"},
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: lamb delivers to queues and functions, and to no phone",
            400,
        ),
        (
            "publish_batch",
            {"TopicArn": NOBODY, "PublishBatchRequestEntries": []},
            "NotFound",
            "Topic does not exist",
            404,
        ),
        (
            "add_permission",
            {"TopicArn": NOBODY, "Label": "l", "AWSAccountId": ["1"], "ActionName": ["Publish"]},
            "InvalidAction",
            "The action AddPermission is not valid for this endpoint.",
            400,
        ),
    ],
)  # fmt: skip
def test_errors_are_those_that_clients_match_on(
    sns: Any, operation: str, arguments: dict[str, Any], code: str, message: str, status: int
) -> None:
    assert refused(lambda: getattr(sns, operation)(**arguments)) == (code, message, status)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "Message": "m"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "m"}, {"Id": "a", "Message": "m"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "Message": "m"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "Message": "m" * 150_000} for n in range(2)], "BatchRequestTooLong"),
        ([{"Id": "1", "Message": "m", "Subject": ""}], "InvalidParameter"),
        (
            [
                {
                    "Id": "1",
                    "Message": "m",
                    "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}},
                }
            ],
            "ParameterValueInvalid",
        ),
    ],
)
def test_a_batch_that_sns_would_not_take_is_refused(
    sns: Any, topic: str, entries: list[dict[str, Any]], code: str
) -> None:
    said, _, status = refused(lambda: sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries))
    assert (said, status) == (code, 400)
