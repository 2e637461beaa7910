"""Asynchronous events when something goes wrong around them: accepted means kept, refused means refused."""

from __future__ import annotations

import pytest

from faults.ledger import SIGNING, Ledger
from faults.talk import Talk

ASYNC = {"x-amz-invocation-type": "Event"}


@pytest.fixture
def ledger():
    with Ledger() as made:
        yield made


@pytest.fixture
def slow(new_lamb):
    """One environment for everything: the second event waits for the first."""
    return new_lamb(LAMB_MAX_ENVIRONMENTS="1", LAMB_RETRY_BASE_S="0")


def create(lamb, ledger, name="f", **more):
    lamb.write("signing.py", SIGNING)
    flags = [word for pair in {"BOOK": ledger.port, **more}.items() for word in ("-E", "{}={}".format(*pair))]
    lamb.run("create", name, "--file", "signing.py", "--timeout", "60", *flags)


def send(lamb, *names, **invoke):
    return [lamb.run("invoke", name, "--async", **invoke).stdout.strip() for name in names]


def state(lamb, request_id):
    return lamb.json("events", "show", request_id)["State"]


def test_an_event_that_was_cancelled_while_it_waited_is_not_run(slow, ledger):
    create(slow, ledger)
    ledger.hold()
    first, second, third = send(slow, "f", "f", "f")
    ledger.wait(lambda book: book.order)
    slow.run("events", "cancel", second)
    ledger.go_on()
    slow.run("wait", "events", "f", "--empty")
    assert ledger.order == [first, third]
    assert [state(slow, each) for each in (first, second, third)] == ["succeeded", "cancelled", "succeeded"]


def test_an_error_that_is_no_text_ends_its_event_as_any_other(slow):
    slow.write("odd.py", "def handler(event, context): raise ValueError('\\ud800 \\0')")
    slow.run("create", "odd", "--file", "odd.py")
    slow.run("async", "odd", "--retries", "0")
    (request_id,) = send(slow, "odd")
    slow.run("wait", "events", "odd", "--empty", "--timeout", "20s")
    assert state(slow, request_id) == "failed"


def test_what_runs_when_the_daemon_is_stopped_is_run_again_by_the_next(slow, ledger):
    create(slow, ledger)
    ledger.hold()
    running, waiting = send(slow, "f", "f")
    ledger.wait(lambda book: book.order)
    slow.run("daemon", "stop")
    ledger.go_on()
    slow.run("wait", "events", "f", "--empty")
    assert state(slow, running) == state(slow, waiting) == "succeeded"
    assert ledger.runs == {running: 2, waiting: 1}


def test_whoever_waits_for_a_killed_daemons_events_waits_for_them(slow, ledger):
    create(slow, ledger)
    ledger.hold()
    (request_id,) = send(slow, "f")
    ledger.wait(lambda book: book.order)
    slow.kill_daemon()
    ledger.go_on()
    slow.run("wait", "events", "f", "--empty")
    assert state(slow, request_id) == "succeeded"


def test_events_of_a_function_that_was_deleted_end_and_are_kept(slow, ledger):
    create(slow, ledger)
    create(slow, ledger, "g")
    ledger.hold()
    (running,) = send(slow, "f")
    ledger.wait(lambda book: book.order)
    waiting = send(slow, *["f"] * 100)
    slow.run("delete", "f", "--yes")
    ledger.go_on()
    (other,) = send(slow, "g")
    slow.run("wait", "events", "g", "--empty")
    talk = Talk(slow)
    assert talk.json("GET", "/_lamb/functions/f/events/empty?timeout_ms=20000") == {"Empty": True}
    told = {request_id: talk.json("GET", f"/_lamb/events/{request_id}") for request_id in waiting}
    assert {each["Condition"] for each in told.values()} == {"FunctionGone"}
    assert state(slow, running) == state(slow, other) == "succeeded"
    assert set(ledger.order) == {running, other}
