from __future__ import annotations

import pytest

from lamb.model.errors import ResourceConflict
from lamb.model.events import Ending, QueuedEvent
from lamb.model.names import FunctionKey
from lamb.store import events
from lamb.store.events import Addition, Claim

KEY = FunctionKey("123456789012", "us-east-1", "f")
OTHER = FunctionKey("123456789012", "us-east-1", "g")


def event(number: int, key: FunctionKey = KEY, due_ms: int = 0) -> QueuedEvent:
    return QueuedEvent(f"id-{number}", key, None, b"{}", 0, due_ms)


def add(database, *added: QueuedEvent, lease: str | None = None) -> None:
    with database.transaction() as tx:
        events.add_many(tx, [Addition(each, lease) for each in added])


def claim(database, key: FunctionKey = KEY, lease: str = "us", limit: int = 10):
    with database.transaction() as tx:
        (claimed,) = events.claim_many(tx, [Claim(key, lease, limit)])
    return [each.request_id for each in claimed.events], claimed.next_due_ms


def plan(database, statement, **parameters) -> str:
    """How SQLite means to find the rows."""
    with database.reading() as tx:
        compiled = statement.compile(dialect=tx.connection.dialect, compile_kwargs={"literal_binds": False})
        values = tuple(parameters.get(name, 1) for name in compiled.positiontup)
        rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        return "\n".join(row.detail for row in rows)


def test_events_are_claimed_by_function_in_the_order_in_which_they_are_due(database, clock):
    add(database, event(1, due_ms=clock.ms), event(2), event(3, OTHER), event(4, due_ms=clock.ms + 1))
    assert claim(database) == (["id-2", "id-1"], clock.ms + 1)
    assert claim(database, OTHER) == (["id-3"], None)


def test_a_claim_takes_no_more_than_was_asked_for(database):
    add(database, *map(event, range(5)))
    assert claim(database, limit=3) == (["id-0", "id-1", "id-2"], 0)
    assert claim(database, limit=3) == (["id-3", "id-4"], None)


def test_what_this_daemon_has_in_hand_is_not_claimed_again_but_what_a_dead_one_had_is(database):
    add(database, event(1), lease="us")
    add(database, event(2), lease="the dead one")
    assert claim(database) == (["id-2"], None)


def test_what_is_over_is_neither_claimed_nor_ended_again(database):
    add(database, event(1), event(2))
    with database.transaction() as tx:
        events.end_many(tx, [Ending(event(1), "Success", 1), Ending(event(2), "RetriesExhausted", 3)])
        events.end_many(tx, [Ending(event(1), "RetriesExhausted", 9)])
        found = events.find(tx, "id-1")
    assert (found.state, found.event.runs) == ("succeeded", 1)
    assert claim(database) == ([], None)


def test_a_request_id_belongs_to_one_event(database):
    add(database, event(1))
    with pytest.raises(ResourceConflict, match="request id already: id-1"):
        add(database, event(1, OTHER))
    assert claim(database) == (["id-1"], None)
    assert claim(database, OTHER) == ([], None)


def test_functions_with_events_are_found_however_many_events_they_have(database):
    add(database, *(event(n, key) for n, key in enumerate([OTHER, KEY, KEY, OTHER])))
    with database.reading() as tx:
        assert events.functions_with_open(tx) == [KEY, OTHER]


def test_as_many_succeeded_events_are_kept_as_are_worth_showing(database):
    add(database, *map(event, range(events.KEPT + 30)))
    with database.transaction() as tx:
        events.end_many(tx, [Ending(event(n), "Success", 1) for n in range(events.KEPT + 30)])
        events.forget_old(tx, [15, 5])
        assert events.find(tx, "id-19") is None
        assert events.find(tx, "id-20") is not None
        events.forget_old(tx, [1000])
        assert events.find(tx, "id-29") is None
        assert events.find(tx, "id-30") is not None


def test_dead_letters_are_forgotten_when_they_are_ancient(database, clock):
    add(database, event(1), event(2))
    with database.transaction() as tx:
        events.end_many(tx, [Ending(event(1), "RetriesExhausted", 3)])
    clock.advance(seconds=10)
    with database.transaction() as tx:
        events.end_many(tx, [Ending(event(2), "RetriesExhausted", 3)])
        assert events.forget_ancient(tx, tx.now_ms) == 1
        assert events.find(tx, "id-1") is None
        assert events.find(tx, "id-2") is not None


@pytest.mark.parametrize(
    ("statement", "index"),
    [(events._CLAIMABLE, "events_open"), (events._FORGET, "events_succeeded")],
    ids=["claim", "forget"],
)
def test_what_is_asked_all_the_time_is_found_by_an_index(database, statement, index):
    found = plan(database, statement)
    assert f"USING INDEX {index}" in found or f"USING COVERING INDEX {index}" in found
    assert "USE TEMP B-TREE" not in found
