"""What was counted of one function: in one minute, or in several that were added up (SEMANTICS §28)."""

from __future__ import annotations

import json
import math
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

    __slots__ = (
        "billed_mb_ms", "duration", "init", "memory_mb", "memory_used_mb", "provisioned", "ready", "spilled",
        "utilization", "verdicts",
    )  # fmt: skip

    def __init__(self) -> None:
        self.verdicts: dict[str, int] = {}
        self.duration = Distribution()
        """The handler's time, without init."""
        self.init = Distribution()
        self.memory_used_mb = 0
        self.memory_mb = 0
        """The memory size of the run that used most."""
        self.billed_mb_ms = 0
        """Milliseconds that are billed, rounded up for each run, times the memory size."""
        self.provisioned = 0
        """Runs on provisioned concurrency."""
        self.spilled = 0
        """Runs beyond it, of versions that have some."""
        self.ready = 0
        """The most runs at the same time that provisioned concurrency took."""
        self.utilization = 0.0
        """The most of it that was in use, as a part of 1."""

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
        # Rounded up, with the init phase, as `lines.Report` says it.
        self.billed_mb_ms += math.ceil(outcome.duration_ms + (outcome.init_ms or 0.0)) * outcome.memory_mb

    def ran_beside(self, wanted: int, running: int, *, provisioned: bool) -> None:
        """A run of a version with so much provisioned concurrency, of so many at that time."""
        if provisioned:
            self.provisioned += 1
        else:
            self.spilled += 1
        ready = min(wanted, running)
        self.ready = max(self.ready, ready)
        self.utilization = max(self.utilization, ready / wanted)

    def merge(self, other: Runs) -> None:
        _add_up(self.verdicts, other.verdicts)
        self.duration.merge(other.duration)
        self.init.merge(other.init)
        if other.memory_used_mb > self.memory_used_mb:
            self.memory_used_mb, self.memory_mb = other.memory_used_mb, other.memory_mb
        self.billed_mb_ms += other.billed_mb_ms
        self.provisioned += other.provisioned
        self.spilled += other.spilled
        self.ready = max(self.ready, other.ready)
        self.utilization = max(self.utilization, other.utilization)

    def document(self) -> list[Any]:
        memory = [self.memory_used_mb, self.memory_mb]
        ahead = [self.provisioned, self.spilled, self.ready, self.utilization]
        told = [self.verdicts, self.duration.document(), self.init.document(), memory, self.billed_mb_ms]
        return [*told, *ahead] if self.provisioned or self.spilled else told

    @classmethod
    def read(cls, document: list[Any]) -> Runs:
        made = cls()
        # What lamb wrote before it counted the rest ends sooner.
        made.verdicts, duration, init, (made.memory_used_mb, made.memory_mb), *more = document
        if more:
            made.billed_mb_ms = more[0]
        if more[1:]:
            made.provisioned, made.spilled, made.ready, made.utilization = more[1:]
        made.duration, made.init = Distribution.read(duration), Distribution.read(init)
        return made


class Counts:
    """Everything that is counted. Two of them can be merged, in any order, with the same result."""

    __slots__ = ("age", "concurrent", "counters", "dropped", "runs", "throttled", "unreserved")

    def __init__(self) -> None:
        self.runs: dict[Resource, Runs] = {}
        self.counters: dict[Counter, int] = {}
        self.dropped: dict[str, int] = {}
        """AsyncEventsDropped: condition → how many events ended with it and never succeeded."""
        self.age = Distribution()
        """AsyncEventAge: how long events had been waiting when they were run."""
        self.concurrent = 0
        """ConcurrentExecutions: the most that ran at the same time."""
        self.unreserved = 0
        """Of an account: the most of them that took from its unreserved concurrency."""
        self.throttled: dict[str, int] = {}
        """Throttles by what was invoked: qualifier, or nothing → how many."""

    def add(self, counter: Counter, times: int = 1) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + times

    def throttle(self, qualifier: str | None) -> None:
        self.add("Throttles")
        self.throttled[qualifier or ""] = self.throttled.get(qualifier or "", 0) + 1

    def ran(self, qualifier: str | None, outcome: Outcome) -> Runs:
        """An invocation, by what was invoked; to what it was added."""
        # A plain tuple finds the resource, too, and costs a quarter of one.
        runs: Runs | None = self.runs.get((qualifier, outcome.executed_version))  # type: ignore[call-overload]
        if runs is None:
            runs = self.of(Resource(qualifier, outcome.executed_version))
        runs.add(outcome)
        return runs

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
        _add_up(self.throttled, other.throttled)
        self.concurrent = max(self.concurrent, other.concurrent)
        self.unreserved = max(self.unreserved, other.unreserved)

    def text(self) -> str:
        """As the store keeps it."""
        runs = [[*resource, *runs.document()] for resource, runs in self.runs.items()]
        whole = [runs, self.counters, self.dropped, self.age.document(), self.concurrent]
        if self.throttled or self.unreserved:
            whole += [self.throttled, self.unreserved]
        return json.dumps(whole, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Counts:
        """What `text` wrote."""
        made = cls()
        runs, made.counters, made.dropped, age, made.concurrent, *more = json.loads(text)
        if more:
            made.throttled, made.unreserved = more
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
