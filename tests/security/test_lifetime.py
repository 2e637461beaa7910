"""Lifetime: nothing of a function outlives its timeout, its environment or the daemon."""

from __future__ import annotations

import os
import signal
import time

import harness
import pytest
from security.prison import Prison, descendants, go_wild, named

pytestmark = pytest.mark.each_user

NOBODY_LEFT_WITHIN_S = 2


@pytest.fixture
def prison(lamb):
    return Prison(lamb, "prisoner", "--timeout", "1")


@pytest.fixture
def name(request, lamb):
    """What the grandchild calls itself: nobody else on this machine does."""
    return f"wild-{lamb.base.name[-8:]}"


def all_gone(pids):
    deadline = time.monotonic() + NOBODY_LEFT_WITHIN_S
    return [pid for pid in pids if not harness.wait_gone(pid, deadline - time.monotonic())] == []


def test_a_daemonized_grandchild_does_not_outlive_the_timeout(prison, name):
    assert prison.tries(go_wild, name, 60)["Verdict"] == "timeout"
    assert named(name) == []


def test_a_daemonized_grandchild_does_not_outlive_its_runtime(prison, name):
    def attack(name):
        go_wild(name, 0)
        os._exit(3)

    assert prison.tries(attack, name, using=[go_wild])["Verdict"] == "exit"
    assert named(name) == []


def test_nothing_outlives_an_environment_that_new_code_replaces(prison, name):
    prison.does(go_wild, name, 0)
    (wild,) = named(name)
    file = prison.lamb.write("other.py", "def handler(event, context): pass\n")
    prison.lamb.run("update", prison.name, "--file", str(file))
    assert all_gone([wild])


def test_nothing_outlives_a_function_that_is_deleted(prison, name):
    prison.does(go_wild, name, 0)
    (wild,) = named(name)
    prison.lamb.run("delete", prison.name, "--yes")
    assert all_gone([wild])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_daemon(prison, name, number):
    prison.does(go_wild, name, 0)
    below = list(descendants(prison.lamb.daemon_pid))
    assert set(named(name)) < set(below)
    prison.lamb.kill_daemon(number)
    assert all_gone(below)


def test_nothing_outlives_the_daemon_in_the_middle_of_an_invocation(prison, name):
    running = prison.starts(go_wild, name, 60)
    while not named(name):
        time.sleep(0.01)
    below = list(descendants(prison.lamb.daemon_pid))
    prison.lamb.kill_daemon()
    assert all_gone(below)
    running.communicate()


def test_a_function_that_is_busy_in_every_process_ends_at_its_timeout(prison):
    def attack():
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        for _ in range(20):
            if os.fork() == 0:
                break
        while True:
            pass

    started = time.monotonic()
    assert prison.tries(attack)["Verdict"] == "timeout"
    assert time.monotonic() - started < 10
