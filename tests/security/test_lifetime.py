"""Lifetime: nothing of a function outlives its timeout, its environment or the daemon."""

from __future__ import annotations

import os
import secrets
import signal
import time

import harness
import pytest
from security.prison import Prison, descendants, go_wild, named

pytestmark = pytest.mark.each_user

NOBODY_LEFT_WITHIN_S = 2


@pytest.fixture
def mortal(lamb_of_module):
    """A function of its own for this test, with a timeout of 1 s."""
    return Prison(lamb_of_module, f"mortal-{secrets.token_hex(4)}", "--timeout", "1")


@pytest.fixture
def name():
    """What the grandchild calls itself: nobody else on this machine does."""
    return f"wild-{secrets.token_hex(4)}"


def all_gone(pids):
    deadline = time.monotonic() + NOBODY_LEFT_WITHIN_S
    return [pid for pid in pids if not harness.wait_gone(pid, deadline - time.monotonic())] == []


def test_a_daemonized_grandchild_does_not_outlive_the_timeout(mortal, name):
    assert mortal.tries(go_wild, name, 60)["Verdict"] == "timeout"
    assert named(name) == []


def test_a_daemonized_grandchild_does_not_outlive_its_runtime(mortal, name):
    def attack(name):
        go_wild(name, 0)
        os._exit(3)

    assert mortal.tries(attack, name, using=[go_wild])["Verdict"] == "exit"
    assert named(name) == []


def test_nothing_outlives_an_environment_that_new_code_replaces(mortal, name):
    mortal.does(go_wild, name, 0)
    (wild,) = named(name)
    file = mortal.lamb.write("other.py", "def handler(event, context): pass\n")
    mortal.lamb.run("update", mortal.name, "--file", str(file))
    assert all_gone([wild])


def test_nothing_outlives_a_function_that_is_deleted(mortal, name):
    mortal.does(go_wild, name, 0)
    (wild,) = named(name)
    mortal.lamb.run("delete", mortal.name, "--yes")
    assert all_gone([wild])


def test_a_function_that_is_busy_in_every_process_ends_at_its_timeout(mortal):
    def attack():
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        for _ in range(20):
            if os.fork() == 0:
                break
        while True:
            pass

    assert mortal.tries(attack)["Verdict"] == "timeout"


def test_nothing_outlives_a_daemon_that_is_killed(lamb, name):
    """Neither what is idle nor what runs."""
    idle, busy = Prison(lamb, "idle"), Prison(lamb, "busy")
    idle.does(go_wild, f"{name}-i", 0)
    running = busy.starts(go_wild, f"{name}-b", 60)
    deadline = time.monotonic() + 20
    while not named(f"{name}-b"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    below = list(descendants(lamb.daemon_pid))
    assert {*named(f"{name}-i"), *named(f"{name}-b")} < set(below)
    lamb.kill_daemon()
    assert all_gone(below)
    running.communicate()


def test_nothing_outlives_a_daemon_that_is_told_to_end(lamb, name):
    idle = Prison(lamb, "idle")
    idle.does(go_wild, name, 0)
    below = list(descendants(lamb.daemon_pid))
    assert set(named(name)) < set(below)
    lamb.kill_daemon(signal.SIGTERM)
    assert all_gone(below)
