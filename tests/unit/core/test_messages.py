"""Standard queues: what is sent is received until it is deleted."""

from __future__ import annotations

import pytest
from unit.core.post import key

from lamb.core import messages, queues
from lamb.core.messages import Sending
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.message import NewMessage, Sent
from lamb.model.queue_errors import (
    InvalidMessageContents,
    MessageNotInflight,
    OverLimit,
    QueueDoesNotExist,
    ReceiptHandleIsInvalid,
)

STRING = {"DataType": "String", "StringValue": "x"}


def test_a_message_is_received_once_while_it_is_in_flight(post):
    post.make()
    sent = post.send("hello", attributes={"a": STRING})
    (message,) = post.receive()
    assert (message.message_id, message.body, message.attributes) == (sent.message_id, "hello", {"a": STRING})
    assert (message.receives, post.counts()) == (1, (0, 1, 0))
    assert post.receive() == []


def test_a_message_that_nobody_deletes_is_received_again(post):
    post.make(VisibilityTimeout=30)
    post.send()
    (first,) = post.receive()
    post.plane.clock.advance(seconds=29)
    assert post.receive() == []
    post.plane.clock.advance(seconds=1)
    (again,) = post.receive()
    assert (again.message_id, again.receives) == (first.message_id, 2)
    assert again.first_received_ms == first.first_received_ms
    assert again.receipt != first.receipt


def test_a_deleted_message_never_comes_again(post):
    post.make()
    post.send()
    (message,) = post.receive()
    assert post.delete(message) == [None]
    assert post.delete(message) == [None]  # AWS takes it twice
    post.plane.clock.advance(seconds=60)
    assert post.receive() == []


def test_an_old_receipt_deletes_nothing_and_is_no_error(post):
    post.make()
    post.send()
    (first,) = post.receive(visibility_s=0)
    (second,) = post.receive()
    assert post.delete(first) == [None]
    assert post.counts() == (0, 1, 0)
    assert post.delete(second) == [None]
    assert post.counts() == (0, 0, 0)


def test_a_receipt_that_is_over_still_deletes_if_it_was_the_last(post):
    post.make()
    post.send()
    (message,) = post.receive(visibility_s=1)
    post.plane.clock.advance(seconds=5)
    post.delete(message)
    assert post.receive() == []


@pytest.mark.parametrize("text", ["", "x", "YQ==", "ä", "MSAy", "MSAyIDM=", "!" * 50])
def test_what_is_no_receipt_is_refused(post, text):
    post.make()
    (answer,) = post.delete(text)
    assert isinstance(answer, ReceiptHandleIsInvalid)
    assert isinstance(post.show_in(1, text), ReceiptHandleIsInvalid)


def test_the_receipt_of_another_queue_is_refused(post):
    post.make()
    post.make("other")
    post.send()
    (message,) = post.receive()
    (answer,) = post.delete(message, name="other")
    assert isinstance(answer, ReceiptHandleIsInvalid)
    assert post.counts() == (0, 1, 0)


def test_visibility_is_changed_for_one_message(post):
    post.make()
    post.send()
    (message,) = post.receive()
    assert post.show_in(0, message) is None
    (message,) = post.receive(visibility_s=10)
    assert post.show_in(100, message) is None
    post.plane.clock.advance(seconds=99)
    assert post.receive() == []
    post.plane.clock.advance(seconds=1)
    assert len(post.receive()) == 1


def test_visibility_counts_no_more_than_twelve_hours_from_the_receive(post):
    post.make()
    post.send()
    (message,) = post.receive(visibility_s=43_200)
    post.plane.clock.advance(seconds=1)
    refusal = post.show_in(43_200, message)
    assert refusal.message == (
        "Value 43200 for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    )
    assert post.show_in(43_199, message) is None
    assert "Must be between 0 and 43200" in post.show_in(43_201, message).message


def test_visibility_of_what_is_gone_or_held_by_another_is_not_changed(post):
    post.make()
    post.send()
    (first,) = post.receive(visibility_s=0)
    (second,) = post.receive()
    assert isinstance(post.show_in(5, first), MessageNotInflight)
    post.delete(second)
    assert "Message does not exist" in post.show_in(5, second).message


def test_a_message_is_delayed_by_its_queue_or_by_its_own_delay(post):
    post.make(DelaySeconds=10)
    post.send("as the queue has it")
    post.send("later", delay_s=20)
    post.send("now", delay_s=0)
    assert post.counts() == (1, 0, 2)
    assert post.bodies() == ["now"]
    post.plane.clock.advance(seconds=10)
    assert post.bodies() == ["as the queue has it"]
    assert post.received().next_ms == post.plane.clock.ms + 10_000


def test_a_message_expires_also_when_nobody_looks(post):
    post.make(MessageRetentionPeriod=60)
    post.send("old")
    post.plane.clock.advance(seconds=60)
    assert post.counts() == (0, 0, 0)
    post.send("new")
    assert [m.body for m in queues.peek(post.core, key(), 10)[1]] == ["new"]
    assert post.bodies() == ["new"]


def test_a_changed_retention_is_that_of_messages_that_are_there(post):
    post.make()
    post.send()
    post.plane.clock.advance(seconds=100)
    post.set(MessageRetentionPeriod=100)
    assert post.receive() == []


def test_many_expired_messages_do_not_hide_what_is_behind_them(post):
    post.make(MessageRetentionPeriod=60)
    for number in range(40):
        post.send(str(number))
    post.plane.clock.advance(seconds=30)
    post.send("fresh")
    post.plane.clock.advance(seconds=30)
    assert post.bodies(most=1) == ["fresh"]


def test_no_more_is_received_than_was_asked_for(post):
    post.make()
    for number in range(12):
        post.send(str(number))
    assert (len(post.receive(most=3)), len(post.receive(most=10))) == (3, 9)


def test_a_queue_gives_no_more_while_120_000_messages_are_in_flight(post, monkeypatch):
    monkeypatch.setattr(messages, "IN_FLIGHT_MAX", 3)
    post.make()
    for _ in range(4):
        post.send()
    assert len(post.receive(most=3)) == 3
    with pytest.raises(OverLimit):
        post.receive()


def test_one_bad_entry_of_a_batch_takes_no_other_with_it(post):
    post.make()
    good, bad = post.send_all(NewMessage("ok"), NewMessage("\x00"), batch=True)
    assert isinstance(good, Sent)
    assert isinstance(bad, InvalidMessageContents)
    assert post.bodies() == ["ok"]


def test_one_senders_mistake_is_not_anothers(post):
    post.make()
    with post.core.database.transaction() as tx:
        wishes = [Sending(key(name), [NewMessage("a")]) for name in ("nothing", "q")]
        missing, sent = messages.send(tx, wishes)
    assert isinstance(missing, QueueDoesNotExist)
    assert isinstance(sent[0], Sent)
    assert post.bodies() == ["a"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"delay_s": 901}, "Value 901 for parameter DelaySeconds is invalid."),
        ({"delay_s": -1}, "Value -1 for parameter DelaySeconds is invalid."),
        ({"deduplication_id": "a"}, "The request include parameter that is not valid for this queue type."),
        ({"group_id": "a b"}, "MessageGroupId can only include alphanumeric and punctuation characters."),
        (
            {"attributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "non-empty value of type 'String'",
        ),
        ({"attributes": {"a": {"DataType": "Text", "StringValue": "x"}}}, "invalid message attribute type"),
        ({"attributes": {"a": {"DataType": "Number", "StringValue": "x"}}}, "to a number"),
        ({"attributes": {"a": {"DataType": "Binary", "StringValue": "x"}}}, "must use field 'Binary'"),
        ({"attributes": {"a": {"DataType": "Binary", "BinaryValue": "?"}}}, "not base64"),
        ({"attributes": {"aws.x": STRING}}, "attribute name 'aws.x' is invalid"),
        ({"attributes": {"a..x": STRING}}, "attribute name 'a..x' is invalid"),
        ({"attributes": {str(n): STRING for n in range(11)}}, "exceeds the allowed maximum"),
        ({"system_attributes": {"Other": STRING}}, "Message system attribute name 'Other' is invalid."),
    ],
)
def test_a_message_that_sqs_would_refuse_is_refused(post, members, text):
    post.make()
    with pytest.raises(InvalidParameterValue) as refusal:
        post.send(**members)
    assert text in refusal.value.message
    assert post.counts() == (0, 0, 0)


def test_the_attributes_count_towards_the_size_of_a_message(post):
    post.make(MaximumMessageSize=1024)
    weight = len("k" + "String" + "x")
    post.send("a" * (1024 - weight), attributes={"k": STRING})
    with pytest.raises(InvalidParameterValue, match="Message must be shorter than 1024 bytes"):
        post.send("a" * (1025 - weight), attributes={"k": STRING})
    with pytest.raises(InvalidParameterValue, match="must be shorter"):
        post.send("ä" * 513)


def test_a_trace_header_comes_along(post):
    post.make()
    post.send(system_attributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}})
    assert post.receive()[0].system_attributes == {"AWSTraceHeader": "Root=1"}


def test_a_delivery_is_part_of_the_callers_transaction(post):
    post.make()
    arn = key().arn
    with pytest.raises(ZeroDivisionError), post.core.database.transaction() as tx:  # noqa: PT012
        queues.deliver(tx, arn, "never")
        raise ZeroDivisionError
    assert post.receive() == []
    with post.core.database.transaction() as tx:
        sent = queues.deliver(tx, arn, "there", {"a": STRING})
    (message,) = post.receive()
    assert (message.message_id, message.body, message.attributes) == (sent, "there", {"a": STRING})


@pytest.mark.parametrize("arn", [key("nothing").arn, "arn:aws:sns:us-east-1:123456789012:q", "q", ""])
def test_nothing_is_delivered_to_what_is_no_queue(post, arn):
    post.make()
    with pytest.raises(ResourceNotFound), post.core.database.transaction() as tx:
        queues.deliver(tx, arn, "x")


def test_messages_are_there_for_the_next_daemon(plane, post):
    post.make()
    post.send("kept")
    type(post)(plane.reopened()).make()
    assert post.plane.home.exists()
    again = type(post)(plane.reopened())
    assert again.bodies() == ["kept"]
    again.plane.close()
