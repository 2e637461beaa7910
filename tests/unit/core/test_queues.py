"""Queues as things with attributes."""

from __future__ import annotations

import json

import pytest
from unit.core.plane import PLACE
from unit.core.post import key

from lamb.core import queues
from lamb.model.errors import InvalidParameterValue
from lamb.model.queue_errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    PurgeQueueInProgress,
    QueueDoesNotExist,
    QueueNameExists,
)
from lamb.model.requests import Page


def told(post, name: str = "q", *wanted: str) -> dict[str, str]:
    return queues.attributes_of(post.core, key(name), wanted or ["All"])


def test_a_new_queue_has_awss_defaults(post):
    post.make()
    now = str(post.plane.clock.ms // 1000)
    assert told(post) == {
        "QueueArn": "arn:aws:sqs:us-east-1:123456789012:q",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "CreatedTimestamp": now,
        "LastModifiedTimestamp": now,
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


def test_a_fifo_queue_says_so(post):
    post.make("q.fifo")
    assert told(post, "q.fifo", "FifoQueue", "DeduplicationScope", "FifoThroughputLimit") == {
        "FifoQueue": "true",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }


def test_the_same_queue_may_be_made_again(post):
    made = post.make(VisibilityTimeout=10)
    assert post.make(VisibilityTimeout=10).id == made.id
    assert post.make().id == made.id
    with pytest.raises(QueueNameExists, match="a different value for attribute VisibilityTimeout"):
        post.make(VisibilityTimeout=11)
    with pytest.raises(QueueNameExists, match="a different value for attribute DelaySeconds"):
        post.make(DelaySeconds=1)


@pytest.mark.parametrize("name", ["", "a b", "ä", "q.fif", "a" * 81, "q.fifo"])
def test_a_bad_name_is_refused(post, name):
    with pytest.raises(InvalidParameterValue, match="Can only include alphanumeric characters"):
        queues.create(post.core, key(name), {}, {})


@pytest.mark.parametrize("name", ["q", ".fifo", "a" * 76 + ".fifo", "a.b.fifo"])
def test_a_bad_name_of_a_fifo_queue_is_refused(post, name):
    with pytest.raises(InvalidParameterValue, match=r"must end with \.fifo suffix"):
        queues.create(post.core, key(name), {"FifoQueue": "true"}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("VisibilityTimeout", "²"),
        ("DelaySeconds", "x"),
        ("MessageRetentionPeriod", "59"),
        ("MaximumMessageSize", "1048577"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("SqsManagedSseEnabled", "yes"),
        ("Policy", "[1]"),
        ("KmsDataKeyReusePeriodSeconds", "59"),
    ],
)
def test_a_value_out_of_bounds_is_refused(post, name, value):
    with pytest.raises(InvalidAttributeValue, match=f"Invalid value for the parameter {name}"):
        post.make(**{name: value})
    post.make()
    with pytest.raises(InvalidAttributeValue):
        post.set(**{name: value})


@pytest.mark.parametrize("name", ["Colour", "QueueArn", "ContentBasedDeduplication", "FifoQueue"])
def test_an_attribute_that_such_a_queue_has_not_is_refused(post, name):
    post.make()
    with pytest.raises(InvalidAttributeName, match=f"Unknown Attribute {name}"):
        post.set(**{name: "true"})


def test_the_type_of_a_queue_never_changes(post):
    post.make("q.fifo")
    with pytest.raises(InvalidAttributeValue, match="Modifying queue type is not supported"):
        post.set("q.fifo", FifoQueue="false")
    with pytest.raises(InvalidAttributeValue, match="perMessageGroupId is allowed only"):
        post.set("q.fifo", FifoThroughputLimit="perMessageGroupId")


def test_only_what_is_given_changes_and_empty_text_removes(post):
    post.make(VisibilityTimeout=5)
    post.plane.clock.advance(seconds=10)
    post.set(Policy='{"Version":"2012-10-17"}', KmsMasterKeyId="alias/k")
    changed = told(post)
    assert (changed["VisibilityTimeout"], changed["Policy"]) == ("5", '{"Version":"2012-10-17"}')
    assert int(changed["LastModifiedTimestamp"]) == int(changed["CreatedTimestamp"]) + 10
    assert (changed["SqsManagedSseEnabled"], changed["KmsDataKeyReusePeriodSeconds"]) == ("false", "300")
    post.set(Policy="")
    assert told(post, "q", "Policy", "KmsMasterKeyId") == {"KmsMasterKeyId": "alias/k"}
    with pytest.raises(InvalidAttributeName, match="one type of server-side encryption"):
        post.set(SqsManagedSseEnabled="true")


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("x", "Redrive policy is not a valid JSON map."),
        ("{}", "does not contain mandatory attribute: deadLetterTargetArn."),
        ({"deadLetterTargetArn": key("dead").arn}, "does not contain mandatory attribute: maxReceiveCount."),
        ({"deadLetterTargetArn": "dummy", "maxReceiveCount": 1}, "Invalid value for deadLetterTargetArn."),
        ({"deadLetterTargetArn": key("dead").arn, "maxReceiveCount": 0}, "valid values are from 1 to 1000"),
        (
            {"deadLetterTargetArn": key("none").arn, "maxReceiveCount": 1},
            "Dead letter target does not exist.",
        ),
        ({"deadLetterTargetArn": key("d.fifo").arn, "maxReceiveCount": 1}, "must be same type of queue"),
        ({"deadLetterTargetArn": key("shut").arn, "maxReceiveCount": 1}, "does not permit this source"),
        (
            {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": 1},
            "Dead-letter target owner should be same as the source.",
        ),
    ],
)
def test_a_redrive_policy_that_leads_nowhere_is_refused(post, policy, text):
    for name in ("dead", "d.fifo"):
        post.make(name)
    post.make("shut", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
    written = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(InvalidParameterValue) as refusal:
        post.make(RedrivePolicy=written)
    assert refusal.value.message.startswith(
        f"Value {written} for parameter RedrivePolicy is invalid. Reason: "
    )
    assert text in refusal.value.message


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        '{"redrivePermission":"some"}',
        '{"redrivePermission":"byQueue"}',
        '{"redrivePermission":"allowAll","sourceQueueArns":["a"]}',
        json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": ["a"] * 11}),
    ],
)
def test_a_redrive_allow_policy_says_what_it_means(post, policy):
    with pytest.raises(InvalidParameterValue, match="for parameter RedriveAllowPolicy is invalid"):
        post.make(RedriveAllowPolicy=policy)


def test_a_dead_letter_queue_may_name_its_sources(post):
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [key("mine").arn]}
    dead = post.make("dead", RedriveAllowPolicy=json.dumps(allowed))
    policy = json.dumps({"deadLetterTargetArn": dead.key.arn, "maxReceiveCount": "3"})
    assert post.make("mine", RedrivePolicy=policy).redrive == (dead.key.arn, 3)
    with pytest.raises(InvalidParameterValue, match="does not permit"):
        post.make("other", RedrivePolicy=policy)


def test_queues_are_listed_by_prefix_and_in_pages(post):
    for name in ("b1", "a", "b2", "b3", "c"):
        post.make(name)
    listed, token = queues.list_queues(post.core, PLACE, "b", Page(max_items=2))
    assert [queue.key.name for queue in listed] == ["b1", "b2"]
    rest, end = queues.list_queues(post.core, PLACE, "b", Page(token, 2))
    assert ([queue.key.name for queue in rest], end) == (["b3"], None)
    everything, none = queues.list_queues(post.core, PLACE, "", Page())
    assert ([queue.key.name for queue in everything], none) == (["a", "b1", "b2", "b3", "c"], None)


def test_a_purge_empties_a_queue_once_a_minute(post):
    post.make()
    post.send()
    post.receive()
    post.send()
    queues.purge(post.core, key())
    assert post.counts() == (0, 0, 0)
    with pytest.raises(PurgeQueueInProgress, match="on q is allowed every 60 seconds"):
        queues.purge(post.core, key())
    post.plane.clock.advance(seconds=60)
    queues.purge(post.core, key())


def test_a_deleted_queue_takes_its_messages_with_it(post):
    post.make()
    post.send()
    queues.delete(post.core, key())
    assert post.arrivals == [key().arn]
    with pytest.raises(QueueDoesNotExist):
        post.send()
    post.make()
    assert post.receive() == []


def test_tags_are_added_and_taken_away(post):
    post.make()
    queues.tag(post.core, key(), {"a": "1", "b": "2"})
    queues.tag(post.core, key(), {"a": "3"})
    queues.untag(post.core, key(), ["b", "c"])
    assert queues.get(post.core, key()).tags == {"a": "3"}


def test_peeking_changes_nothing(post):
    post.make()
    post.send("one")
    post.send("two", delay_s=30)
    queue, seen = queues.peek(post.core, key(), 10)
    assert (queue.key.name, [m.body for m in seen]) == ("q", ["one", "two"])
    assert post.counts() == (1, 0, 1)
