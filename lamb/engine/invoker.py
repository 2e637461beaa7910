"""The engine: finds or starts an environment for an invocation, runs it, and keeps the house."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamb.engine import variables
from lamb.engine.blanks import Blanks
from lamb.engine.environment import Environment
from lamb.engine.pool import Pool
from lamb.engine.transcript import Transcript
from lamb.engine.upkeep import Upkeep
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Group, Journal
from lamb.model.clock import Clock, day
from lamb.model.errors import EnvironmentLost, EnvironmentStartFailed, SandboxRefused, TooManyRequests
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.limits import INIT_MAX_S
from lamb.model.names import FunctionKey, runtime_version_arn
from lamb.runtimes.base import Runtime
from lamb.sandbox.cgroup import CgroupTree
from lamb.sandbox.process import Zygote
from lamb.sandbox.spec import HOST_UID, Order
from lamb.sandbox.walls import Standing

# A thousand processes of a function take the kernel a while to clear away.
_CLEARING_S = 5.0
_SHARE_OF_EVENTS = 0.75


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
        self._upkeep = Upkeep(self._pool, policy.environment_idle_s, self._close)
        self._blanks = Blanks(cgroups, self._upkeep.leave)

    @property
    def standing(self) -> Standing:
        return self._zygotes.standing

    @property
    def busy(self) -> int:
        return len(self._pool.busy)

    def __len__(self) -> int:
        return len(self._pool)

    def room(self, _: FunctionKey) -> bool:
        """Whether asynchronous events may take one more place: a quarter is left to callers who wait."""
        return self._pool.share_busy < _SHARE_OF_EVENTS

    async def invoke(self, target: Target, event: Event) -> Outcome:
        """Run one event. Raises TooManyRequests, SandboxRefused, EnvironmentStartFailed, KMS errors."""
        try:
            return await self._invoke(target, event)
        except EnvironmentLost:
            # Whoever killed it, the function had not begun and need not hear of it.
            return await self._invoke(target, event)

    async def _invoke(self, target: Target, event: Event) -> Outcome:
        environment = self._pool.take(target)
        if environment is None:
            environment = await self._start(target)
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
        try:
            return self._launch(target, runtime, zygote)
        except OSError as error:  # no descriptor, no cgroup, no room on the disk
            raise EnvironmentStartFailed(f"The environment could not be started: {error}") from error

    def _launch(self, target: Target, runtime: Runtime, zygote: Zygote) -> Environment:
        configuration = target.configuration
        now_ms = self._clock.now_ms()
        stream = f"{day(now_ms)}/[{target.version}]{secrets.token_hex(16)}"
        environment: Environment
        leaving: contextlib.ExitStack

        def ended() -> None:
            self._forget(environment)
            leaving.close()

        with contextlib.ExitStack() as stack:
            identity = self._identify(target)
            stack.callback(identity.revoke)
            places, workdir = self._places(target, zygote)
            if workdir:
                stack.callback(shutil.rmtree, workdir, ignore_errors=True)
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
            blank = self._blanks.take(zygote)
            leaving = stack.pop_all()
        group = Group(target.key.account, target.key.region, configuration.logging.group)
        transcript = Transcript(self._journal, group, stream, self._clock, configuration.logging)
        transcript.describe(target.version, *_runtime_version(target, runtime))
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
            self._upkeep.rests(environment, now)
        else:
            self._close(environment)

    def _close(self, environment: Environment) -> None:
        self._pool.remove(environment)
        environment.close()

    def _forget(self, environment: Environment) -> None:
        self._pool.remove(environment)
        self._upkeep.ended(environment)

    def _places(self, target: Target, zygote: Zygote) -> tuple[variables.Places, str]:
        """Where things are for the function; without the mount wall they stay where they are."""
        if "mount" in zygote.base.walls:
            return variables.Places(), ""
        workdir = tempfile.mkdtemp(prefix="environment-", dir=zygote.base.scratch)
        if os.getuid() == 0:
            os.chown(workdir, HOST_UID, HOST_UID)
        return variables.Places(str(target.code), zygote.base.runtime_dir, workdir), workdir


def _runtime_version(target: Target, runtime: Runtime) -> tuple[str, str]:
    """`python:3.12.v1` and the ARN of that runtime version."""
    name, _, patch = runtime.version.rpartition(".")
    return f"python:{name}.v{patch}", runtime_version_arn(target.key.region, runtime.name)
