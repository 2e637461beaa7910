"""Counting what functions do, while they do it: in memory, by function and minute (SEMANTICS §28)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

from lamb.logs.counts import Counter, Counts, Runs, merged
from lamb.model.clock import Clock
from lamb.model.concurrency import Allotment
from lamb.model.errors import TooManyRequests
from lamb.model.invocation import Outcome
from lamb.model.names import FunctionKey, Reference

MINUTE_MS = 60_000

_WHOLE = ""

Taken = Mapping[tuple[FunctionKey, int], Counts]
"""Function and minute (since the epoch, of the home's clock) → what was counted in it.

A function without a name stands for all of its account and region, and has their concurrency.
"""


def _whole(key: FunctionKey) -> FunctionKey:
    return FunctionKey(key.account, key.region, _WHOLE)


def _none(_key: FunctionKey, _version: str) -> int:
    return 0


class Metrics:
    """Lives on the event loop, and locks nothing. Some three microseconds an invocation.

    - Every invocation, synchronous or not, is awaited through `measured`: Invocations, Errors, Duration,
      InitDuration, ConcurrentExecutions and the verdicts come from its outcome, and Throttles from the
      TooManyRequests that it raises. Nothing else that it raises is counted: AWS counts no request that
      ends before the function runs.
    - An event that is accepted: `count(key, "AsyncEventsReceived")`. Each time one is run, `event_age`.
      When it is given up, `event_dropped`.
    - Deliveries: `count(key, …)` with DeadLettersSent or DeadLetterErrors, DestinationsDelivered or
      DestinationDeliveryFailures; a chain that was stopped, RecursiveInvocationsDropped.

    `take` empties it, for whoever writes the counts to the store.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tallies: dict[FunctionKey, _Tally] = {}
        self._allotments: dict[FunctionKey, Allotment] = {}
        self.running_of: Callable[[FunctionKey, str], int] = _none
        """Invocations of a version at this moment, to be set by whoever knows."""

    def allot(self, allotment: Allotment) -> None:
        """What is set aside for a function from now on."""
        key = allotment.key
        if allotment.reserved is None and not allotment.provisioned:
            self._allotments.pop(key, None)
        else:
            self._allotments[key] = allotment
        tally = self._tallies.get(key)
        if tally is not None:
            tally.allotment = self._allotments.get(key)

    async def measured(self, reference: Reference, run: Awaitable[Outcome]) -> Outcome:
        """Await `run` and count what comes of it, under the minute in which it began (as AWS does)."""
        tally = self._tallies.get(reference.key) or self._tally(reference.key)
        place, allotment = tally.place, tally.allotment
        unreserved = allotment is None or allotment.reserved is None
        tally.running += 1
        place.running += 1
        place.unreserved += unreserved
        minute = tally.latest = place.latest = self._clock.now_ms() // MINUTE_MS
        try:
            outcome = await run
            counts = tally.minutes.get(minute) or tally.at(minute)
            runs = counts.ran(reference.qualifier, outcome)
            if allotment is not None:
                self._note_provisioned(allotment, runs, outcome)
            # So many have been running since the last one began. Counted here, because those that are
            # throttled have left by now.
            if tally.running > counts.concurrent:
                tally.note_concurrency()
            counts = place.minutes.get(minute) or place.at(minute)
            if place.running > counts.concurrent or place.unreserved > counts.unreserved:
                place.note_concurrency()
        except TooManyRequests:
            tally.at(minute).throttle(reference.qualifier)
            raise
        finally:
            tally.running -= 1
            place.running -= 1
            place.unreserved -= unreserved
        return outcome

    def _note_provisioned(self, allotment: Allotment, runs: Runs, outcome: Outcome) -> None:
        wanted = allotment.provisioned.get(outcome.executed_version)
        if wanted:
            # This one has left already.
            running = self.running_of(allotment.key, outcome.executed_version) + 1
            runs.ran_beside(wanted, running, provisioned=outcome.provisioned)

    def count(self, key: FunctionKey, counter: Counter, times: int = 1) -> None:
        self._now(key).add(counter, times)

    def event_age(self, key: FunctionKey, ms: float) -> None:
        """An event is about to be run, so long after it was accepted."""
        self._now(key).age.add(ms)

    def event_dropped(self, key: FunctionKey, condition: str) -> None:
        """An event is over and has not succeeded. `condition`: as its record names it."""
        dropped = self._now(key).dropped
        dropped[condition] = dropped.get(condition, 0) + 1

    def running(self, key: FunctionKey) -> int:
        """Invocations of this function at this moment."""
        tally = self._tallies.get(key)
        return tally.running if tally else 0

    def take(self) -> Taken:
        """Everything that was counted since the last time."""
        self._note_running()
        taken = dict(self._minutes())
        # Those that run will count on; others come back when they are invoked.
        self._tallies = {key: tally for key, tally in self._tallies.items() if tally.running}
        for tally in self._tallies.values():
            tally.minutes = {}
        return taken

    def put_back(self, taken: Taken) -> None:
        """What was taken could not be kept: it counts again."""
        for (key, minute), counts in taken.items():
            self._tally(key).at(minute).merge(counts)

    def copy(self) -> Taken:
        """What `take` would give, without taking it."""
        self._note_running()
        return {which: merged([counts]) for which, counts in self._minutes()}

    def _note_running(self) -> None:
        """What runs for long is running in each minute of its time."""
        minute = self._clock.now_ms() // MINUTE_MS
        for tally in self._tallies.values():
            if tally.running:
                tally.latest = minute
                tally.note_concurrency()

    def _minutes(self) -> Iterator[tuple[tuple[FunctionKey, int], Counts]]:
        for key, tally in self._tallies.items():
            for minute, counts in tally.minutes.items():
                yield (key, minute), counts

    def _tally(self, key: FunctionKey) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None:
            whole = _whole(key)
            tally = self._tallies[key] = _Tally(None if key == whole else self._tally(whole))
            tally.allotment = self._allotments.get(key)
        return tally

    def _now(self, key: FunctionKey) -> Counts:
        return self._tally(key).at(self._clock.now_ms() // MINUTE_MS)


class _Tally:
    """One function, or all of an account: what runs, and what was counted and not taken yet."""

    __slots__ = ("allotment", "latest", "minutes", "place", "running", "unreserved")

    def __init__(self, place: _Tally | None) -> None:
        """`place`: that of the whole account; None for itself."""
        self.place = place or self
        self.allotment: Allotment | None = None
        """None: nothing is set aside for it."""
        self.running = 0
        self.unreserved = 0
        """Of an account: those that take from what nobody has reserved."""
        self.latest = 0
        """The minute in which an invocation began last."""
        self.minutes: dict[int, Counts] = {}

    def at(self, minute: int) -> Counts:
        counts = self.minutes.get(minute)
        if counts is None:
            counts = self.minutes[minute] = Counts()
        return counts

    def note_concurrency(self) -> None:
        counts = self.at(self.latest)
        counts.concurrent = max(counts.concurrent, self.running)
        counts.unreserved = max(counts.unreserved, self.unreserved)
