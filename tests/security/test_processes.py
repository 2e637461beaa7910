"""Processes: a function sees and signals its own, and neither its init nor the host's."""

from __future__ import annotations

import os
import signal
import time

import pytest
from security.prison import inmates
from security.prisoner import outcome, syscall

pytestmark = pytest.mark.each_user


def test_a_function_sees_no_process_but_its_own_and_its_init(prison):
    def attack():
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit()), os.getpid()

    seen, own = prison.does(attack)
    assert seen == [1, own]


def test_a_function_can_reach_no_process_of_the_host_by_number(prison, sleeper):
    def attack(numbers):
        return [number for number in numbers if outcome(os.kill, number, 0) != "ESRCH"], os.getpid()

    numbers = [*range(2, 66_000), sleeper.pid, prison.lamb.daemon_pid]
    reached, own = prison.does(attack, sorted(set(numbers)))
    assert reached == [own]
    assert sleeper.poll() is None


def test_killing_every_process_kills_none_of_the_host(prison, sleeper):
    def attack():
        return outcome(os.kill, -1, signal.SIGKILL)

    daemon = prison.lamb.daemon_pid
    prison.does(attack)
    assert sleeper.poll() is None
    assert prison.lamb.daemon_pid == daemon


def test_no_signal_disturbs_the_init_of_an_environment(prison):
    def attack():
        for number in signal.valid_signals():
            os.kill(1, number)
        time.sleep(0.05)
        return os.getpid()

    def look():
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())

    own = prison.does(attack)
    assert prison.does(look) == [1, own]


def test_a_function_cannot_look_into_its_init(prison):
    def attack():
        def read(name):
            with open(f"/proc/1/{name}", "rb", 0) as file:
                file.read(1)

        names = ["environ", "mem", "maps", "auxv", "io", "stack", "syscall", "task/1/environ"]
        names += [f"fd/{number}" for number in range(20)]
        links = ["cwd", "root", "exe", "ns/mnt", *(f"fd/{number}" for number in range(20))]
        outcomes = {name: outcome(read, name) for name in names}
        return outcomes | {f"link {name}": outcome(os.readlink, f"/proc/1/{name}") for name in links}

    outcomes = prison.does(attack)
    refused = ("EACCES", "EPERM", "ENOENT")
    assert {name: error for name, error in outcomes.items() if error not in refused} == {}
    assert outcomes["environ"] != "ENOENT"


def test_a_function_cannot_trace_or_read_the_memory_of_any_process(prison):
    def attack(calls):
        attach, read = calls
        return [
            outcome(syscall, attach, 16, 1, 0, 0),
            outcome(syscall, attach, 0, 0, 0, 0),
            outcome(syscall, read, 1, b"\0" * 16, 1, b"\0" * 16, 1, 0),
            outcome(syscall, read, os.getpid(), b"\0" * 16, 1, b"\0" * 16, 1, 0),
        ]

    calls = {"x86_64": (101, 310), "aarch64": (117, 270)}[os.uname().machine]
    assert set(prison.does(attack, calls)) == {"EPERM"}


def test_a_function_cannot_take_a_descriptor_from_its_init(prison):
    def attack():
        handle = os.pidfd_open(1)
        return [outcome(syscall, 438, handle, fd, 0) for fd in range(20)]

    assert set(prison.does(attack)) == {"EPERM"}


def test_nothing_of_a_function_runs_between_invocations(prison):
    def attack():
        if os.fork() == 0:
            while True:
                time.sleep(0.001)
        return os.getpid()

    prison.does(attack)
    deadline = time.monotonic() + 5
    while any(seen["State"][0] != "T" for seen in inmates(prison.lamb).values()):
        assert time.monotonic() < deadline, inmates(prison.lamb)
        time.sleep(0.01)
    assert len(inmates(prison.lamb)) >= 2
