from __future__ import annotations

import json

import pytest
from unit.core.plane import PLACE

from lamb.core import topics
from lamb.model.errors import InvalidParameterValue
from lamb.model.names import Place
from lamb.model.topic import TopicKey
from lamb.model.topic_errors import InvalidParameter, NotFound, TaggedResourceNotFound, TagLimitExceeded

KEY = TopicKey(PLACE.account, PLACE.region, "t")
FIFO = TopicKey(PLACE.account, PLACE.region, "t.fifo")


def create(plane, name="t", attributes=None, tags=()):
    return topics.create(plane.core, PLACE, name, attributes or {}, tags)


def refused(*arguments) -> str:
    with pytest.raises(InvalidParameter) as caught:
        create(*arguments)
    return caught.value.message.removeprefix("Invalid parameter: ")


def test_a_topic_is_created_once(plane):
    assert create(plane) == KEY
    assert create(plane) == KEY
    assert topics.list_topics(plane.core, PLACE, None) == ([KEY], None)


def test_what_was_set_since_is_no_reason_to_refuse_a_second_creation(plane):
    create(plane)
    topics.set_attribute(plane.core, KEY, "DisplayName", "set")
    create(plane)
    assert topics.attributes(plane.core, KEY)["DisplayName"] == "set"
    assert refused(plane, "t", {"DisplayName": "other"}) == (
        "Attributes Reason: Topic already exists with different attributes"
    )


def test_a_second_creation_names_no_other_tags(plane):
    create(plane, tags=[("a", "1"), ("b", "2")])
    create(plane, tags=[("a", "1")])
    assert refused(plane, "t", {}, [("a", "2")]) == "Tags Reason: Topic already exists with different tags"
    assert refused(plane, "t", {}, [("c", "3")]) == "Tags Reason: Topic already exists with different tags"


@pytest.mark.parametrize(
    "name", ["", "a" * 257, "a:b", "a b", "a!", "ä", "a.b", ".fifo", "a" * 252 + ".fifo"]
)
def test_a_name_that_sns_does_not_take_is_refused(plane, name):
    attributes = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    assert refused(plane, name, attributes) == "Topic Name"


@pytest.mark.parametrize(
    ("name", "attributes"), [("t.fifo", {}), ("t.fifo", {"FifoTopic": "false"}), ("t", {"FifoTopic": "true"})]
)
def test_the_names_of_fifo_topics_and_of_no_others_end_in_fifo(plane, name, attributes):
    assert refused(plane, name, attributes) == "Topic Name"


def test_a_standard_topic_shows_what_sns_shows(plane):
    create(plane, attributes={"FifoTopic": "false"})
    shown = topics.attributes(plane.core, KEY)
    policy = json.loads(shown.pop("Policy"))
    assert policy["Statement"][0]["Resource"] == KEY.arn
    assert json.loads(shown.pop("EffectiveDeliveryPolicy"))["http"]["disableSubscriptionOverrides"] is False
    assert shown == {
        "DisplayName": "",
        "Owner": PLACE.account,
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:t",
    }


def test_a_fifo_topic_shows_that_it_is_one(plane):
    create(plane, "t.fifo", {"FifoTopic": "true", "ContentBasedDeduplication": "true"})
    shown = topics.attributes(plane.core, FIFO)
    assert (shown["FifoTopic"], shown["ContentBasedDeduplication"]) == ("true", "true")


def test_what_a_delivery_policy_leaves_open_is_as_by_default(plane):
    create(plane)
    given = {"http": {"defaultHealthyRetryPolicy": {"numRetries": 1}, "disableSubscriptionOverrides": True}}
    topics.set_attribute(plane.core, KEY, "DeliveryPolicy", json.dumps(given))
    effective = json.loads(topics.attributes(plane.core, KEY)["EffectiveDeliveryPolicy"])["http"]
    assert effective["defaultHealthyRetryPolicy"]["numRetries"] == 1
    assert effective["defaultHealthyRetryPolicy"]["minDelayTarget"] == 20
    assert effective["disableSubscriptionOverrides"] is True
    topics.set_attribute(plane.core, KEY, "DeliveryPolicy", "")
    assert "DeliveryPolicy" not in topics.attributes(plane.core, KEY)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FifoTopic", "false", "AttributeName"),
        ("Colour", "red", "AttributeName"),
        ("ContentBasedDeduplication", "true", "AttributeName"),
        ("SignatureVersion", "3", "SignatureVersion: Invalid value [3]"),
        ("TracingConfig", "Loud", "TracingConfig: Invalid value [Loud]"),
        ("MaximumMessageSize", "1023", "MaximumMessageSize: Invalid value [1023]"),
        ("DisplayName", "x" * 101, f"DisplayName: Invalid value [{'x' * 101}]"),
        ("Policy", "{", "Policy: Invalid value [{]"),
    ],
)
def test_an_attribute_that_sns_does_not_take_is_refused(plane, name, value, reason):
    create(plane)
    with pytest.raises(InvalidParameter) as caught:
        topics.set_attribute(plane.core, KEY, name, value)
    assert caught.value.message == f"Invalid parameter: {reason}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("SQSSuccessFeedbackSampleRate", "100"), ("KmsMasterKeyId", "alias/k"), ("SignatureVersion", "2")],
)
def test_an_attribute_without_meaning_here_is_kept_and_shown(plane, name, value):
    create(plane, attributes={name: value})
    assert topics.attributes(plane.core, KEY)[name] == value


def test_an_unknown_attribute_of_a_new_topic_is_refused(plane):
    assert refused(plane, "t", {"Colour": "red"}) == "Attributes Reason: Unknown attribute Colour"


def test_topics_are_listed_by_name_a_hundred_at_a_time_and_only_those_of_the_place(plane):
    for number in range(101):
        create(plane, f"t{number:03}")
    topics.create(plane.core, Place(PLACE.account, "eu-west-1"), "elsewhere", {}, [])
    first, token = topics.list_topics(plane.core, PLACE, None)
    rest, end = topics.list_topics(plane.core, PLACE, token)
    assert [key.name for key in first + rest] == [f"t{number:03}" for number in range(101)]
    assert (len(first), end) == (100, None)
    with pytest.raises(InvalidParameterValue):
        topics.list_topics(plane.core, PLACE, "no token of ours")


def test_deleting_a_topic_that_is_not_there_is_no_error(plane):
    create(plane)
    topics.delete(plane.core, KEY)
    topics.delete(plane.core, KEY)
    with pytest.raises(NotFound, match="Topic does not exist"):
        topics.attributes(plane.core, KEY)
    with pytest.raises(NotFound, match="Topic does not exist"):
        topics.set_attribute(plane.core, KEY, "DisplayName", "")


def test_a_topic_is_still_there_for_the_next_daemon(plane):
    create(plane, attributes={"DisplayName": "kept"})
    again = plane.reopened()
    assert topics.attributes(again.core, KEY)["DisplayName"] == "kept"
    again.close()


# ------------------------------------------------------------------ tags


def test_tags_come_and_go(plane):
    create(plane, tags=[("a", "1")])
    topics.tag(plane.core, KEY, [("b", "2"), ("a", "3")])
    topics.untag(plane.core, KEY, ["b", "never there"])
    assert topics.tags(plane.core, KEY) == {"a": "3"}


def test_a_tag_stands_only_once_in_a_request(plane):
    create(plane)
    with pytest.raises(InvalidParameter, match="Duplicated keys are not allowed"):
        topics.tag(plane.core, KEY, [("a", "1"), ("a", "2")])


def test_a_topic_has_at_most_fifty_tags(plane):
    create(plane, tags=[(str(number), "") for number in range(50)])
    with pytest.raises(TagLimitExceeded):
        topics.tag(plane.core, KEY, [("one more", "")])
    with pytest.raises(TagLimitExceeded):
        create(plane, "other", tags=[(str(number), "") for number in range(51)])


def test_tags_of_a_topic_that_is_not_there_are_refused(plane):
    for ask in (
        lambda: topics.tags(plane.core, KEY),
        lambda: topics.tag(plane.core, KEY, []),
        lambda: topics.untag(plane.core, KEY, []),
    ):
        with pytest.raises(TaggedResourceNotFound):
            ask()


def test_text_that_is_no_unicode_is_refused(plane):
    with pytest.raises(InvalidParameterValue, match="not valid Unicode"):
        create(plane, tags=[("a", "\udc80")])
