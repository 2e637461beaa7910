"""What is asked of the messages in a queue, and that no question looks through a whole backlog."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from lamb.model.queue import QueueKey
from lamb.store import messages, queues

KEY = QueueKey("123456789012", "us-east-1", "q")
ASKED = {
    "what is visible longest": messages._BY_AGE,
    "what came first": messages._IN_ORDER,
    "how much is in flight": messages._COUNT_TAKEN,
    "when there is something": messages._NEXT,
    "which may have expired": messages._OLDEST,
    "whose receipt this is": messages._HELD,
    "what is done with": messages._DELETE_RECEIVED,
    "what is taken": messages._CLAIM,
}


@pytest.fixture
def queue(database):
    with database.transaction() as tx:
        return queues.add(tx, KEY, {}, {})


def fill(tx, queue, *visible_after_ms: int, group: str | None = None) -> None:
    for number, later in enumerate(visible_after_ms):
        row = messages.row(
            queue.id, f"m{number}", "b", sent_ms=tx.now_ms, visible_ms=tx.now_ms + later, expires_ms=1 << 50
        )
        messages.add(tx, {**row, "group_id": group})


@pytest.mark.parametrize("statement", ASKED.values(), ids=ASKED)
def test_every_question_is_answered_from_an_index(database, statement):
    compiled = statement.compile(dialect=sqlite.dialect())
    values = tuple(1 for _ in compiled.positiontup)
    with database.reading() as tx:
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
    told = [row[3] for row in plan]
    assert [step for step in told if step.startswith("SCAN messages")] == []
    assert [step for step in told if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("statement", ASKED.values(), ids=ASKED)
def test_every_question_can_be_asked_of_postgresql(statement):
    assert str(statement.compile(dialect=postgresql.dialect()))


def test_messages_come_by_the_time_they_became_visible_or_by_their_arrival(database, queue):
    with database.transaction() as tx:
        fill(tx, queue, 0, -5, 10, -3, group="g")
        assert [m.message_id for m in messages.receivable(tx, queue.id, 10)] == ["m1", "m3", "m0"]
        assert [m.message_id for m in messages.receivable_in_order(tx, queue.id, 10)] == ["m0", "m1", "m3"]
        assert messages.next_visible_ms(tx, queue.id) == tx.now_ms + 10


def test_messages_are_counted_as_visible_in_flight_and_delayed(database, queue):
    with database.transaction() as tx:
        fill(tx, queue, 0, 0, 0, 10)
        first = messages.receivable(tx, queue.id, 1)[0]
        messages.claim(tx, {first.id: "1.r"}, tx.now_ms + 1000)
        assert messages.count(tx, queue.id) == messages.Counts(visible=2, in_flight=1, delayed=1)
        assert messages.in_flight(tx, queue.id, 10) == 1
        messages.delete_received(tx, [(queue.id, first.id, "1.other")])
        assert messages.in_flight(tx, queue.id, 10) == 1
        messages.delete_received(tx, [(queue.id, first.id, "1.r")])
        assert messages.in_flight(tx, queue.id, 10) == 0


def test_messages_go_with_their_queue(database, queue):
    with database.transaction() as tx:
        fill(tx, queue, 0)
        queues.delete(tx, queue.id)
        assert messages.receivable(tx, queue.id, 10) == []
        assert queues.find(tx, KEY) is None
