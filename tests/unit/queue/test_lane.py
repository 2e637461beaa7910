"""Lanes as scripts of calls: they decide, and never wait."""

from __future__ import annotations

from lamb.model.events import QueuedEvent
from lamb.model.names import FunctionKey
from lamb.queue.lane import CLAIM, Lane
from lamb.store.events import Claimed

KEY = FunctionKey("123456789012", "us-east-1", "f")


def event(number: int = 0, size: int = 2) -> QueuedEvent:
    return QueuedEvent(str(number), KEY, None, b"x" * size, 0, 0)


def arrive(lane: Lane, what: QueuedEvent) -> bool:
    """As the worker does it; whether it stayed in memory."""
    ours = lane.takes(what)
    lane.storing(ours=ours)
    lane.stored(what, ours=ours)
    return ours


def over(lane: Lane) -> None:
    """One has run, and what became of it is durable."""
    lane.ended()
    lane.settled()


def started(lane: Lane, *, room: bool = True) -> list[str]:
    found = []
    while (what := lane.start(room=room)) is not None:
        found.append(what.request_id)
    return found


def test_events_start_in_the_order_of_their_arrival_as_far_as_the_window_goes():
    lane = Lane(2, 8)
    for number in range(5):
        assert arrive(lane, event(number))
    assert started(lane) == ["0", "1"]
    over(lane)
    assert started(lane) == ["2"]


def test_the_next_event_runs_while_what_became_of_the_last_one_is_written():
    lane = Lane(2, 8)
    for number in range(9):
        arrive(lane, event(number))
    assert started(lane) == ["0", "1"]
    lane.ended()
    assert started(lane) == ["2"]
    lane.ended()
    assert started(lane) == []  # three that would be run twice are enough
    lane.settled()
    assert started(lane) == ["3"]


def test_a_lane_is_not_empty_before_what_became_of_its_last_event_is_written():
    lane = Lane(2, 8)
    arrive(lane, event(0))
    started(lane)
    lane.ended()
    assert not lane.empty
    lane.settled()
    assert lane.empty


def test_the_window_grows_while_events_wait_and_is_small_again_when_none_are_left():
    lane = Lane(2, 5)
    for number in range(20):
        arrive(lane, event(number))
    assert len(started(lane)) == 2
    assert lane.crowded
    lane.adjust(1.0)
    assert len(started(lane)) == 2
    lane.adjust(1.0)
    assert len(started(lane)) == 1  # five, and no more
    lane.adjust(1.0)
    assert started(lane) == []
    while lane.running:
        over(lane)
        started(lane)
    for number in range(20):
        arrive(lane, event(number))
    assert len(started(lane)) == 2


def test_the_window_stays_where_no_processor_is_idle_and_shrinks_where_it_was_too_wide():
    lane = Lane(2, 64)
    for number in range(200):
        arrive(lane, event(number))
    lane.adjust(0.1)
    assert len(started(lane)) == 2
    for _ in range(3):
        lane.adjust(0.5)
    assert len(started(lane)) == 14  # sixteen in all
    lane.adjust(0.01)
    for _ in range(4):
        over(lane)
        assert started(lane) == []
    over(lane)
    assert len(started(lane)) == 1  # twelve, and no more


def test_without_room_one_event_runs_all_the_same_to_find_out_why():
    lane = Lane(4, 8)
    for number in range(3):
        arrive(lane, event(number))
    assert started(lane, room=False) == ["0"]
    over(lane)
    assert started(lane, room=False) == ["1"]


def test_a_throttle_narrows_the_window_to_what_runs():
    lane = Lane(1, 8)
    for number in range(9):
        arrive(lane, event(number))
    started(lane)
    lane.adjust(1.0)
    lane.adjust(1.0)
    assert len(started(lane)) == 3
    over(lane)
    over(lane)
    lane.shrink()
    assert (started(lane), lane.running) == ([], 2)


def test_what_is_too_much_for_memory_waits_in_the_store():
    lane = Lane(1, 1)
    stayed = [arrive(lane, event(number)) for number in range(300)]
    assert stayed.index(False) == 256
    assert not any(stayed[256:])  # nothing overtakes what waits outside
    large = Lane(1, 1)
    assert [arrive(large, event(n, size=3 << 20)) for n in range(3)] == [True, False, False]


def test_what_is_in_the_store_is_claimed_when_little_is_left_at_hand():
    lane = Lane(1, 1)
    for number in range(300):
        arrive(lane, event(number))
    assert lane.wants() == 0
    while lane.waiting > CLAIM // 2:
        lane.start(room=True)
        over(lane)
    assert lane.wants() == CLAIM
    assert lane.wants() == 0  # one claim at a time
    lane.claimed(Claimed([event(n) for n in range(256, 300)], None), CLAIM)
    assert not lane.behind
    assert arrive(lane, event(300))


def test_a_full_claim_means_that_there_may_be_more():
    lane = Lane(1, 1)
    lane.behind = True
    assert lane.wants() == CLAIM
    lane.claimed(Claimed([event(n) for n in range(CLAIM)], 5), CLAIM)
    assert lane.behind
    assert lane.next_due_ms is None


def test_what_came_into_the_store_during_a_claim_may_have_been_missed_by_it():
    lane = Lane(1, 1)
    lane.behind = True
    lane.wants()
    assert not arrive(lane, event(1))
    lane.claimed(Claimed([], None), CLAIM)
    assert lane.behind


def test_what_was_on_its_way_to_the_store_before_a_claim_may_have_been_missed_by_it():
    lane = Lane(1, 1)
    lane.behind = True
    lane.storing(ours=False)
    lane.wants()
    lane.stored(None, ours=False)
    lane.claimed(Claimed([], None), CLAIM)
    assert lane.behind
    lane.wants()
    lane.claimed(Claimed([], None), CLAIM)
    assert not lane.behind
    assert lane.empty


def test_what_others_put_into_the_store_during_a_claim_may_have_been_missed_by_it():
    lane = Lane(1, 1)
    lane.put_outside()
    lane.wants()
    lane.put_outside()
    lane.claimed(Claimed([], None), CLAIM)
    assert lane.behind
    lane.wants()
    lane.claimed(Claimed([], None), CLAIM)
    assert lane.empty


def test_a_retry_that_was_written_during_a_claim_is_not_forgotten_with_it():
    lane = Lane(1, 1)
    lane.due(3000)
    lane.behind = True
    lane.wants()
    lane.due(9000)
    lane.claimed(Claimed([], 8000), CLAIM)  # the event of 3000 was claimed elsewhere, or cancelled
    assert lane.next_due_ms == 8000
    lane.behind = True
    lane.wants()
    lane.due(9000)
    lane.claimed(Claimed([], None), CLAIM)
    assert lane.next_due_ms == 9000


def test_a_claim_tells_when_the_next_event_is_due():
    lane = Lane(1, 1)
    lane.behind = True
    lane.wants()
    lane.claimed(Claimed([], 5000), CLAIM)
    assert lane.next_due_ms == 5000
    lane.due(9000)
    assert lane.next_due_ms == 5000
    lane.due(4000)
    assert lane.next_due_ms == 4000
    assert not lane.empty


def test_a_held_lane_starts_and_claims_nothing():
    lane = Lane(1, 1)
    arrive(lane, event(1))
    lane.behind = True
    lane.held = True
    assert started(lane) == []
    assert lane.wants() == 0
    assert not lane.crowded
    lane.held = False
    assert started(lane) == ["1"]


def test_a_lane_is_not_empty_while_an_event_is_on_its_way():
    lane = Lane(1, 1)
    assert lane.empty
    lane.storing(ours=True)
    assert not lane.empty
    lane.stored(None, ours=True)  # the disk was full
    assert lane.empty


def test_an_event_that_is_over_before_it_starts_is_not_run():
    lane = Lane(1, 1)
    for number in range(3):
        arrive(lane, event(number))
    lane.drop("1")
    lane.drop("7")  # that of somebody else
    assert started(lane) == ["0"]
    over(lane)
    assert started(lane) == ["2"]
    over(lane)
    assert lane.empty


def test_an_event_that_is_over_while_it_is_on_its_way_here_is_not_run():
    lane = Lane(2, 2)
    lane.behind = True
    lane.wants()
    lane.drop("1")
    lane.claimed(Claimed([event(1), event(2)], None), CLAIM)
    lane.storing(ours=True)
    lane.drop("3")
    lane.stored(event(3), ours=True)
    assert started(lane) == ["2"]
    over(lane)
    assert lane.empty
    assert arrive(lane, event(1))  # nothing is remembered for longer than it may matter
    assert started(lane) == ["1"]
