"""Which environment runs what: bookkeeping only. Nothing here waits, starts or stops anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Generic, Protocol, TypeVar

from lamb.model.invocation import Target
from lamb.model.names import FunctionKey


class Pooled(Protocol):
    """What the pool needs to know of an environment."""

    provisioned: bool
    """Kept, however long it has been idle, and used before others."""

    @property
    def target(self) -> Target: ...


E = TypeVar("E", bound=Pooled)
_Key = tuple[FunctionKey, str, str]


class Pool(Generic[E]):
    """Idle environments of each generation of each version, the busy ones, and how much room is left."""

    def __init__(self, most: int, memory_mb: int) -> None:
        """`most` environments, with `memory_mb` of memory sizes together."""
        self._most = most
        self._memory_mb = memory_mb
        self._idle: dict[_Key, list[tuple[E, float]]] = {}
        self._busy: set[E] = set()
        self._stale: set[E] = set()
        self._of: dict[FunctionKey, set[E]] = {}
        self._reserved_mb = 0
        self._busy_mb = 0

    def take(self, target: Target) -> E | None:
        """An idle environment, now busy: a provisioned one, else the one used last; None: start one."""
        idle = self._idle.get(_key(target))
        if not idle:
            return None
        environment, _ = idle.pop()
        self._work(environment)
        return environment

    def room_for(self, target: Target) -> list[E] | None:
        """Idle environments to close before one more may start, the longest unused first.

        Provisioned ones stay. [] when there is room, None when closing all others would not make any.
        """
        count = len(self) + 1
        reserved = self._reserved_mb + target.configuration.memory_mb
        victims: list[E] = []
        candidates: list[E] | None = None
        while count > self._most or reserved > self._memory_mb:
            if candidates is None:
                candidates = [
                    e for e, _ in sorted(self._pairs(), key=lambda pair: -pair[1]) if not e.provisioned
                ]
            if not candidates:
                return None
            victim = candidates.pop()
            victims.append(victim)
            count -= 1
            reserved -= victim.target.configuration.memory_mb
        return victims

    def add(self, environment: E) -> None:
        """A new environment, which starts out busy."""
        self._work(environment)
        self._of.setdefault(environment.target.key, set()).add(environment)
        self._reserved_mb += environment.target.configuration.memory_mb

    def release(self, environment: E, now_s: float) -> bool:
        """Back from work; False when its function has changed and it should be closed instead."""
        if environment in self._stale:
            return False
        self._rest(environment)
        idle = self._idle.setdefault(_key(environment.target), [])
        # At the end is what is taken first.
        last = len(idle)
        while not environment.provisioned and last and idle[last - 1][0].provisioned:
            last -= 1
        idle.insert(last, (environment, now_s))
        return True

    def dismiss(self, environment: E) -> bool:
        """It is not wanted any more: True when it is idle and can be closed now, else on its release."""
        if environment in self._busy:
            self._stale.add(environment)
            return False
        return True

    def remove(self, environment: E) -> None:
        """It is gone, or about to be closed. Removing twice changes nothing."""
        key = _key(environment.target)
        idle = self._idle.get(key, [])
        rest = [pair for pair in idle if pair[0] is not environment]
        if environment not in self._busy and len(rest) == len(idle):
            return
        self._rest(environment)
        self._stale.discard(environment)
        self._idle[key] = rest
        if not rest:
            del self._idle[key]
        self._reserved_mb -= environment.target.configuration.memory_mb
        others = self._of[environment.target.key]
        others.discard(environment)
        if not others:
            del self._of[environment.target.key]

    def retire(self, key: FunctionKey, version: str | None = None) -> list[E]:
        """This version (None: any) has changed or is gone: idle environments to close now.

        Busy ones finish what they do and are closed when they are released.
        """

        def outdated(environment: E) -> bool:
            target = environment.target
            return target.key == key and version in (None, target.version)

        self._stale.update(filter(outdated, self._busy))
        return [e for e, _ in self._pairs() if outdated(e)]

    def idle_since(self, before_s: float) -> list[E]:
        """Environments that came back from work before that time."""
        return [e for e, since in self._pairs() if since < before_s]

    def of(self, key: FunctionKey) -> Collection[E]:
        """The function's environments, of all versions."""
        return self._of.get(key, ())

    @property
    def share_busy(self) -> float:
        """How much of what may run at once does run, of environments or of memory: 0.0 to 1.0."""
        if not self._busy:
            return 0.0
        return max(len(self._busy) / self._most, self._busy_mb / self._memory_mb)

    @property
    def busy(self) -> frozenset[E]:
        return frozenset(self._busy)

    def __len__(self) -> int:
        return len(self._busy) + sum(map(len, self._idle.values()))

    def _work(self, environment: E) -> None:
        self._busy.add(environment)
        self._busy_mb += environment.target.configuration.memory_mb

    def _rest(self, environment: E) -> None:
        if environment in self._busy:
            self._busy.discard(environment)
            self._busy_mb -= environment.target.configuration.memory_mb

    def _pairs(self) -> Iterator[tuple[E, float]]:
        for pairs in list(self._idle.values()):
            yield from list(pairs)


def _key(target: Target) -> _Key:
    return (target.key, target.version, target.generation)
