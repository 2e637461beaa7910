from __future__ import annotations

import contextlib
import hashlib
import json
import logging

import pytest
from unit.core.plane import ARN as FUNCTION
from unit.core.plane import FIRST, PLACE, ref

from lamb.core import events, permissions, publishing, queues, subscriptions, topics
from lamb.model.errors import InvalidParameterValue, LambError, ResourceNotFound
from lamb.model.notification import Notification
from lamb.model.permission import Permission
from lamb.model.queue import QueueKey
from lamb.model.queue_errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from lamb.model.topic import TopicKey
from lamb.model.topic_errors import InvalidParameter, NotFound

NUMBER = {"DataType": "Number", "StringValue": "99.12"}
BINARY = {"DataType": "Binary", "BinaryValue": "AgME"}


class Stand:
    """Topics with queues and functions around them."""

    def __init__(self, plane):
        self.plane, self.core = plane, plane.core
        self.arrived = []
        self.core.arrived = self.arrived.append
        self.topic = topics.create(self.core, PLACE, "t", {}, [])

    def fifo_topic(self, **attributes) -> TopicKey:
        return topics.create(self.core, PLACE, "t.fifo", {"FifoTopic": "true", **attributes}, [])

    def queue(self, name="q", **attributes) -> str:
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        key = QueueKey(PLACE.account, PLACE.region, name)
        return queues.create(self.core, key, {**fifo, **attributes}, {}).key.arn

    def permit(self, qualifier=None) -> None:
        """What a topic needs to run the function."""
        wanted = Permission("s", "lambda:InvokeFunction", "sns.amazonaws.com", self.topic.arn)
        permissions.add(self.core, ref(qualifier=qualifier), wanted)

    def subscribe(self, endpoint, topic=None, protocol="sqs", **attributes):
        return subscriptions.subscribe(self.core, topic or self.topic, protocol, endpoint, attributes)

    def publish(self, message="hello", topic=None, **rest) -> publishing.Published:
        (published,) = self.take(topic, [Notification(message, **rest)])
        return published

    def take(self, topic, notifications, ids=None) -> list[publishing.Published]:
        wish = publishing.Publishing(self.core, topic or self.topic, notifications, ids)
        with self.core.database.transaction() as tx:
            (answer,) = publishing.publish(tx, [wish])
        if isinstance(answer, LambError):
            raise answer
        return answer

    def messages(self, name="q"):
        return queues.peek(self.core, QueueKey(PLACE.account, PLACE.region, name), 20)[1]

    def bodies(self, name="q"):
        return [json.loads(message.body) for message in self.messages(name)]

    def events(self):
        found, _ = events.list_events(self.core, PLACE, FIRST, name=None, state=None)
        return [json.loads(view.event.payload) for view in found]


@pytest.fixture
def stand(plane):
    return Stand(plane)


def refused(ask) -> str:
    with pytest.raises(LambError) as caught:
        ask()
    return caught.value.message


# ------------------------------------------------------------------ what arrives


def test_a_queue_gets_the_envelope(stand):
    subscription = stand.subscribe(stand.queue())
    published = stand.publish("text ä", subject="greeting", attributes={"n": NUMBER, "b": BINARY})
    (envelope,) = stand.bodies()
    assert isinstance(envelope.pop("Signature"), str)
    assert envelope.pop("SigningCertURL").startswith("https://sns.us-east-1.amazonaws.com/")
    assert list(envelope) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
        "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert envelope == {
        "Type": "Notification",
        "MessageId": published.message_id,
        "TopicArn": stand.topic.arn,
        "Subject": "greeting",
        "Message": "text ä",
        "Timestamp": "2023-11-14T22:13:20.000Z",
        "SignatureVersion": "1",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe"
        f"&SubscriptionArn={subscription.arn}",
        "MessageAttributes": {
            "n": {"Type": "Number", "Value": "99.12"},
            "b": {"Type": "Binary", "Value": "AgME"},
        },
    }
    assert stand.messages()[0].attributes == {}
    assert published.sequence is None


def test_what_was_not_given_is_not_in_the_envelope(stand):
    stand.subscribe(stand.queue())
    stand.publish()
    (envelope,) = stand.bodies()
    assert envelope.keys().isdisjoint({"Subject", "MessageAttributes", "SequenceNumber"})


def test_a_raw_delivery_is_the_message_and_its_attributes(stand):
    stand.subscribe(stand.queue(), RawMessageDelivery="true")
    stand.publish("text", subject="lost on the way", attributes={"n": NUMBER, "b": BINARY})
    (message,) = stand.messages()
    assert (message.body, message.attributes) == ("text", {"n": NUMBER, "b": BINARY})


def test_a_function_gets_an_event_with_other_spellings(stand):
    stand.plane.create()
    stand.permit()
    subscription = stand.subscribe(FUNCTION, protocol="lambda")
    published = stand.publish("text", attributes={"n": NUMBER})
    (event,) = stand.events()
    (record,) = event["Records"]
    assert isinstance(record["Sns"].pop("Signature"), str)
    assert record["Sns"].pop("SigningCertUrl").startswith("https://sns.us-east-1.amazonaws.com/")
    assert record["Sns"].pop("UnsubscribeUrl").endswith(subscription.arn)
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": published.message_id,
            "TopicArn": stand.topic.arn,
            "Subject": None,
            "Message": "text",
            "Timestamp": "2023-11-14T22:13:20.000Z",
            "SignatureVersion": "1",
            "MessageAttributes": {"n": {"Type": "Number", "Value": "99.12"}},
        },
    }


def test_a_function_is_invoked_with_the_qualifier_that_subscribed(stand):
    stand.plane.create()
    stand.plane.publish()
    stand.plane.alias("live")
    stand.permit("live")
    stand.subscribe(f"{FUNCTION}:live", protocol="lambda")
    stand.publish()
    found, _ = events.list_events(stand.core, PLACE, FIRST, name=None, state=None)
    assert [view.event.qualifier for view in found] == ["live"]


def test_everybody_gets_a_message_of_their_own_and_is_told(stand):
    arns = [stand.queue(name) for name in ("a", "b")]
    for arn in arns:
        stand.subscribe(arn)
    stand.publish()
    (one,), (other,) = stand.bodies("a"), stand.bodies("b")
    assert one["MessageId"] == other["MessageId"]
    assert one["UnsubscribeURL"] != other["UnsubscribeURL"]
    assert sorted(stand.arrived) == arns


def test_json_structure_has_a_text_for_each_protocol(stand):
    stand.plane.create()
    stand.permit()
    stand.subscribe(stand.queue("q"))
    stand.subscribe(FUNCTION, protocol="lambda")
    stand.publish(json.dumps({"default": "for all", "sqs": "for queues", "lambda": 1}), structure="json")
    assert stand.bodies()[0]["Message"] == "for queues"
    assert stand.events()[0]["Records"][0]["Sns"]["Message"] == "for all"


def test_a_topic_signs_with_the_version_it_was_told(stand):
    topics.set_attribute(stand.core, stand.topic, "SignatureVersion", "2")
    stand.subscribe(stand.queue())
    stand.publish()
    assert stand.bodies()[0]["SignatureVersion"] == "2"


def test_only_what_the_filter_lets_through_arrives(stand):
    stand.subscribe(stand.queue("a"), FilterPolicy='{"n": [{"numeric": [">", 5]}]}')
    stand.subscribe(stand.queue("b"), FilterPolicy='{"n": [7]}', FilterPolicyScope="MessageBody")
    stand.publish("no json", attributes={"n": {"DataType": "Number", "StringValue": "6"}})
    stand.publish('{"n": 7}')
    assert [body["Message"] for body in stand.bodies("a")] == ["no json"]
    assert [body["Message"] for body in stand.bodies("b")] == ['{"n": 7}']


def test_a_group_goes_along_to_standard_queues(stand):
    stand.subscribe(stand.queue())
    stand.publish(group_id="g")
    assert [message.group_id for message in stand.messages()] == ["g"]


# ------------------------------------------------------------------ what does not arrive


def test_what_has_no_endpoint_any_more_goes_to_the_dead_letter_queue(stand):
    dead = json.dumps({"deadLetterTargetArn": stand.queue("dead")})
    stand.subscribe("arn:aws:sqs:us-east-1:123456789012:gone", RawMessageDelivery="true", RedrivePolicy=dead)
    stand.subscribe(FUNCTION, protocol="lambda", RedrivePolicy=dead)
    stand.publish("text", attributes={"n": NUMBER})
    raw, enveloped = sorted(stand.messages("dead"), key=lambda message: len(message.body))
    assert (raw.body, raw.attributes) == ("text", {"n": NUMBER})
    assert json.loads(enveloped.body)["MessageAttributes"] == {"n": {"Type": "Number", "Value": "99.12"}}
    assert stand.arrived == [json.loads(dead)["deadLetterTargetArn"]] * 2


@pytest.mark.parametrize(
    "permission",
    [
        None,
        ("lambda:GetFunction", "sns.amazonaws.com", None, None),
        ("lambda:InvokeFunction", "s3.amazonaws.com", None, None),
        ("lambda:InvokeFunction", "sns.amazonaws.com", "arn:aws:sns:us-east-1:123456789012:other", None),
        ("lambda:InvokeFunction", "sns.amazonaws.com", None, "111122223333"),
    ],
)
def test_a_function_that_does_not_let_the_topic_in_is_not_run(stand, caplog, permission):
    stand.plane.create()
    if permission is not None:
        permissions.add(stand.core, ref(), Permission("s", *permission))
    dead = json.dumps({"deadLetterTargetArn": stand.queue("dead")})
    stand.subscribe(FUNCTION, protocol="lambda", RedrivePolicy=dead)
    stand.subscribe(f"{FUNCTION}:$LATEST", protocol="lambda")
    with caplog.at_level(logging.WARNING, "lamb.topics"):
        stand.publish()
    assert stand.events() == []
    assert len(stand.messages("dead")) == 1
    (record,) = caplog.records
    assert f"does not let sns.amazonaws.com invoke it for {stand.topic.arn}" in record.getMessage()
    assert "lamb permission add f:$LATEST --principal sns.amazonaws.com" in record.getMessage()


@pytest.mark.parametrize(
    "permission",
    [
        ("lambda:InvokeFunction", "*", None, None),
        ("lambda:*", "sns.amazonaws.com", "arn:aws:sns:us-east-1:123456789012:*", "123456789012"),
        ("*", "sns.amazonaws.com", None, None),
    ],
)
def test_a_permission_may_be_wider_than_the_topic(stand, permission):
    stand.plane.create()
    permissions.add(stand.core, ref(), Permission("s", *permission))
    stand.subscribe(FUNCTION, protocol="lambda")
    stand.publish()
    assert len(stand.events()) == 1


def test_a_permission_of_the_function_is_none_of_its_aliases(stand):
    stand.plane.create(publish=True)
    stand.plane.alias("live")
    stand.permit()
    stand.subscribe(f"{FUNCTION}:live", protocol="lambda")
    stand.publish()
    assert stand.events() == []


@pytest.mark.parametrize(
    "attributes",
    [{}, {"RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:gone2"}'}],
)
def test_what_cannot_be_delivered_at_all_is_logged_and_takes_nothing_with_it(stand, caplog, attributes):
    stand.subscribe("arn:aws:sqs:us-east-1:123456789012:gone", **attributes)
    stand.subscribe(stand.queue())
    with caplog.at_level(logging.WARNING, "lamb.topics"):
        published = stand.publish()
    assert len(stand.messages()) == 1
    (record,) = caplog.records
    assert published.message_id in record.getMessage()
    assert ":gone: The specified queue does not exist." in record.getMessage()


def test_a_raw_delivery_with_more_attributes_than_a_queue_takes_is_undeliverable(stand):
    dead = json.dumps({"deadLetterTargetArn": stand.queue("dead")})
    stand.subscribe(stand.queue(), RawMessageDelivery="true", RedrivePolicy=dead)
    stand.publish(attributes={f"a{number}": NUMBER for number in range(10)})
    stand.publish(attributes={f"a{number}": NUMBER for number in range(11)})
    assert len(stand.messages()) == 1


def test_a_failure_of_the_transaction_leaves_nothing_behind(stand):
    stand.subscribe(stand.queue())
    with contextlib.suppress(LambError), stand.core.database.transaction() as tx:
        topics.deliver(stand.core, tx, stand.topic.arn, "never")
        topics.deliver(stand.core, tx, "arn:aws:sns:us-east-1:123456789012:nobody", "nor this")
    assert stand.messages() == []


# ------------------------------------------------------------------ within a transaction of the caller's


def test_a_destination_delivers_with_attributes_and_subject(stand):
    stand.subscribe(stand.queue())
    attributes = {"ErrorCode": {"DataType": "Number", "StringValue": "200"}}
    with stand.core.database.transaction() as tx:
        message_id = topics.deliver(stand.core, tx, stand.topic.arn, "record", attributes, "subject")
    (envelope,) = stand.bodies()
    assert (envelope["MessageId"], envelope["Subject"]) == (message_id, "subject")
    assert envelope["MessageAttributes"] == {"ErrorCode": {"Type": "Number", "Value": "200"}}


@pytest.mark.parametrize(
    "arn", ["", "arn:aws:sns:us-east-1:123456789012:nobody", "arn:aws:sqs:us-east-1:1:t"]
)
def test_a_destination_that_is_not_there_is_not_found(stand, arn):
    with pytest.raises(ResourceNotFound), stand.core.database.transaction() as tx:
        topics.deliver(stand.core, tx, arn, "record")


def test_a_destination_takes_no_more_than_sns_does(stand):
    with pytest.raises(InvalidParameterValue), stand.core.database.transaction() as tx:
        topics.deliver(stand.core, tx, stand.topic.arn, "x" * 262_145)


# ------------------------------------------------------------------ FIFO


def test_a_fifo_topic_numbers_its_messages_and_signs_none(stand):
    topic = stand.fifo_topic()
    stand.subscribe(stand.queue("q.fifo"), topic)
    first, second = (stand.publish(topic=topic, group_id="g", deduplication_id=each) for each in "ab")
    assert int(first.sequence) < int(second.sequence)
    assert [len(first.sequence), first.sequence.isdigit()] == [20, True]
    envelopes = stand.bodies("q.fifo")
    assert [envelope["SequenceNumber"] for envelope in envelopes] == [first.sequence, second.sequence]
    assert envelopes[0].keys().isdisjoint({"SignatureVersion", "Signature", "SigningCertURL"})
    assert [(m.group_id, m.deduplication_id) for m in stand.messages("q.fifo")] == [("g", "a"), ("g", "b")]


def test_a_duplicate_is_answered_like_the_first_and_delivered_once_for_five_minutes(stand):
    topic = stand.fifo_topic(ContentBasedDeduplication="true")
    stand.subscribe(stand.queue("q"), topic)
    first = stand.publish("same", topic, group_id="g")
    stand.plane.clock.advance(seconds=299)
    assert stand.publish("same", topic, group_id="other") == first
    assert len(stand.messages()) == 1
    stand.plane.clock.advance(seconds=1)
    assert stand.publish("same", topic, group_id="g") != first
    assert len(stand.messages()) == 2


def test_the_content_gives_the_deduplication_id(stand):
    topic = stand.fifo_topic(ContentBasedDeduplication="true")
    stand.subscribe(stand.queue("q.fifo"), topic)
    stand.publish("content", topic, group_id="g")
    wanted = hashlib.sha256(b"content").hexdigest()
    assert [message.deduplication_id for message in stand.messages("q.fifo")] == [wanted]


def test_duplicates_can_be_sought_within_a_group_only(stand):
    topic = stand.fifo_topic(FifoThroughputScope="MessageGroup")
    one = stand.publish(topic=topic, group_id="g", deduplication_id="d")
    assert stand.publish(topic=topic, group_id="h", deduplication_id="d") != one
    assert stand.publish(topic=topic, group_id="g", deduplication_id="d") == one


def test_a_standard_queue_of_a_fifo_topic_gets_no_group(stand):
    topic = stand.fifo_topic()
    stand.subscribe(stand.queue("q"), topic)
    stand.publish(topic=topic, group_id="g", deduplication_id="d")
    (message,) = stand.messages()
    assert (message.group_id, message.deduplication_id) == (None, None)


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ({}, "The MessageGroupId parameter is required for FIFO topics"),
        (
            {"group_id": "g"},
            (
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                "provided explicitly"
            ),
        ),
    ],
)
def test_a_fifo_topic_wants_a_group_and_a_way_to_tell_duplicates(stand, ids, reason):
    topic = stand.fifo_topic()
    assert refused(lambda: stand.publish(topic=topic, **ids)) == f"Invalid parameter: {reason}"


# ------------------------------------------------------------------ what is refused


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


REFUSED = [
    (Notification(""), "Invalid parameter: Empty message"),
    (Notification("x" * 262_145), "Invalid parameter: Message too long"),
    (Notification("ä" * 131_073), "Invalid parameter: Message too long"),
    (Notification("x" * 262_134, attributes={"a": text("more")}), "Invalid parameter: Message too long"),
    (Notification("m", subject=""), "Invalid parameter: Subject"),
    (Notification("m", subject="x" * 101), "Invalid parameter: Subject"),
    (Notification("m", subject="two\nlines"), "Invalid parameter: Subject"),
    (Notification("m", structure="xml"), "Invalid parameter: MessageStructure"),
    (
        Notification("{", structure="json"),
        "Invalid parameter: Message Structure - JSON message body failed to parse",
    ),
    (
        Notification('{"sqs": "x"}', structure="json"),
        "Invalid parameter: Message Structure - No default entry in JSON message body",
    ),
    (
        Notification('{"default": 1}', structure="json"),
        "Invalid parameter: Message Structure - No default entry in JSON message body",
    ),
    (
        Notification("m", deduplication_id="d"),
        ("Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
        "parameter that is not valid for this topic type"),
    ),
    (
        Notification("m", group_id="a b"),
        ("Invalid parameter: MessageGroupId Reason: The MessageGroupId parameter can only include "
        "alphanumeric and punctuation characters, 1 to 128 in length"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "message"), REFUSED)
def test_what_sns_does_not_take_is_refused_in_its_words(stand, wanted, message):
    assert refused(lambda: stand.take(None, [wanted])) == message


EMPTY = "must contain non-empty message attribute value for message attribute type"
PREFIXES = "the set of supported type prefixes is Binary, Number, and String."
BAD_ATTRIBUTES = [
    ("a", {"DataType": "String", "StringValue": ""}, f"The message attribute 'a' {EMPTY} 'String'."),
    ("a", {"DataType": "Binary"}, f"The message attribute 'a' {EMPTY} 'Binary'."),
    (
        "a",
        {"StringValue": "x"},
        (
            "1 validation error detected: Value null at 'messageAttributes.a.member.dataType' failed to "
            "satisfy constraint: Member must not be null"
        ),
    ),
    (
        "a",
        {"DataType": "Number", "BinaryValue": "AgME"},
        "The message attribute 'a' with type 'Number' must use field 'String'.",
    ),
    (
        "a",
        {"DataType": "Binary", "StringValue": "x"},
        "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
    ),
    (
        "a",
        {"DataType": "Boolean", "StringValue": "true"},
        f"The message attribute 'a' has an invalid message attribute type, {PREFIXES}",
    ),
    (
        "a",
        {"DataType": "String.", "StringValue": "x"},
        f"The message attribute 'a' has an invalid message attribute type, {PREFIXES}",
    ),
    (
        "a",
        {"DataType": "Number", "StringValue": "ten"},
        "Could not cast message attribute 'a' value to number.",
    ),
    (
        "a",
        {"DataType": "Binary", "BinaryValue": "?"},
        "The message attribute 'a' has a binary value that is not valid base64.",
    ),
    ("a" * 257, NUMBER, "Length of message attribute name must be less than 256 bytes."),
    (
        "a^b",
        NUMBER,
        (
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        ),
    ),
    (".a", NUMBER, "Invalid message attribute name starting with character '.' was found."),
    ("a.", NUMBER, "Invalid message attribute name ending with character '.' was found."),
    ("a..b", NUMBER, "Message attribute name can not have successive '.' character."),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD_ATTRIBUTES)
def test_an_attribute_that_sns_does_not_take_is_refused_in_its_words(stand, name, value, message):
    assert refused(lambda: stand.publish(attributes={name: value})) == message


@pytest.mark.parametrize("kind", ["String", "String.Array", "Number", "Number.java", "String.any-thing"])
def test_types_may_carry_a_name_of_their_own(stand, kind):
    assert stand.publish(attributes={"a": {"DataType": kind, "StringValue": "1"}})


def test_the_limits_themselves_are_allowed(stand):
    assert stand.publish("x" * 262_144)
    assert stand.publish(subject="x" * 100)


def test_a_topic_may_set_a_limit_of_its_own(stand):
    topics.set_attribute(stand.core, stand.topic, "MaximumMessageSize", "1048576")
    assert stand.publish("x" * 1_048_576)
    topics.set_attribute(stand.core, stand.topic, "MaximumMessageSize", "1024")
    assert refused(lambda: stand.publish("x" * 1025)) == "Invalid parameter: Message too long"


def test_a_topic_that_is_not_there_takes_nothing(stand):
    nobody = TopicKey(PLACE.account, PLACE.region, "nobody")
    with pytest.raises(NotFound, match="Topic does not exist"):
        stand.publish(topic=nobody)
    with pytest.raises(NotFound, match="Topic does not exist"):
        stand.take(nobody, [Notification("m")], ["1"])


# ------------------------------------------------------------------ batches


def batch(stand, *entries, topic=None):
    return stand.take(topic, [wanted for _, wanted in entries], [entry_id for entry_id, _ in entries])


def test_a_batch_is_delivered_in_its_order(stand):
    stand.subscribe(stand.queue(), RawMessageDelivery="true")
    published = batch(stand, ("b", Notification("first")), ("a", Notification("second")))
    assert [message.body for message in stand.messages()] == ["first", "second"]
    assert len({each.message_id for each in published}) == 2


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ([], EmptyBatchRequest),
        ([str(number) for number in range(11)], TooManyEntriesInBatchRequest),
        (["a", "a"], BatchEntryIdsNotDistinct),
        (["a b"], InvalidBatchEntryId),
        ([""], InvalidBatchEntryId),
        (["a" * 81], InvalidBatchEntryId),
    ],
)
def test_a_batch_with_other_ids_than_sns_takes_is_refused(stand, ids, error):
    with pytest.raises(error):
        batch(stand, *((entry_id, Notification("m")) for entry_id in ids))


def test_a_batch_is_no_larger_than_one_message(stand):
    with pytest.raises(BatchRequestTooLong):
        batch(stand, ("a", Notification("x" * 131_073)), ("b", Notification("x" * 131_073)))


def test_one_bad_entry_refuses_the_whole_batch(stand):
    stand.subscribe(stand.queue())
    for bad in (
        Notification(""),
        Notification("m", attributes={"a": {"DataType": "Odd", "StringValue": "x"}}),
    ):
        with pytest.raises(InvalidParameterValue):
            batch(stand, ("a", Notification("good")), ("b", bad))
    assert stand.messages() == []


def test_a_missing_type_is_named_with_its_place_in_the_batch(stand):
    bad = Notification("m", attributes={"a": {"StringValue": "x"}})
    place = "publishBatchRequestEntries.2.member.messageAttributes.a.member.dataType"
    assert f"Value null at '{place}'" in refused(lambda: batch(stand, ("1", Notification("m")), ("2", bad)))


def test_a_batch_of_a_fifo_topic_wants_what_single_messages_want(stand):
    topic = stand.fifo_topic()
    with pytest.raises(InvalidParameter, match="MessageGroupId parameter is required"):
        batch(stand, ("1", Notification("m")), topic=topic)


def test_what_one_caller_did_wrong_takes_nothing_from_another(stand):
    stand.subscribe(stand.queue(), RawMessageDelivery="true")
    wishes = [
        publishing.Publishing(stand.core, stand.topic, [Notification(message)]) for message in ("a", "", "b")
    ]
    with stand.core.database.transaction() as tx:
        first, wrong, last = publishing.publish(tx, wishes)
    assert isinstance(wrong, InvalidParameter)
    assert first != last
    assert [message.body for message in stand.messages()] == ["a", "b"]
