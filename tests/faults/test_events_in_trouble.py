"""Asynchronous events when something goes wrong around them: accepted means kept, refused means refused."""

from __future__ import annotations

import pytest

from faults import crowd
from faults.ledger import Ledger
from faults.scene import KINDS, kill
from faults.talk import FUNCTIONS, Talk


@pytest.fixture
def ledger():
    with Ledger() as made:
        yield made


@pytest.fixture
def narrow(new_lamb):
    """One environment for everything: the second event waits for the first."""
    made = new_lamb(LAMB_MAX_ENVIRONMENTS="1", LAMB_RETRY_BASE_S="0")
    made.run("list")
    return made


@pytest.fixture
def talk(narrow, ledger):
    """To a daemon with a function `f` whose first event is at work until the ledger goes on."""
    made = Talk(narrow)
    crowd.create(made, "f", ledger, {})
    ledger.hold()
    crowd.send(made, "f")
    ledger.wait(lambda book: book.order)
    return made


def state(talk, request_id):
    return talk.json("GET", f"/_lamb/events/{request_id}")["State"]


def test_an_event_that_was_cancelled_while_it_waited_is_not_run(talk, ledger):
    cancelled, other = crowd.send(talk, "f"), crowd.send(talk, "f")
    talk.ask("POST", f"/_lamb/events/{cancelled}/cancel")
    ledger.go_on()
    crowd.wait_empty(talk, "f")
    assert ledger.order[1:] == [other]
    assert (state(talk, cancelled), state(talk, other)) == ("cancelled", "succeeded")


def test_what_runs_when_the_daemon_is_stopped_runs_again_on_the_next(narrow, talk, ledger):
    (running,) = ledger.order
    waiting = crowd.send(talk, "f")
    narrow.run("daemon", "stop")
    ledger.go_on()
    narrow.run("list")
    talk.close()
    crowd.wait_empty(talk, "f")
    assert state(talk, running) == state(talk, waiting) == "succeeded"
    assert ledger.runs == {running: 2, waiting: 1}


def test_whoever_waits_for_the_events_of_a_killed_daemon_waits_for_them(narrow, talk, ledger):
    (running,) = ledger.order
    narrow.kill_daemon()
    narrow.run("list")
    ledger.go_on()
    talk.close()
    crowd.wait_empty(talk, "f")
    assert state(talk, running) == "succeeded"
    assert ledger.runs == {running: 2}


def test_the_events_of_a_function_that_was_deleted_end_and_are_kept(talk, ledger):
    crowd.create(talk, "g", ledger, {})
    (running,) = ledger.order
    waiting = {crowd.send(talk, "f") for _ in range(300)}  # more than are kept at hand
    other = crowd.send(talk, "g")
    talk.ask("DELETE", f"{FUNCTIONS}/f")
    ledger.go_on()
    for name in ("f", "g"):
        crowd.wait_empty(talk, name)
    failed = crowd.events(talk, "failed")
    assert failed.keys() == waiting
    assert {event["Condition"] for event in failed.values()} == {"FunctionGone"}
    assert state(talk, running) == state(talk, other) == "succeeded"
    assert ledger.runs == {running: 1, other: 1}


def test_a_clock_that_is_set_ahead_makes_events_too_old_and_none_that_comes_later(talk, ledger):
    waiting = crowd.send(talk, "f")
    talk.ask("POST", "/_lamb/clock?advance_ms=25200000")  # seven hours: one more than an event may wait
    late = crowd.send(talk, "f")
    ledger.go_on()
    crowd.wait_empty(talk, "f")
    shown = talk.json("GET", f"/_lamb/events/{waiting}")
    assert (shown["State"], shown["Condition"]) == ("failed", "EventAgeExceeded")
    assert [state(talk, request_id) for request_id in (ledger.order[0], late)] == ["succeeded"] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_whose_process_was_killed_is_tried_again(narrow, talk, ledger, kind):
    (running,) = ledger.order
    (victim,) = KINDS[kind](narrow.daemon_pid)[:1]
    kill(victim)
    ledger.wait(lambda book: book.runs[running] == 2)
    ledger.go_on()
    crowd.wait_empty(talk, "f")
    assert state(talk, running) == "succeeded"
    assert ledger.runs == {running: 2}
