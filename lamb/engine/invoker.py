"""The engine: finds or starts an environment for an invocation, runs it, and keeps the house."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from lamb.engine.blanks import Blanks
from lamb.engine.concurrency import Limits
from lamb.engine.environment import Environment, ProvisionedEnvironment
from lamb.engine.launch import Identity, Launcher
from lamb.engine.pool import Pool
from lamb.engine.upkeep import Upkeep
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Journal
from lamb.model import lineage
from lamb.model.clock import Clock
from lamb.model.errors import (
    EnvironmentLost,
    EnvironmentStartFailed,
    RecursiveInvocation,
    SandboxRefused,
    TooManyRequests,
)
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.limits import CONCURRENT_EXECUTIONS, INIT_MAX_S
from lamb.model.names import FunctionKey
from lamb.sandbox.cgroup import CgroupTree
from lamb.sandbox.walls import Standing

E = TypeVar("E", bound=Environment)
# A thousand processes of a function take the kernel a while to clear away, on a slow machine many seconds.
_CLEARING_S = 30.0
_LOST_MAX = 2
"""What stood ready, then the zygote: each may have ended without our having heard of it."""
_SHARE_OF_EVENTS = 0.75
_INITS_OF_EVENTS = 2 * (os.cpu_count() or 1)
"""Environments of one function that events may have at their init at once."""


class Policy(NamedTuple):
    """What the user's settings say about running."""

    require_all_walls: bool
    max_environments: int
    memory_total_mb: int
    environment_idle_s: float
    account_concurrency: int = CONCURRENT_EXECUTIONS
    init_max_s: float = INIT_MAX_S


class Engine:
    """Lives on the event loop. `identify` makes the credentials of each new environment."""

    def __init__(
        self,
        policy: Policy,
        zygotes: Zygotes,
        cgroups: CgroupTree | None,
        journal: Journal,
        clock: Clock,
        identify: Callable[[Target], Identity],
    ) -> None:
        self._policy = policy
        self._zygotes = zygotes
        self._cgroups = cgroups
        self._clock = clock
        self.lost: Callable[[Environment], None] = lambda _: None
        """Called for each environment that is gone."""
        self.limits = Limits(policy.account_concurrency)
        self._pool: Pool[Environment] = Pool(policy.max_environments, policy.memory_total_mb)
        self._upkeep = Upkeep(self._pool, policy.environment_idle_s, self._close)
        self._blanks = Blanks(cgroups, self._upkeep.leave)
        self._launcher = Launcher(
            self._blanks,
            journal,
            clock,
            identify,
            memory_by_cgroup=cgroups is not None,
            init_max_s=policy.init_max_s,
        )

    @property
    def standing(self) -> Standing:
        return self._zygotes.standing

    @property
    def busy(self) -> int:
        return len(self._pool.busy)

    def __len__(self) -> int:
        return len(self._pool)

    def room(self, key: FunctionKey, running: int) -> bool:
        """Whether an event of the function should start now, beside so many that run.

        A quarter of all room is left to callers who wait. And no more environments are started at once than
        the processors can bring up: a hundred of them would keep each other from it, and everybody else.
        """
        if self._pool.share_busy >= _SHARE_OF_EVENTS or self.limits.full(key):
            return False
        if running < _INITS_OF_EVENTS:
            return True
        up = sum(environment.link.runtime_up for environment in self._pool.of(key))
        return running < up + _INITS_OF_EVENTS

    async def invoke(self, target: Target, event: Event) -> Outcome:
        """Run one event. Raises TooManyRequests, RecursiveInvocation, SandboxRefused, EnvironmentStartFailed,
        KMS errors. Of what is refused here nothing is logged or counted.
        """
        if event.chained:
            event = _linked(target, event)
        reason = self.limits.acquire(target.key, target.version)
        if reason is not None:
            raise TooManyRequests(reason)
        try:
            for _ in range(_LOST_MAX):
                try:
                    return await self._invoke(target, event)
                except EnvironmentLost:
                    pass  # whoever killed it, the function had not begun and need not hear of it
            return await self._invoke(target, event)
        finally:
            self.limits.release(target.key, target.version)

    async def _invoke(self, target: Target, event: Event) -> Outcome:
        environment = self._pool.take(target)
        if environment is None:
            environment = await self._start(target, Environment)
        self._upkeep.works(environment)
        try:
            outcome = await environment.run(event)
        except BaseException:
            self._close(environment)  # nobody knows what is still going on in it
            raise
        self._release(environment)
        return outcome

    async def prepare(self, runtime: str) -> None:
        """Have the zygote of a runtime ready, so that a first invocation need not wait for it."""
        _, zygote = await self._zygotes.get(runtime)
        self._blanks.prepare(zygote)

    def retire(self, key: FunctionKey, version: str | None = None) -> None:
        """What runs this version (None: any) is outdated: new invocations start anew."""
        for environment in self._pool.retire(key, version):
            self._close(environment)

    # ------------------------------------------------------------------ provisioned concurrency

    async def start_ahead(self, target: Target) -> Environment | None:
        """A provisioned environment, idle, with its handler loaded; None if that failed, which the log tells.

        Raises as `invoke`.
        """
        environment = await self._start(target, ProvisionedEnvironment)
        self._upkeep.works(environment)
        try:
            ready = await environment.initialize()
        except BaseException:
            self._close(environment)
            raise
        if ready:
            self._release(environment)
        else:
            self._close(environment)
        return environment if ready else None

    def dismiss(self, environment: Environment) -> None:
        """Close it, as soon as it has run what it runs."""
        if self._pool.dismiss(environment):
            self._close(environment)

    # ------------------------------------------------------------------ the end

    async def close(self) -> None:
        await self._upkeep.stop()
        for environment in (*self._pool.idle_since(float("inf")), *self._pool.busy):
            self._close(environment)
        self._blanks.close()
        await self._zygotes.close()
        await self._upkeep.remove_groups(_CLEARING_S)
        if self._cgroups:
            self._cgroups.close()

    # ------------------------------------------------------------------ environments

    async def _start(self, target: Target, kind: type[E]) -> E:
        missing = self.standing.missing
        if missing and self._policy.require_all_walls:
            raise SandboxRefused(
                f"`sandbox` is set to `require`, and this host refuses: {', '.join(missing)}. "
                "`lamb doctor` shows the fix for each"
            )
        # May wait. From then on nobody comes between, or the same room would be taken twice.
        runtime, zygote = await self._zygotes.get(target.configuration.runtime)
        victims = self._pool.room_for(target)
        if victims is None:
            raise TooManyRequests("ConcurrentInvocationLimitExceeded")
        reason = None if kind.provisioned else self.limits.grow(target.key, self._clock.now_ms())
        if reason is not None:
            raise TooManyRequests(reason)
        for victim in victims:
            self._close(victim)
        try:
            environment = self._launcher.make(kind, target, runtime, zygote, self._forget)
            self._pool.add(environment)
            try:
                environment.start()
            except BaseException:
                environment.close()
                raise
        except OSError as error:  # no descriptor, no cgroup, no room on the disk
            raise EnvironmentStartFailed(f"The environment could not be started: {error}") from error
        return environment

    def _release(self, environment: Environment) -> None:
        if not environment.alive:
            return
        now = time.monotonic()
        # One whose runtime has ended would start it anew within an invocation: what is provisioned is warm.
        cold = environment.provisioned and not environment.link.runtime_up
        if not cold and self._pool.release(environment, now):
            self._upkeep.rests(environment, now)
        else:
            self._close(environment)

    def _close(self, environment: Environment) -> None:
        self._pool.remove(environment)
        environment.close()

    def _forget(self, environment: Environment) -> None:
        self._pool.remove(environment)
        self._upkeep.ended(environment)
        self.lost(environment)


def _linked(target: Target, event: Event) -> Event:
    """The event as one more run in its chain. Raises RecursiveInvocation for one too many."""
    if target.stops_loops and lineage.is_loop(event.trace_id, target.key):
        raise RecursiveInvocation
    return event._replace(trace_id=lineage.extended(event.trace_id, target.key))
