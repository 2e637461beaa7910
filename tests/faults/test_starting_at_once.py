"""Commands that start the daemon at the same moment: there is exactly one, and all of them succeed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import harness
import pytest


def _daemons(lamb):
    """The daemons of this home, whoever started them: orphans come to us."""
    found = []
    for pid in harness.machine.children(os.getpid()):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            # One that is dead and that we have not reaped has no words.
            if b"lamb.daemon" in words and os.fsencode(lamb.home) in words:
                found.append(pid)
    return found


def _start_at_once(lamb, count):
    """`count` commands, none of which finds a daemon. The process id of the one they all spoke to."""
    commands = [lamb.start("list", "--json") for _ in range(count)]
    results = [(*command.communicate(timeout=120), command.returncode) for command in commands]
    assert [result for result in results if result[2] != 0] == []
    daemons = _daemons(lamb)
    assert daemons == [lamb.daemon_pid]
    return daemons[0]


def _rounds(lamb, count, rounds):
    """Each daemon ends in another way: killed, told to end, asked to."""
    for round_ in range(rounds):
        pid = _start_at_once(lamb, count)
        if round_ % 3 == 2:
            lamb.run("daemon", "stop")
        else:
            lamb.kill_daemon((signal.SIGKILL, signal.SIGTERM)[round_ % 3])
        assert harness.wait_gone(pid)
    _start_at_once(lamb, count)


def test_two_commands_at_once_start_one_daemon(lamb):
    _rounds(lamb, 2, rounds=6)


def test_twenty_commands_at_once_start_one_daemon(lamb):
    _rounds(lamb, 20, rounds=1)


@pytest.mark.soak
@pytest.mark.each_user
@pytest.mark.parametrize(("count", "rounds"), [(2, 40), (20, 5)])
def test_commands_at_once_start_one_daemon_many_times(lamb, tell, count, rounds):
    _rounds(lamb, count, rounds)
    tell(f"{count} commands at once as {lamb.user.name}: {rounds + 1} rounds, one daemon each")


def test_commands_that_come_while_a_daemon_ends_all_succeed(lamb):
    """Some reach the old one in time, the others wait for the new one."""
    lamb.run("list")
    for number in (signal.SIGKILL, signal.SIGTERM):
        os.kill(lamb.daemon_pid, number)
        _start_at_once(lamb, 4)
