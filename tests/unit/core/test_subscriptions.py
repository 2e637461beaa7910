from __future__ import annotations

import json

import pytest
from unit.core.plane import ARN as FUNCTION
from unit.core.plane import PLACE

from lamb.core import subscriptions, topics
from lamb.model.errors import LambError
from lamb.model.topic import SubscriptionKey, TopicKey, parse_subscription_arn, parse_topic_arn
from lamb.model.topic_errors import InvalidParameter, NotFound

KEY = TopicKey(PLACE.account, PLACE.region, "t")
FIFO = TopicKey(PLACE.account, PLACE.region, "t.fifo")
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
NO_FIFO_QUEUE = "FIFO SQS Queues can not be subscribed to standard SNS topics"
DEAD = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"})
DEAD_FIFO = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead.fifo"})


@pytest.fixture
def core(plane):
    topics.create(plane.core, PLACE, "t", {}, [])
    topics.create(plane.core, PLACE, "t.fifo", {"FifoTopic": "true"}, [])
    return plane.core


def subscribe(core, endpoint=QUEUE, protocol="sqs", topic=KEY, **attributes):
    return subscriptions.subscribe(core, topic, protocol, endpoint, attributes)


def refused(ask) -> str:
    with pytest.raises(LambError) as caught:
        ask()
    assert isinstance(caught.value, InvalidParameter)
    return caught.value.message.removeprefix("Invalid parameter: ")


def test_a_queue_subscribes_before_it_is_there(core):
    key = subscribe(core)
    assert subscriptions.attributes(core, key) == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": QUEUE,
        "Owner": PLACE.account,
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "false",
        "SubscriptionArn": f"{KEY.arn}:{key.id}",
        "SubscriptionPrincipal": "arn:aws:iam::123456789012:root",
        "TopicArn": KEY.arn,
    }


def test_the_same_endpoint_subscribes_once(core):
    key = subscribe(core, RawMessageDelivery="true")
    assert subscribe(core, RawMessageDelivery="true") == key
    assert subscribe(core) == key
    reason = refused(lambda: subscribe(core, RawMessageDelivery="false"))
    assert reason == "Attributes Reason: Subscription already exists with different attributes"


def test_naming_a_default_is_no_difference(core):
    key = subscribe(core)
    assert subscribe(core, RawMessageDelivery="false", FilterPolicyScope="MessageAttributes") == key


@pytest.mark.parametrize(
    ("protocol", "endpoint", "reason"),
    [
        ("sqs", "http://localhost/123456789012/q", "SQS endpoint ARN"),
        ("sqs", FUNCTION, "SQS endpoint ARN"),
        ("lambda", QUEUE, "Lambda endpoint ARN"),
        ("lambda", "f", "Lambda endpoint ARN"),
        ("http", "http://localhost", "Protocol Reason: lamb delivers to lambda and sqs, and not to http"),
        ("email", "a@b.c", "Protocol Reason: lamb delivers to lambda and sqs, and not to email"),
        ("pigeon", "loft", "Amazon SNS does not support this protocol string: pigeon"),
        ("sqs", f"{QUEUE}.fifo", f"Invalid parameter: Endpoint Reason: {NO_FIFO_QUEUE}"),
    ],
)
def test_an_endpoint_that_nothing_can_be_delivered_to_is_refused(core, protocol, endpoint, reason):
    assert refused(lambda: subscribe(core, endpoint, protocol)) == reason


def test_a_fifo_topic_takes_queues_of_both_kinds_and_no_functions(core):
    subscribe(core, f"{QUEUE}.fifo", topic=FIFO)
    subscribe(core, QUEUE, topic=FIFO)
    reason = refused(lambda: subscribe(core, FUNCTION, "lambda", FIFO))
    assert reason == "Endpoint Reason: Functions can not be subscribed to FIFO SNS topics"


BAD_VALUES = [
    ("RawMessageDelivery", "wrong", "RawMessageDelivery: Invalid value [wrong]. Must be true or false."),
    ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
    (
        "FilterPolicyScope",
        "Random",
        "FilterPolicyScope: Invalid value [Random]. Please use either MessageBody or MessageAttributes",
    ),
    ("FilterPolicy", '{"k": "v"}', 'FilterPolicy: "k" must be an object or an array'),
    (
        "FilterPolicy",
        '{"k": {"j": ["v"]}}',
        "Filter policy scope MessageAttributes does not support nested filter policy",
    ),
    (
        "RedrivePolicy",
        '{"deadLetterTargetArn": "x"}',
        "RedrivePolicy: deadLetterTargetArn is an invalid arn",
    ),
    ("RedrivePolicy", "[]", "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ("RedrivePolicy", DEAD_FIFO, "RedrivePolicy: must use a standard queue as DLQ for a standard topic."),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD_VALUES)
def test_a_value_that_sns_does_not_take_is_refused_from_the_start_and_later(core, name, value, reason):
    assert refused(lambda: subscribe(core, **{name: value})) == f"Attributes Reason: {reason}"
    key = subscribe(core)
    assert refused(lambda: subscriptions.set_attribute(core, key, name, value)) == reason


def test_unknown_attributes_are_refused(core):
    assert refused(lambda: subscribe(core, Colour="red")) == "Attributes Reason: Unknown attribute Colour"
    key = subscribe(core)
    assert refused(lambda: subscriptions.set_attribute(core, key, "Colour", "red")) == "AttributeName"


def test_json_that_cannot_be_read_is_refused(core):
    key = subscribe(core)
    for name in ("RedrivePolicy", "FilterPolicy"):
        reason = refused(lambda name=name: subscriptions.set_attribute(core, key, name, "{invalid"))
        assert reason.startswith(f"{name}: failed to parse JSON.")


def test_a_function_gets_no_raw_messages(core):
    reason = refused(lambda: subscribe(core, FUNCTION, "lambda", RawMessageDelivery="true"))
    assert reason.endswith("Delivery protocol [lambda] does not support raw message delivery.")


def test_a_fifo_queue_of_a_fifo_topic_has_a_fifo_dead_letter_queue(core):
    reason = refused(lambda: subscribe(core, f"{QUEUE}.fifo", topic=FIFO, RedrivePolicy=DEAD))
    assert reason.endswith("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
    assert subscribe(core, f"{QUEUE}.fifo", topic=FIFO, RedrivePolicy=DEAD_FIFO)


def test_a_policy_over_bodies_may_nest_whichever_attribute_comes_first(core):
    policy = '{"k": {"j": ["v"]}}'
    key = subscribe(core, FilterPolicy=policy, FilterPolicyScope="MessageBody")
    assert subscriptions.attributes(core, key)["FilterPolicy"] == policy
    reason = refused(lambda: subscriptions.set_attribute(core, key, "FilterPolicyScope", "MessageAttributes"))
    assert reason == "Filter policy scope MessageAttributes does not support nested filter policy"


@pytest.mark.parametrize("nothing", ["", "{}"])
def test_a_scope_is_shown_only_beside_a_policy(core, nothing):
    key = subscribe(core)
    subscriptions.set_attribute(core, key, "FilterPolicyScope", "MessageBody")
    assert "FilterPolicyScope" not in subscriptions.attributes(core, key)
    subscriptions.set_attribute(core, key, "FilterPolicy", '{"k": ["v"]}')
    assert subscriptions.attributes(core, key)["FilterPolicyScope"] == "MessageBody"
    subscriptions.set_attribute(core, key, "FilterPolicy", nothing)
    assert "FilterPolicy" not in subscriptions.attributes(core, key)
    assert "FilterPolicyScope" not in subscriptions.attributes(core, key)


def test_unsubscribing_what_is_not_there_is_no_error(core):
    key = subscribe(core)
    subscriptions.unsubscribe(core, key)
    subscriptions.unsubscribe(core, key)
    for ask in (
        lambda: subscriptions.attributes(core, key),
        lambda: subscriptions.set_attribute(core, key, "RawMessageDelivery", "true"),
    ):
        with pytest.raises(NotFound, match="Subscription does not exist"):
            ask()


def test_a_topic_counts_its_subscriptions(core):
    first = subscribe(core)
    subscribe(core, FUNCTION, "lambda")
    subscriptions.unsubscribe(core, first)
    shown = topics.attributes(core, KEY)
    assert (shown["SubscriptionsConfirmed"], shown["SubscriptionsDeleted"]) == ("1", "1")


def test_a_subscription_of_another_topic_is_not_found_by_its_id(core):
    key = subscribe(core)
    with pytest.raises(NotFound):
        subscriptions.attributes(core, SubscriptionKey(FIFO, key.id))


def test_subscriptions_are_listed_of_all_topics_and_of_one_a_hundred_at_a_time(core):
    keys = {subscribe(core, f"{QUEUE}{number}") for number in range(101)}
    other = subscribe(core, topic=FIFO)
    first, token = subscriptions.list_subscriptions(core, PLACE, None, KEY)
    rest, end = subscriptions.list_subscriptions(core, PLACE, token, KEY)
    assert {row.key for row in first + rest} == keys
    assert (len(first), end) == (100, None)
    first, token = subscriptions.list_subscriptions(core, PLACE, None)
    rest, _ = subscriptions.list_subscriptions(core, PLACE, token)
    assert {row.key for row in first + rest} == keys | {other}


def test_a_deleted_topic_takes_its_subscriptions_with_it(core):
    subscribe(core)
    topics.delete(core, KEY)
    assert subscriptions.list_subscriptions(core, PLACE, None) == ([], None)
    with pytest.raises(NotFound):
        subscriptions.list_subscriptions(core, PLACE, None, KEY)
    with pytest.raises(NotFound):
        subscribe(core)


def test_there_is_nothing_to_confirm(core):
    assert refused(lambda: subscriptions.confirm(core, KEY)).startswith("Token Reason: ")
    with pytest.raises(NotFound):
        subscriptions.confirm(core, TopicKey(PLACE.account, PLACE.region, "nobody"))


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("t", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sns:us-east-1:t", "TopicArn Reason: An ARN must have at least 6 elements, not 5"),
        ("arn:aws:sns:eu-west-1:123456789012:t", "TopicArn"),
        ("arn:aws:sqs:us-east-1:123456789012:t", "TopicArn"),
        ("arn:aws:sns:us-east-1:123456789012:t:u", "TopicArn"),
    ],
)
def test_what_is_no_topic_of_this_region_is_refused(arn, reason):
    assert refused(lambda: parse_topic_arn(arn, PLACE)) == reason


def test_what_is_no_subscription_is_refused():
    short = "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"
    assert refused(lambda: parse_subscription_arn("x", PLACE)) == short
    assert refused(lambda: parse_subscription_arn(KEY.arn, PLACE)) == "SubscriptionArn"
    key = SubscriptionKey(KEY, "id")
    assert parse_subscription_arn(key.arn, PLACE) == key
