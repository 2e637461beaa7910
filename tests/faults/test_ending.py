"""A daemon that is told to end, one that nobody needs, and callers that go away."""

from __future__ import annotations

import os
import signal
import time

import harness
import pytest

from faults.scene import AT_WORK, Aside, Bell


@pytest.fixture
def bell():
    made = Bell()
    yield made
    made.close()


def _at_work(lamb):
    lamb.write("app.py", AT_WORK)
    lamb.run("create", "f", "--file", "app.py", "--timeout", "60")
    return lamb


def _invoke(lamb, bell, seconds):
    """`lamb invoke`, running, its function at work."""
    event = f'{{"port": {bell.port}, "seconds": {seconds}}}'
    command = lamb.start("invoke", "f", "-e", event)
    bell.wait()
    return command, event


@pytest.mark.each_user
def test_invocations_finish_and_are_answered_when_the_daemon_is_told_to_end(lamb, bell):
    command, event = _invoke(_at_work(lamb), bell, 0.5)
    old = lamb.daemon_pid
    os.kill(old, signal.SIGTERM)
    # Comes while the old one ends: it waits, and starts a new one.
    following = Aside(lamb.run, "invoke", "f", "-e", '{"next": 1}')
    assert command.communicate(timeout=60) == (f"{event}\n", "")
    assert command.returncode == 0
    assert following.result().stdout == '{"next": 1}\n'
    assert harness.wait_gone(old)
    assert lamb.daemon_pid != old


@pytest.mark.soak
def test_an_invocation_beyond_the_grace_is_told_that_the_daemon_ends(lamb, bell):
    command, _ = _invoke(_at_work(lamb), bell, 40)
    old, begun = lamb.daemon_pid, time.monotonic()
    os.kill(old, signal.SIGTERM)
    out, err = command.communicate(timeout=60)
    assert (out, command.returncode) == ("", 1)
    assert "lamb is stopping" in err
    assert harness.wait_gone(old)
    assert time.monotonic() - begun < 20
    assert lamb.run("invoke", "f", "-e", '{"next": 1}').stdout == '{"next": 1}\n'


def test_a_daemon_that_nobody_needs_ends_and_leaves_nothing_behind(new_lamb):
    lamb = _at_work(new_lamb(LAMB_IDLE_EXIT_S="1"))
    groups = set(harness.machine.cgroups())
    lamb.run("invoke", "f")
    old = lamb.daemon_pid
    assert harness.wait_gone(old, 30)
    assert not [group for group in set(harness.machine.cgroups()) - groups if f"-{old}" in group]
    assert lamb.health() is None
    assert lamb.run("invoke", "f", "-e", '{"again": 1}').stdout == '{"again": 1}\n'
    assert lamb.daemon_pid != old


def test_a_daemon_does_not_end_while_a_function_is_at_work(new_lamb, bell):
    lamb = _at_work(new_lamb(LAMB_IDLE_EXIT_S="1"))
    command, event = _invoke(lamb, bell, 3.5)
    assert command.communicate(timeout=60) == (f"{event}\n", "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -9)]
)
def test_a_caller_that_goes_away_harms_nobody(lamb, bell, number, code):
    command, _ = _invoke(_at_work(lamb), bell, 1)
    daemon = lamb.daemon_pid
    command.send_signal(number)
    out, _ = command.communicate(timeout=30)
    assert (out, command.returncode) == ("", code)
    assert lamb.run("invoke", "f", "-e", '{"next": 1}').stdout == '{"next": 1}\n'
    assert lamb.daemon_pid == daemon
