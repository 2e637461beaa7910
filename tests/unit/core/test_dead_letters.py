"""Redrive policies: what is received too often goes to the dead-letter queue."""

from __future__ import annotations

from unit.core.post import key

from lamb.core import queues


def test_a_message_is_moved_at_the_receive_that_would_be_one_too_many(post):
    post.dead_lettered(receives=2)
    sent = post.send("poison")
    for _ in range(2):
        assert len(post.receive(visibility_s=0)) == 1
    assert post.counts("deadq") == (0, 0, 0)
    last = post.received()
    assert (list(last.messages), last.dead_letter_arn) == ([], key("deadq").arn)
    (dead,) = post.receive("deadq")
    assert (dead.message_id, dead.body, dead.receives) == (sent.message_id, "poison", 3)
    assert dead.system_attributes == {"DeadLetterQueueSourceArn": key().arn}
    assert post.counts() == (0, 0, 0)


def test_what_is_behind_a_dead_letter_is_received_at_once(post):
    post.dead_lettered(receives=1)
    for number in range(15):
        post.send(str(number))
    post.receive(visibility_s=0)
    post.receive(visibility_s=0)
    post.send("fresh")
    assert post.bodies(most=1)[0] in {"fresh", *map(str, range(15))}
    assert post.counts("deadq")[0] >= 10


def test_a_dead_letter_keeps_its_age_in_a_standard_queue(post):
    post.dead_lettered()
    post.set("deadq", MessageRetentionPeriod=100)
    post.send()
    post.plane.clock.advance(seconds=90)
    post.receive(visibility_s=0)
    post.receive()
    assert post.counts("deadq") == (1, 0, 0)
    post.plane.clock.advance(seconds=10)
    assert post.counts("deadq") == (0, 0, 0)


def test_a_dead_letter_of_a_fifo_queue_begins_its_age_anew(post):
    post.dead_lettered("q.fifo")
    post.set("deadq.fifo", MessageRetentionPeriod=100)
    post.send("a", "q.fifo", group_id="g", deduplication_id="d")
    post.plane.clock.advance(seconds=90)
    post.receive("q.fifo", visibility_s=0)
    post.receive("q.fifo")
    post.plane.clock.advance(seconds=99)
    assert post.counts("deadq.fifo") == (1, 0, 0)


def test_a_dead_letter_no_longer_blocks_its_group(post):
    post.dead_lettered("q.fifo")
    for body in ("bad", "good"):
        post.send(body, "q.fifo", group_id="g", deduplication_id=body)
    post.receive("q.fifo", most=1, visibility_s=0)
    assert post.bodies("q.fifo") == ["good"]
    assert post.bodies("deadq.fifo") == ["bad"]


def test_messages_stay_where_they_are_when_the_dead_letter_queue_is_gone(post):
    post.dead_lettered()
    post.send("kept")
    queues.delete(post.core, key("deadq"))
    post.receive(visibility_s=0)
    assert post.bodies() == ["kept"]
