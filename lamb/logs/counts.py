"""What was counted of one function: in one minute, or in several that were added up (SEMANTICS §28)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from lamb.logs.distribution import Distribution
from lamb.model.invocation import Outcome

Counter = Literal[
    "Throttles",
    "AsyncEventsReceived",
    "DeadLetterErrors",
    "DestinationDeliveryFailures",
    "RecursiveInvocationsDropped",
    "DeadLettersSent",
    "DestinationsDelivered",
]
"""AWS's names; it has none for the last two, which say what did arrive."""


class Resource(NamedTuple):
    """What was invoked, and what ran: AWS's dimensions Resource and ExecutedVersion."""

    qualifier: str | None
    """A version or an alias; None where the function was named alone."""
    version: str


class Runs:
    """Invocations of one resource that ended, whatever came of them."""

    __slots__ = ("duration", "init", "memory_mb", "memory_used_mb", "verdicts")

    def __init__(self) -> None:
        self.verdicts: dict[str, int] = {}
        self.duration = Distribution()
        """The handler's time, without init."""
        self.init = Distribution()
        self.memory_used_mb = 0
        self.memory_mb = 0
        """The memory size of the run that used most."""

    @property
    def invocations(self) -> int:
        return sum(self.verdicts.values())

    @property
    def errors(self) -> int:
        return self.invocations - self.verdicts.get("success", 0)

    def add(self, outcome: Outcome) -> None:
        verdict = outcome.verdict
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        self.duration.add(outcome.duration_ms)
        if outcome.init_ms is not None:
            self.init.add(outcome.init_ms)
        if outcome.memory_used_mb > self.memory_used_mb:
            self.memory_used_mb, self.memory_mb = outcome.memory_used_mb, outcome.memory_mb

    def merge(self, other: Runs) -> None:
        _add_up(self.verdicts, other.verdicts)
        self.duration.merge(other.duration)
        self.init.merge(other.init)
        if other.memory_used_mb > self.memory_used_mb:
            self.memory_used_mb, self.memory_mb = other.memory_used_mb, other.memory_mb

    def document(self) -> list[Any]:
        memory = [self.memory_used_mb, self.memory_mb]
        return [self.verdicts, self.duration.document(), self.init.document(), memory]

    @classmethod
    def read(cls, document: list[Any]) -> Runs:
        made = cls()
        made.verdicts, duration, init, (made.memory_used_mb, made.memory_mb) = document
        made.duration, made.init = Distribution.read(duration), Distribution.read(init)
        return made


class Counts:
    """Everything that is counted. Two of them can be merged, in any order, with the same result."""

    __slots__ = ("age", "concurrent", "counters", "dropped", "runs")

    def __init__(self) -> None:
        self.runs: dict[Resource, Runs] = {}
        self.counters: dict[Counter, int] = {}
        self.dropped: dict[str, int] = {}
        """AsyncEventsDropped: condition → how many events ended with it and never succeeded."""
        self.age = Distribution()
        """AsyncEventAge: how long events had been waiting when they were run."""
        self.concurrent = 0
        """ConcurrentExecutions: the most that ran at the same time."""

    def add(self, counter: Counter, times: int = 1) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + times

    def ran(self, qualifier: str | None, outcome: Outcome) -> None:
        """An invocation, by what was invoked."""
        # A plain tuple finds the resource, too, and costs a quarter of one.
        runs = self.runs.get((qualifier, outcome.executed_version))  # type: ignore[call-overload]
        if runs is None:
            runs = self.of(Resource(qualifier, outcome.executed_version))
        runs.add(outcome)

    def of(self, resource: Resource) -> Runs:
        """The runs of a resource, to be added to."""
        runs = self.runs.get(resource)
        if runs is None:
            runs = self.runs[resource] = Runs()
        return runs

    def all_runs(self) -> Runs:
        """Of all resources together."""
        return summed(self.runs.values())

    def only(self, qualifier: str) -> Counts:
        """What was counted for one version or alias: AWS counts invocations alone for these."""
        made = Counts()
        made.runs = {
            resource: runs for resource, runs in self.runs.items() if resource.qualifier == qualifier
        }
        return made

    def merge(self, other: Counts) -> None:
        for resource, runs in other.runs.items():
            self.of(resource).merge(runs)
        _add_up(self.counters, other.counters)
        _add_up(self.dropped, other.dropped)
        self.age.merge(other.age)
        self.concurrent = max(self.concurrent, other.concurrent)

    def text(self) -> str:
        """As the store keeps it."""
        runs = [[*resource, *runs.document()] for resource, runs in self.runs.items()]
        whole = [runs, self.counters, self.dropped, self.age.document(), self.concurrent]
        return json.dumps(whole, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Counts:
        """What `text` wrote."""
        made = cls()
        runs, made.counters, made.dropped, age, made.concurrent = json.loads(text)
        made.runs = {Resource(qualifier, version): Runs.read(rest) for qualifier, version, *rest in runs}
        made.age = Distribution.read(age)
        return made


def summed(runs: Iterable[Runs]) -> Runs:
    total = Runs()
    for each in runs:
        total.merge(each)
    return total


def merged(counts: Iterable[Counts]) -> Counts:
    """All of them in one, which shares nothing with them."""
    total = Counts()
    for each in counts:
        total.merge(each)
    return total


def _add_up(counts: dict[Any, int], more: dict[Any, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
