"""SIGKILL of the daemon at any moment, while many work: nothing acknowledged is lost or half-made."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from faults import book
from faults.operations import OPERATIONS
from faults.scene import Aside, kill
from faults.talk import FUNCTIONS, Lost, Refused, Talk

WORKERS = 4


class Worker:
    """Works on functions of its own, one operation each, and knows what each must have become."""

    def __init__(self, lamb, number, seed):
        self.lamb = lamb
        self.number = number
        self.talk = Talk(lamb)
        self.draw = random.Random(seed * 1000 + number)
        self.told = Counter()
        self.published = {}

    def work(self, operations):
        for i in range(operations):
            operation = self.draw.choice(OPERATIONS)
            name = f"{operation.name}-{self.number}-{i}"
            try:
                operation.prepare(self.talk, name)
                was = self.view(name)
            except Lost:
                self.told["interrupted before"] += 1
                self.recover()
                self.forget(name)
                continue
            self.check(operation, name, was, answered=self.act(operation, name))
            self.forget(name)

    def act(self, operation, name):
        try:
            operation.act(self.talk, name)
        except Lost:
            self.recover()
            return False
        return True

    def check(self, operation, name, was, *, answered):
        now, wanted = self.patiently(self.view, name), operation.effect(name, was)
        assert now == wanted or (not answered and now == was), (operation.name, was, now, wanted)
        how = "answered" if answered else "happened unanswered" if now == wanted else "did not happen"
        self.told[how] += 1

    def forget(self, name):
        """Leave some behind, so that homes are not always empty."""
        if self.draw.random() < 0.8:
            with suppress(Refused):
                self.patiently(self.talk.ask, "DELETE", f"{FUNCTIONS}/{name}")

    def view(self, name):
        """This function alone."""
        try:
            documents = self.talk.json("GET", f"{FUNCTIONS}/{name}/versions")["Versions"]
        except Refused as refused:
            if refused.args[0] == 404:
                return None
            raise
        versions = {document["Version"]: document for document in documents}
        aliases = self.talk.json("GET", f"{FUNCTIONS}/{name}/aliases")["Aliases"]
        tags = self.talk.json("GET", f"{FUNCTIONS}/{name}").get("Tags", {})
        entry = {"versions": versions, "aliases": {a["Name"]: a for a in aliases}, "tags": tags}
        return book.view(entry)

    def patiently(self, ask, *args):
        """A read, or what may be said twice, however often the daemon is killed meanwhile."""
        while True:
            try:
                return ask(*args)
            except Lost:
                self.recover()

    def recover(self):
        """The next command: it starts a daemon, or finds one that another worker has started."""
        while True:
            done = self.lamb.run("list", check=False)
            if done.returncode == 0:
                return
            # The only excuse is that the next kill came in the middle of it.
            assert "daemon ended" in done.stderr, done.stderr
            self.told["commands killed"] += 1


def _ordeal(lamb, operations, seed, pause_s):
    """Workers at work while somebody kills daemons. What happened.

    The pauses between kills are for a machine that starts a daemon in half a second; a slower one gets
    longer ones, or no command would ever come to its end.
    """
    draw, over, told = random.Random(seed), threading.Event(), Counter()
    started = time.monotonic()
    lamb.run("list")
    slowness = max(1.0, (time.monotonic() - started) / 0.5)

    def killer():
        while not over.wait(slowness * draw.uniform(*pause_s)):
            health = lamb.health()
            if health is not None:
                kill(health["pid"])
                told["kills"] += 1

    workers = [Worker(lamb, number, seed) for number in range(WORKERS)]
    killing = Aside(killer)
    try:
        for working in [Aside(worker.work, operations) for worker in workers]:
            working.result(900)
    finally:
        over.set()
        killing.result()
    lamb.run("list")
    talk = Talk(lamb)
    state = book.read(talk)
    for name in state:
        talk.settle(name)
        if state[name]["versions"]:
            assert talk.invoke(name, {"n": 1})["event"] == {"n": 1}
    talk.close()
    for worker in workers:
        worker.talk.close()
        told.update(worker.told)
    assert told["answered"], told
    return dict(told)


def test_daemons_killed_at_random_lose_nothing_that_was_acknowledged(lamb):
    _ordeal(lamb, operations=5, seed=1, pause_s=(0.3, 1.2))


@pytest.mark.soak
@pytest.mark.each_user
def test_very_many_daemons_killed_at_random_lose_nothing_that_was_acknowledged(lamb, tell):
    told = _ordeal(lamb, operations=60, seed=2, pause_s=(0.2, 1.5))
    tell(f"random kills as {lamb.user.name}: {told}")
