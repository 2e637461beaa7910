"""The same calls of SNS to lamb and to moto, answers side by side.

Where AWS and moto differ, AWS is right: the tests at the end say what AWS does, and where that is known from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

HERE = "arn:aws:sns:us-east-1:123456789012:"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What no two services give the same.
MADE_UP = {"MessageId", "Timestamp", "Signature", "SigningCertURL", "UnsubscribeURL"}
# What is said of delivery over HTTP, which lamb does not do; and what moto does not say, or says otherwise
# than AWS: see the last tests.
LEFT_OUT = {
    "DeliveryPolicy", "EffectiveDeliveryPolicy", "Policy", "SequenceNumber", "SignatureVersion",
    "SubscriptionPrincipal",
}  # fmt: skip


class Side(NamedTuple):
    """One of the two services."""

    sns: Any
    sqs: Any


def side(served: harness.Served) -> Side:
    config = Config(retries={"max_attempts": 0})
    return Side(*(boto3.client(service, **served.aws, config=config) for service in ("sns", "sqs")))


@pytest.fixture(scope="module")
def sides(lamb_of_module: harness.Lamb) -> Iterator[tuple[Side, Side]]:
    """lamb and moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with lamb_of_module.serving() as served:
        # moto has an account of this number for every caller.
        yield side(served), side(harness.Served(f"http://{host}:{port}", served.key))
    server.stop()


class Pair:
    """A topic and a queue of the same names in each, and calls to both."""

    def __init__(self, sides: tuple[Side, Side], name: str, suffix: str = "") -> None:
        self.sides = sides
        self.name = name + suffix
        self.topic = HERE + self.name
        self.queue = f"arn:aws:sqs:us-east-1:123456789012:{self.name}"
        self.subscriptions = ["", ""]
        fifo = {"FifoQueue": "true"} if suffix else {}
        self.urls = [
            each.sqs.create_queue(QueueName=self.name, Attributes=fifo)["QueueUrl"] for each in sides
        ]

    def both(self, operation: str, **members: Any) -> tuple[Any, Any]:
        """Both answers without what is made up; errors as (code, status). `SubscriptionArn=...` stands for
        the one that `subscribe` was answered with last."""
        answers = []
        for number, each in enumerate(self.sides):
            given = dict(members)
            if given.get("SubscriptionArn") is ...:
                given["SubscriptionArn"] = self.subscriptions[number]
            try:
                answer = getattr(each.sns, operation)(**given)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                answers.append((error.response["Error"]["Code"], status))
                continue
            self.subscriptions[number] = answer.get("SubscriptionArn", self.subscriptions[number])
            answers.append(plain({n: value for n, value in answer.items() if n != "ResponseMetadata"}))
        return answers[0], answers[1]

    def same(self, operation: str, **members: Any) -> Any:
        """The answer that both gave."""
        mine, motos = self.both(operation, **members)
        assert mine == motos
        return mine

    def received(self) -> tuple[Any, Any]:
        """Body and attributes of the messages that each queue got."""
        got = []
        for each, url in zip(self.sides, self.urls, strict=True):
            answer = each.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            got.append(
                [
                    (plain(parsed(message["Body"])), message.get("MessageAttributes"))
                    for message in answer.get("Messages", [])
                ]
            )
        return got[0], got[1]

    def same_received(self) -> Any:
        """What both queues got."""
        mine, motos = self.received()
        assert mine == motos
        return mine


def parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def plain(value: Any) -> Any:
    """Without what is made up."""
    if isinstance(value, dict):
        told = {name: item for name, item in value.items() if name not in LEFT_OUT}
        return {name: "…" if name in MADE_UP else plain(item) for name, item in told.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return _UUID.sub("…", value) if isinstance(value, str) else value


@pytest.fixture
def pair(sides: tuple[Side, Side], request: pytest.FixtureRequest) -> Pair:
    return Pair(sides, name_of(request))


@pytest.fixture
def fifo(sides: tuple[Side, Side], request: pytest.FixtureRequest) -> Pair:
    return Pair(sides, name_of(request), ".fifo")


def name_of(request: pytest.FixtureRequest) -> str:
    # The end is what tells the cases of a test apart, whoever runs it.
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[-60:]


@pytest.fixture
def topic(pair: Pair) -> Pair:
    pair.same("create_topic", Name=pair.name)
    return pair


@pytest.fixture
def subscribed(topic: Pair) -> Pair:
    topic.same("subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue)
    return topic


# ------------------------------------------------------------------ topics and subscriptions


def test_a_topic_is_created_twice_shown_and_deleted_twice(pair: Pair) -> None:
    for _ in range(2):
        assert pair.same("create_topic", Name=pair.name) == {"TopicArn": pair.topic}
    pair.same("get_topic_attributes", TopicArn=pair.topic)
    for _ in range(2):
        assert pair.same("delete_topic", TopicArn=pair.topic) == {}
    assert pair.same("get_topic_attributes", TopicArn=pair.topic) == ("NotFound", 404)


def test_an_attribute_that_was_set_is_shown(topic: Pair) -> None:
    for name, value in (("DisplayName", "shown"), ("SignatureVersion", "2")):
        topic.same("set_topic_attributes", TopicArn=topic.topic, AttributeName=name, AttributeValue=value)
    shown = topic.same("get_topic_attributes", TopicArn=topic.topic)["Attributes"]
    assert shown["DisplayName"] == "shown"


def test_tags_come_and_go(topic: Pair) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    topic.same("tag_resource", ResourceArn=topic.topic, Tags=tags)
    topic.same("untag_resource", ResourceArn=topic.topic, TagKeys=["a"])
    assert topic.same("list_tags_for_resource", ResourceArn=topic.topic) == {"Tags": tags[1:]}


def test_a_subscription_is_shown_changed_listed_and_ended(topic: Pair) -> None:
    attributes = {"RawMessageDelivery": "true"}
    for _ in range(2):
        topic.same(
            "subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue, Attributes=attributes
        )
    topic.same("get_subscription_attributes", SubscriptionArn=...)
    for name, value in (("RawMessageDelivery", "false"), ("FilterPolicy", '{"a": ["b"]}')):
        topic.same(
            "set_subscription_attributes", SubscriptionArn=..., AttributeName=name, AttributeValue=value
        )
    shown = topic.same("get_subscription_attributes", SubscriptionArn=...)["Attributes"]
    assert (shown["FilterPolicy"], shown["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")
    assert len(topic.same("list_subscriptions_by_topic", TopicArn=topic.topic)["Subscriptions"]) == 1
    topic.same("unsubscribe", SubscriptionArn=...)
    assert topic.same("list_subscriptions_by_topic", TopicArn=topic.topic) == {"Subscriptions": []}
    assert topic.same("get_subscription_attributes", SubscriptionArn=...) == ("NotFound", 404)


# ------------------------------------------------------------------ publishing


def test_an_envelope_has_the_same_members(subscribed: Pair) -> None:
    attributes = {
        "text": {"DataType": "String", "StringValue": "x"},
        "n": {"DataType": "Number", "StringValue": "1"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x02"},
    }
    subscribed.same(
        "publish", TopicArn=subscribed.topic, Subject="s", Message="m", MessageAttributes=attributes
    )
    ((envelope, _),) = subscribed.same_received()
    assert (envelope["Subject"], envelope["MessageAttributes"]["bytes"]["Value"]) == ("s", "Ag==")


def test_what_was_not_given_is_not_in_the_envelope(subscribed: Pair) -> None:
    subscribed.same("publish", TopicArn=subscribed.topic, Message="m")
    ((envelope, _),) = subscribed.same_received()
    assert envelope.keys().isdisjoint({"Subject", "MessageAttributes"})


def test_a_raw_delivery_is_the_message_and_its_attributes(topic: Pair) -> None:
    raw = {"RawMessageDelivery": "true"}
    topic.same("subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue, Attributes=raw)
    attributes = {"n": {"DataType": "Number", "StringValue": "1.5"}}
    topic.same("publish", TopicArn=topic.topic, Message="m", MessageAttributes=attributes)
    assert topic.same_received() == [("m", attributes)]


def test_a_batch_is_answered_entry_by_entry(subscribed: Pair) -> None:
    entries = [{"Id": str(number), "Message": f"m{number}"} for number in range(3)]
    answer = subscribed.same("publish_batch", TopicArn=subscribed.topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "1", "2"]
    assert len(subscribed.same_received()) == 3


ATTRIBUTES = {
    "color": {"DataType": "String", "StringValue": "red"},
    "size": {"DataType": "Number", "StringValue": "15"},
    "tags": {"DataType": "String.Array", "StringValue": '["new", "old"]'},
}
POLICIES = [
    ({"color": ["red"]}, True),
    ({"color": ["blue", "red"]}, True),
    ({"color": ["blue"]}, False),
    ({"color": ["red"], "size": [1]}, False),
    ({"size": [15]}, True),
    ({"tags": ["old"]}, True),
    ({"color": [{"prefix": "re"}]}, True),
    ({"color": [{"suffix": "ed"}]}, True),
    ({"color": [{"prefix": "b"}]}, False),
    ({"color": [{"anything-but": ["blue"]}]}, True),
    ({"color": [{"anything-but": ["red"]}]}, False),
    ({"size": [{"numeric": [">", 10, "<=", 15]}]}, True),
    ({"size": [{"numeric": [">", 15]}]}, False),
    ({"color": [{"exists": True}]}, True),
    ({"color": [{"exists": False}]}, False),
    ({"weight": [{"exists": False}]}, True),
]


@pytest.mark.parametrize(("policy", "arrives"), POLICIES)
def test_a_filter_over_attributes_decides_the_same(
    topic: Pair, policy: dict[str, Any], arrives: Literal[True, False]
) -> None:
    filtered = {"FilterPolicy": json.dumps(policy)}
    topic.same("subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue, Attributes=filtered)
    topic.same("publish", TopicArn=topic.topic, Message="m", MessageAttributes=ATTRIBUTES)
    assert [bool(messages) for messages in topic.received()] == [arrives] * 2


BODY = {"order": {"total": 100, "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]}, "kind": None}
BODY_POLICIES = [
    ({"order": {"total": [100]}}, True),
    ({"order": {"total": [{"numeric": ["<", 100]}]}}, False),
    ({"order": {"items": {"sku": ["b"]}}}, True),
    ({"order": {"items": {"sku": ["c"]}}}, False),
    ({"nothing": [{"exists": False}]}, True),
]


@pytest.mark.parametrize(("policy", "arrives"), BODY_POLICIES)
def test_a_filter_over_bodies_decides_the_same(
    topic: Pair, policy: dict[str, Any], arrives: Literal[True, False]
) -> None:
    filtered = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": "MessageBody"}
    topic.same("subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue, Attributes=filtered)
    topic.same("publish", TopicArn=topic.topic, Message=json.dumps(BODY))
    assert [bool(messages) for messages in topic.received()] == [arrives] * 2


def test_a_fifo_topic_hands_on_in_order(fifo: Pair) -> None:
    fifo.same("create_topic", Name=fifo.name, Attributes={"FifoTopic": "true"})
    raw = {"RawMessageDelivery": "true"}
    fifo.same("subscribe", TopicArn=fifo.topic, Protocol="sqs", Endpoint=fifo.queue, Attributes=raw)
    for message in ("a", "b"):
        ids = {"MessageGroupId": "g", "MessageDeduplicationId": message}
        fifo.same("publish", TopicArn=fifo.topic, Message=message, **ids)
    assert fifo.same_received() == [("a", None), ("b", None)]


# ------------------------------------------------------------------ errors

NOBODY = f"{HERE}nobody"


@pytest.mark.parametrize(
    ("operation", "members", "error"),
    [
        ("create_topic", {"Name": "a:b"}, ("InvalidParameter", 400)),
        ("get_topic_attributes", {"TopicArn": NOBODY}, ("NotFound", 404)),
        ("publish", {"TopicArn": NOBODY, "Message": "m"}, ("NotFound", 404)),
        ("subscribe", {"TopicArn": NOBODY, "Protocol": "sqs", "Endpoint": "x"}, ("NotFound", 404)),
        ("list_tags_for_resource", {"ResourceArn": NOBODY}, ("ResourceNotFound", 404)),
        (
            "publish_batch",
            {"TopicArn": NOBODY, "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}]},
            ("NotFound", 404),
        ),
    ],
)
def test_what_is_not_there_is_the_same_error(
    pair: Pair, operation: str, members: dict[str, Any], error: tuple[str, int]
) -> None:
    assert pair.same(operation, **members) == error


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"Message": "x" * 262_145}, ("InvalidParameter", 400)),
        ({"Message": "m", "Subject": "s" * 101}, ("InvalidParameter", 400)),
    ],
)
def test_what_cannot_be_published_is_the_same_error(
    topic: Pair, members: dict[str, Any], error: tuple[str, int]
) -> None:
    assert topic.same("publish", TopicArn=topic.topic, **members) == error


@pytest.mark.parametrize(
    "policy",
    [
        '{"k": [{"unknown": 1}]}',
        '{"k": [["v"]]}',
        '{"k": [{"exists": "yes"}]}',
        '{"k": [{"numeric": ["<", 1, ">", 2]}]}',
        '{"k": {"j": ["v"]}}',
        json.dumps({str(number): ["v"] for number in range(6)}),
    ],
)
def test_a_filter_that_cannot_be_is_the_same_error(topic: Pair, policy: str) -> None:
    members = {"TopicArn": topic.topic, "Protocol": "sqs", "Endpoint": topic.queue}
    answer = topic.same("subscribe", **members, Attributes={"FilterPolicy": policy})
    assert answer == ("InvalidParameter", 400)


# ------------------------------------------------------------------ where moto differs from AWS


def test_the_signature_version_is_1_until_the_topic_says_2(subscribed: Pair) -> None:
    """API reference, GetTopicAttributes: "By default, SignatureVersion is set to 1"; moto writes 2."""
    subscribed.both("publish", TopicArn=subscribed.topic, Message="m")
    versions = []
    for each, url in zip(subscribed.sides, subscribed.urls, strict=True):
        (message,) = each.sqs.receive_message(QueueUrl=url)["Messages"]
        versions.append(json.loads(message["Body"])["SignatureVersion"])
    assert versions == ["1", "2"]


def test_a_bad_message_attribute_is_a_bad_value(topic: Pair) -> None:
    """botocore: InvalidParameterValueException has the code ParameterValueInvalid; recorded for this case."""
    attributes = {"a": {"DataType": "Odd", "StringValue": "x"}}
    answers = topic.both("publish", TopicArn=topic.topic, Message="m", MessageAttributes=attributes)
    assert answers == (("ParameterValueInvalid", 400), ("InvalidParameter", 400))


def test_a_fifo_topic_makes_the_deduplication_id_of_the_content(fifo: Pair) -> None:
    """API reference, Publish: "SNS uses a SHA-256 hash to generate the MessageDeduplicationId"; moto hands
    on none, and its queue refuses that."""
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    fifo.same("create_topic", Name=fifo.name, Attributes=attributes)
    fifo.same("subscribe", TopicArn=fifo.topic, Protocol="sqs", Endpoint=fifo.queue)
    mine, motos = fifo.both("publish", TopicArn=fifo.topic, Message="m", MessageGroupId="g")
    assert (mine, motos[1]) == ({"MessageId": "…"}, 400)


@pytest.mark.parametrize(
    ("policy", "scope", "arrives"),
    [
        # A number is no string: sns-subscription-filter-policies, "Numeric value matching".
        ({"size": ["15"]}, "MessageAttributes", [False, True]),
        # One element of an array has to match as a whole.
        ({"order": {"items": {"sku": ["a"], "n": [2]}}}, "MessageBody", [False, True]),
        # "null" is a value that a policy may name: the answers recorded for bad policies say so.
        ({"kind": [None]}, "MessageBody", [True, False]),
        # A dot is a step down; recorded.
        ({"order.total": [100]}, "MessageBody", [True, False]),
    ],
)
def test_some_filters_decide_as_aws_does(
    topic: Pair, policy: dict[str, Any], scope: str, arrives: list[bool]
) -> None:
    filtered = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    topic.same("subscribe", TopicArn=topic.topic, Protocol="sqs", Endpoint=topic.queue, Attributes=filtered)
    topic.same("publish", TopicArn=topic.topic, Message=json.dumps(BODY), MessageAttributes=ATTRIBUTES)
    assert [bool(messages) for messages in topic.received()] == arrives
