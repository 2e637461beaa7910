"""The engine: finds or starts an environment for an invocation, runs it, and keeps the house."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamb.engine import variables, watch
from lamb.engine.blanks import Blanks
from lamb.engine.environment import Environment
from lamb.engine.pool import Pool
from lamb.engine.transcript import Transcript, lines_for
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Group, Journal
from lamb.model.clock import Clock, day
from lamb.model.errors import SandboxRefused, TooManyRequests
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.limits import INIT_MAX_S
from lamb.model.names import FunctionKey, runtime_version_arn
from lamb.runtimes.base import Runtime
from lamb.sandbox.cgroup import Cgroup, CgroupTree
from lamb.sandbox.process import Zygote
from lamb.sandbox.spec import HOST_UID, Order
from lamb.sandbox.walls import Standing

_FREEZE_AFTER_S = 0.01
_WATCH_EVERY_S = 0.01
_SWEEP_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user's settings say about running."""

    require_all_walls: bool
    max_environments: int
    memory_total_mb: int
    environment_idle_s: float
    init_max_s: float = INIT_MAX_S


@dataclass(frozen=True)
class Identity:
    """Who a function is to lamb: variables it gets, and what to do when the environment ends."""

    variables: Mapping[str, str]
    revoke: Callable[[], None] = field(default=lambda: None)


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
        self._journal = journal
        self._clock = clock
        self._identify = identify
        self._pool: Pool[Environment] = Pool(policy.max_environments, policy.memory_total_mb)
        self._unfrozen: dict[Environment, float] = {}
        self._ended_groups: list[Cgroup] = []
        self._blanks = Blanks(cgroups, self._leave)
        self._loop = asyncio.get_running_loop()
        self._tending = self._loop.create_task(self._tend())
        self._changed = asyncio.Event()

    @property
    def standing(self) -> Standing:
        return self._zygotes.standing

    @property
    def busy(self) -> int:
        return len(self._pool.busy)

    def __len__(self) -> int:
        return len(self._pool)

    async def invoke(self, target: Target, event: Event) -> Outcome:
        """Run one event. Raises TooManyRequests, SandboxRefused, EnvironmentStartFailed, KMS errors."""
        environment = self._pool.take(target)
        if environment is None:
            environment = await self._start(target)
        else:
            self._unfrozen.pop(environment, None)
        self._changed.set()  # its memory is watched from now on
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

    async def close(self) -> None:
        self._tending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._tending
        for environment in (*self._pool.idle_since(float("inf")), *self._pool.busy):
            self._close(environment)
        self._blanks.close()
        await self._zygotes.close()
        for _ in range(50):
            self._remove_groups()
            if not self._ended_groups:
                break
            await asyncio.sleep(0.01)
        if self._cgroups:
            self._cgroups.close()

    # ------------------------------------------------------------------ environments

    async def _start(self, target: Target) -> Environment:
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
        for victim in victims:
            self._close(victim)
        return self._launch(target, runtime, zygote)

    def _launch(self, target: Target, runtime: Runtime, zygote: Zygote) -> Environment:
        configuration = target.configuration
        now_ms = self._clock.now_ms()
        stream = f"{day(now_ms)}/[{target.version}]{secrets.token_hex(16)}"
        identity = self._identify(target)
        places, workdir = self._places(target, zygote)
        order = Order(
            task=target.code.name,
            handler=configuration.handler,
            environ=variables.compose(target, runtime, stream, identity.variables, places),
            tmp_mb=configuration.ephemeral_storage_mb,
            memory_mb=configuration.memory_mb,
            network=configuration.network,
            memory_by_cgroup=self._cgroups is not None,
            workdir=workdir,
            layers=tuple(layer.name for layer in target.layers),
        )
        group = Group(target.key.account, target.key.region, configuration.logging.group)
        transcript = Transcript(self._journal, group, stream, self._clock, lines_for(configuration.logging))
        transcript.describe(target.version, *_runtime_version(target, runtime))
        environment: Environment

        def ended() -> None:
            self._forget(environment)
            identity.revoke()
            if workdir:
                shutil.rmtree(workdir, ignore_errors=True)

        blank = self._blanks.take(zygote)
        environment = Environment(target, order, transcript, blank, ended, self._policy.init_max_s)
        self._pool.add(environment)
        try:
            environment.start()
        except BaseException:
            environment.close()
            raise
        return environment

    def _release(self, environment: Environment) -> None:
        if not environment.alive:
            return
        now = time.monotonic()
        if self._pool.release(environment, now):
            self._unfrozen[environment] = now
            self._changed.set()
        else:
            self._close(environment)

    def _close(self, environment: Environment) -> None:
        self._pool.remove(environment)
        environment.close()

    def _forget(self, environment: Environment) -> None:
        self._pool.remove(environment)
        self._unfrozen.pop(environment, None)
        if environment.cgroup is not None:
            self._leave(environment.cgroup)

    def _leave(self, cgroup: Cgroup) -> None:
        """Its processes have been killed; it can be removed when the kernel has cleared them away."""
        self._ended_groups.append(cgroup)
        self._changed.set()

    def _places(self, target: Target, zygote: Zygote) -> tuple[variables.Places, str]:
        """Where things are for the function; without the mount wall they stay where they are."""
        if "mount" in zygote.base.walls:
            return variables.Places(), ""
        workdir = tempfile.mkdtemp(prefix="environment-", dir=zygote.base.scratch)
        if os.getuid() == 0:
            os.chown(workdir, HOST_UID, HOST_UID)
        return variables.Places(str(target.code), zygote.base.runtime_dir, workdir), workdir

    # ------------------------------------------------------------------ tending

    async def _tend(self) -> None:
        """Watch memory of what runs, freeze what does not, close what is old. Sleeps when idle."""
        swept = 0.0
        while True:
            if self._pool.busy or self._unfrozen or self._ended_groups:
                await asyncio.sleep(_WATCH_EVERY_S)
            else:
                self._changed.clear()
                with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _SWEEP_EVERY_S)
            now = time.monotonic()
            self._watch_memory()
            self._freeze(now)
            if now - swept >= _SWEEP_EVERY_S:
                swept = now
                for environment in self._pool.idle_since(now - self._policy.environment_idle_s):
                    self._close(environment)
            self._remove_groups()

    def _watch_memory(self) -> None:
        for environment in self._pool.busy:
            used = watch.memory_used(environment)
            if used > environment.target.configuration.memory_mb << 20 and not environment.out_of_memory:
                environment.out_of_memory = True
                environment.kill_runtime()

    def _freeze(self, now: float) -> None:
        for environment, since in list(self._unfrozen.items()):
            if now - since >= _FREEZE_AFTER_S:
                del self._unfrozen[environment]
                environment.freeze()

    def _remove_groups(self) -> None:
        self._ended_groups = [group for group in self._ended_groups if not group.remove()]


def _runtime_version(target: Target, runtime: Runtime) -> tuple[str, str]:
    """`python:3.12.v1` and the ARN of that runtime version."""
    name, _, patch = runtime.version.rpartition(".")
    return f"python:{name}.v{patch}", runtime_version_arn(target.key.region, runtime.name)
