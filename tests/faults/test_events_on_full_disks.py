"""A full disk under asynchronous events: what cannot be kept is refused, what was accepted ends."""

from __future__ import annotations

import pytest

from faults import crowd
from faults.ledger import Ledger
from faults.small_disk import fill, free, mounted
from faults.talk import Refused, Talk

ENOUGH = 400
"""Events: more than the room that is left may take."""


@pytest.fixture
def ledger():
    with Ledger() as made:
        yield made


@pytest.fixture
def talk(new_lamb, ledger):
    """To a daemon whose home is a small disk, and whose own log is elsewhere: it tells what fails here."""
    lamb = new_lamb(LAMB_RETRY_BASE_S="0")
    with mounted(lamb):
        run = lamb.home.with_name("run")
        run.mkdir(mode=0o700)
        (lamb.home / "run").symlink_to(run)
        lamb.run("list")
        made = Talk(lamb)
        crowd.furnish(made, ledger)
        yield made
        made.close()


def send_until_refused(talk, left=0, padding=4096):
    """What was accepted with so many bytes of room, and the refusal."""
    accepted = []
    for number in range(ENOUGH):
        if number % 50 == 0:
            # Again, and then to the last byte: what the daemon tidies away meanwhile makes room.
            fill(talk.lamb, left if number == 0 else 0)
        try:
            accepted.append(crowd.send(talk, "works", {"padding": "x" * padding}))
        except Refused as refused:
            return accepted, refused
    raise AssertionError("there was room for all")


def exhaust(talk):
    """Fill the disk, and what room there is in the database's own files."""
    for padding in (4096, 0, 0, 0):
        send_until_refused(talk, padding=padding)


def wait_for_trouble(talk):
    """Until something that an event came to could not be written."""
    while "what became of an event cannot be written yet" not in talk.lamb.daemon_log():
        talk.json("GET", "/_lamb/functions/fails/events/empty?timeout_ms=100")


@pytest.mark.parametrize("left", [0, 65536, 1 << 20])
def test_an_event_that_cannot_be_kept_is_refused_and_those_before_it_end(talk, ledger, left):
    ledger.hold()  # what has ended makes room
    accepted, refused = send_until_refused(talk, left, padding=16384)
    ledger.go_on()
    status, document = refused.args
    assert status >= 500
    assert str(talk.lamb.home) in document
    free(talk.lamb)
    accepted.append(crowd.send(talk, "works"))
    crowd.wait_empty(talk, "works")
    assert crowd.events(talk, "succeeded").keys() == set(accepted)
    assert ledger.runs == dict.fromkeys(accepted, 1)


def test_what_ran_while_the_disk_was_full_is_written_later_and_does_not_run_again(talk, ledger):
    ledger.hold()
    live, fails = crowd.send(talk, "works:live"), crowd.send(talk, "fails")
    ledger.wait(lambda book: len(book.order) == 2)
    exhaust(talk)
    ledger.go_on()
    wait_for_trouble(talk)
    free(talk.lamb)
    for name in crowd.FUNCTIONS_SENT_TO:
        crowd.wait_empty(talk, name)
    assert (ledger.runs[live], ledger.runs[fails]) == (1, 2)
    assert crowd.events(talk, "failed").keys() == {fails}
    assert [len(crowd.messages(talk, queue)) for queue, _ in crowd.LETTERS] == [1, 1, 1]


def test_an_event_whose_end_could_not_be_written_before_a_kill_runs_again(talk, ledger):
    ledger.hold()
    fails = crowd.send(talk, "fails")
    ledger.wait(lambda book: book.order)
    exhaust(talk)
    ledger.go_on()
    wait_for_trouble(talk)
    talk.lamb.kill_daemon()
    talk.close()
    free(talk.lamb)
    talk.lamb.run("list")
    for name in crowd.FUNCTIONS_SENT_TO:
        crowd.wait_empty(talk, name)
    assert crowd.events(talk, "failed").keys() == {fails}
    assert ledger.runs[fails] >= crowd.RUNS["fails"]
    assert [len(crowd.messages(talk, queue)) for queue, _ in crowd.LETTERS] == [0, 1, 1]
