"""SIGKILL of the daemon just before each step of each operation: it happened or it did not.

A step is a system call that changes something on disk or answers somebody. In CI one of each operation,
drawn by lot; `make soak` takes every one.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import harness
import pytest

from faults import book
from faults.execution import Execution, spread
from faults.operations import OPERATIONS, Operation
from faults.talk import FUNCTIONS, Lost, Refused, Talk, code_sha256

# Of a first start.
IN_CI, IN_SOAK = 2, 80
BYSTANDER = "bystander"
BY_NAME = {operation.name: operation for operation in OPERATIONS}


@dataclass
class Kill:
    """One that happened, and what was before it."""

    operation: Operation
    name: str
    before: book.State
    answered: bool


@dataclass
class Ordeal:
    """One home, and one kill after the other: each next command is also the test of the kill before it."""

    lamb: harness.Lamb
    told: Counter[str] = field(default_factory=Counter)
    _last: Kill | None = None

    def kills(self, operation: Operation, points: Iterable[int]) -> int:
        """Kill before each of these steps (0: after the last); how many steps there were at most."""
        return max(self._kill(operation, at) for at in points)

    def judge(self) -> None:
        """The last kill, too."""
        with Execution(self.lamb, "list", "--json") as execution:
            self._judge_last()
            execution.arm(0)
            assert execution.finish().left == []
        self.lamb.run("list")

    def _kill(self, operation: Operation, at: int) -> int:
        name = f"{operation.name}-{self.told['kills']}"
        with Execution(self.lamb, "list", "--json") as execution:
            if self._last is None:
                self._introduce_bystander()
            else:
                self._judge_last()
            talk = Talk(self.lamb)
            operation.prepare(talk, name)
            before = book.read(talk)
            execution.arm(at)
            answered = self._act(talk, operation, name)
            talk.close()
            killing = execution.finish()
        assert killing.left == []
        assert bool(killing.killed) == (0 < at <= len(killing.steps)), killing
        assert self.lamb.health() is None
        self.told["kills"] += 1
        self.told["answered" if answered else "not answered"] += 1
        self._last = Kill(operation, name, before, answered)
        return len(killing.steps)

    def _introduce_bystander(self) -> None:
        talk = Talk(self.lamb)
        talk.create(BYSTANDER, "bystander", "of the bystander")
        talk.settle(BYSTANDER)
        talk.close()

    def _act(self, talk: Talk, operation: Operation, name: str) -> bool:
        try:
            operation.act(talk, name)
        except Lost:
            return False
        # What comes after the answer is part of the operation.
        with suppress(Lost, Refused):
            talk.settle(name)
        return True

    def _judge_last(self) -> None:
        """The next command has worked, and everything is as it was or as it was to become."""
        assert self._last is not None
        name, before = self._last.name, self._last.before
        talk = Talk(self.lamb)
        after = book.read(talk)
        was, now = book.view(before.pop(name, None)), book.view(after.pop(name, None))
        wanted = self._last.operation.effect(name, was)
        assert now == wanted or (not self._last.answered and now == was), (was, now, wanted)
        self.told["happened" if now == wanted else "did not happen"] += 1
        assert after == before
        self._works(talk, name, now)
        self._tidy()
        talk.close()

    def _works(self, talk: Talk, name: str, now: book.View) -> None:
        """What is there runs, with its own code and variables; version numbers are never used again."""
        function = name if now else BYSTANDER
        talk.settle(function)
        answer = talk.invoke(function, {"n": 1})
        document = talk.json("GET", f"{FUNCTIONS}/{function}")["Configuration"]
        assert answer["M"] == document["Environment"]["Variables"]["MM"]
        assert code_sha256(answer["marker"]) == document["CodeSha256"]
        if now is None:
            talk.create(name, "anew", "anew")
            talk.settle(name)
        new = talk.update(name, "and anew", publish=True)
        labels = [int(label) for label in now["versions"] if label.isdigit()] if now else []
        assert int(new["Version"]) > max(labels, default=0)
        talk.settle(name)
        talk.ask("DELETE", f"{FUNCTIONS}/{name}")

    def _tidy(self) -> None:
        assert list((self.lamb.home / "packages" / "aside").iterdir()) == []
        assert [group for group in harness.machine.cgroups() if _of_the_dead(group)] == []


def _of_the_dead(group: str) -> bool:
    """Whether this group of a daemon is one that no process is in or will be in."""
    pid = Path(group).name.rpartition("-")[2]
    return pid.isdigit() and not Path(f"/proc/{pid}").exists() and harness.machine.is_dead(group)


@pytest.mark.timeout(400)  # some thirty daemons, one after the other
def test_an_operation_killed_in_the_middle_happened_or_did_not(lamb):
    ordeal = Ordeal(lamb)
    for operation in OPERATIONS:
        steps = ordeal.kills(operation, [0])
        ordeal.kills(operation, [random.Random(operation.name).randint(1, steps)])
    ordeal.judge()


@pytest.mark.soak
@pytest.mark.each_user
@pytest.mark.parametrize("name", BY_NAME)
def test_an_operation_killed_at_every_step_happened_or_did_not(lamb, name, tell):
    ordeal = Ordeal(lamb)
    steps = ordeal.kills(BY_NAME[name], [0])
    ordeal.kills(BY_NAME[name], range(1, steps + 1))
    ordeal.judge()
    tell(f"{name} as {lamb.user.name}: {steps} steps, {dict(ordeal.told)}")


# ------------------------------------------------------------------ the first start of all


def _starts(lamb, points):
    """A home's first daemon, killed before each of these steps (0: when it is up); how many steps at most."""
    most = 0
    for at in points:
        shutil.rmtree(lamb.home, ignore_errors=True)
        with Execution(lamb) as execution:
            execution.arm(at, start=[str(lamb.user.python), "-m", "lamb.daemon", "--home", str(lamb.home)])
            until = time.monotonic() + 60
            while not execution.is_over(within_s=0.02) and lamb.health() is None:
                assert time.monotonic() < until, lamb.daemon_log()
            killing = execution.finish()
        assert killing.left == []
        most = max(most, len(killing.steps))
        assert lamb.json("create", "f", "--file", "app.py", "-E", "KEY=value")["State"] == "Active"
        assert lamb.run("invoke", "f").stdout.strip() == "1"
        lamb.kill_daemon()
    return most


@pytest.mark.timeout(400)
def test_a_first_start_killed_in_the_middle_leaves_a_home_that_the_next_command_can_use(lamb):
    lamb.write("app.py", "def handler(event, context): return 1")
    _starts(lamb, spread(_starts(lamb, [0]), IN_CI))


@pytest.mark.soak
@pytest.mark.each_user
def test_a_first_start_killed_at_many_steps_leaves_a_home_that_the_next_command_can_use(lamb, tell):
    lamb.write("app.py", "def handler(event, context): return 1")
    steps = _starts(lamb, [0])
    points = spread(steps, IN_SOAK)
    _starts(lamb, points)
    tell(f"first start as {lamb.user.name}: {len(points)} kills over {steps} steps")
