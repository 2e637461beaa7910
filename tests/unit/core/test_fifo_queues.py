"""FIFO queues: order within a group, and nothing twice within five minutes."""

from __future__ import annotations

import pytest

from lamb.core import queues
from lamb.model.errors import InvalidParameterValue
from lamb.model.message import NewMessage
from lamb.model.queue_errors import MissingParameter

Q = "q.fifo"


@pytest.fixture
def fifo(post):
    post.make(Q, ContentBasedDeduplication="true")
    return post


def fill(post, *groups: str) -> None:
    for number, group in enumerate(groups):
        post.send(f"{group}{number}", Q, group_id=group)


def test_messages_of_a_group_come_in_the_order_they_were_sent_in(fifo):
    fill(fifo, "a", "a", "b", "a")
    assert fifo.bodies(Q) == ["a0", "a1", "b2", "a3"]


def test_a_group_is_blocked_while_one_of_its_messages_is_in_flight(fifo):
    fill(fifo, "a", "a", "b")
    (held,) = fifo.receive(Q, most=1)
    assert held.body == "a0"
    assert fifo.bodies(Q) == ["b2"]
    assert fifo.bodies(Q) == []
    fifo.delete(held, name=Q)
    assert fifo.bodies(Q) == ["a1"]


def test_a_message_that_was_not_deleted_comes_before_those_behind_it(fifo):
    fill(fifo, "a", "a")
    fifo.receive(Q, most=1, visibility_s=5)
    fifo.plane.clock.advance(seconds=5)
    assert fifo.bodies(Q) == ["a0", "a1"]


def test_sequence_numbers_have_twenty_digits_and_grow(fifo):
    first, second = (fifo.send(body, Q, group_id="g").sequence for body in "ab")
    assert len(first) == len(second) == 20
    assert first < second


def test_the_same_deduplication_id_is_taken_once_in_five_minutes(post):
    post.make(Q)
    first = post.send("one", Q, group_id="g", deduplication_id="d")
    assert post.send("another", Q, group_id="h", deduplication_id="d") == first
    post.delete(*post.receive(Q), name=Q)
    post.plane.clock.advance(seconds=299)
    post.send("still", Q, group_id="g", deduplication_id="d")
    assert post.bodies(Q) == []
    post.plane.clock.advance(seconds=1)
    assert post.send("again", Q, group_id="g", deduplication_id="d") != first
    assert post.bodies(Q) == ["again"]


def test_the_same_body_is_taken_once_where_contents_count(fifo):
    assert fifo.send("same", Q, group_id="a") == fifo.send("same", Q, group_id="b")
    fifo.send("same", Q, group_id="a", deduplication_id="of-its-own")
    assert fifo.bodies(Q) == ["same", "same"]


def test_deduplication_may_be_a_matter_of_each_group(post):
    post.make(Q, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("a", "b", "a"):
        post.send(group, Q, group_id=group, deduplication_id="d")
    assert post.bodies(Q) == ["a", "b"]


def test_a_message_needs_a_group_and_something_to_tell_it_by(post):
    post.make(Q)
    with pytest.raises(MissingParameter, match="must contain the parameter MessageGroupId"):
        post.send("x", Q, deduplication_id="d")
    with pytest.raises(InvalidParameterValue, match="ContentBasedDeduplication enabled or"):
        post.send("x", Q, group_id="g")


def test_a_batch_without_groups_is_refused_as_a_whole(post):
    post.make(Q)
    answer = post.send_all(
        NewMessage("a", group_id="g", deduplication_id="d"), NewMessage("b"), to=Q, batch=True
    )
    assert type(answer) is InvalidParameterValue
    assert post.counts(Q) == (0, 0, 0)


def test_a_message_has_no_delay_of_its_own(fifo):
    with pytest.raises(InvalidParameterValue, match="not valid for this queue type"):
        fifo.send("x", Q, group_id="g", delay_s=2)


def test_a_changed_delay_is_that_of_messages_that_are_there(post):
    post.make(Q, DelaySeconds=60, ContentBasedDeduplication="true")
    fill(post, "a")
    post.set(Q, DelaySeconds=0)
    fill(post, "a", "a")
    assert post.bodies(Q) == ["a0", "a1"]


def test_a_receipt_that_is_over_is_refused(fifo):
    fill(fifo, "a")
    (message,) = fifo.receive(Q, visibility_s=1)
    fifo.plane.clock.advance(seconds=1)
    (answer,) = fifo.delete(message, name=Q)
    assert answer.message.endswith("Reason: The receipt handle has expired.")
    assert "has expired" in fifo.show_in(5, message, name=Q).message
    assert fifo.counts(Q) == (1, 0, 0)


def test_a_delivery_to_a_fifo_queue_names_its_group(fifo):
    arn = f"arn:aws:sqs:us-east-1:123456789012:{Q}"
    with fifo.core.database.transaction() as tx:
        queues.deliver(tx, arn, "x", group_id="g", deduplication_id="d")
    (message,) = fifo.receive(Q)
    assert (message.group_id, message.deduplication_id) == ("g", "d")
