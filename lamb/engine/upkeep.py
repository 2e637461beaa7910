"""Keeping house: watch the memory of what runs, freeze what does not, close what is old."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from lamb.engine import watch
from lamb.engine.environment import Environment
from lamb.engine.pool import Pool
from lamb.sandbox.cgroup import Cgroup

_FREEZE_AFTER_S = 0.01
_WATCH_EVERY_S = 0.01
_SWEEP_EVERY_S = 1.0


class Upkeep:
    """A task on the event loop. `close` is called for environments that have been idle for too long."""

    def __init__(
        self, pool: Pool[Environment], environment_idle_s: float, close: Callable[[Environment], None]
    ) -> None:
        self._pool = pool
        self._environment_idle_s = environment_idle_s
        self._close = close
        self._unfrozen: dict[Environment, float] = {}
        self._ended_groups: list[Cgroup] = []
        self._changed = asyncio.Event()
        self._tending = asyncio.get_running_loop().create_task(self._tend())

    def works(self, environment: Environment) -> None:
        """It runs an invocation: its memory is watched from now on."""
        self._unfrozen.pop(environment, None)
        self._changed.set()

    def rests(self, environment: Environment, now_s: float) -> None:
        """It is idle: to be frozen, unless the next invocation comes at once."""
        self._unfrozen[environment] = now_s
        self._changed.set()

    def ended(self, environment: Environment) -> None:
        self._unfrozen.pop(environment, None)
        if environment.cgroup is not None:
            self.leave(environment.cgroup)

    def leave(self, cgroup: Cgroup) -> None:
        """Its processes have been killed; it is removed when the kernel has cleared them away."""
        self._ended_groups.append(cgroup)
        self._changed.set()

    async def stop(self) -> None:
        self._tending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._tending

    async def remove_groups(self, within_s: float) -> None:
        """Remove what can be removed of the groups that are left, for at most that time."""
        deadline = time.monotonic() + within_s
        self._remove_groups()
        while self._ended_groups and time.monotonic() < deadline:
            await asyncio.sleep(_WATCH_EVERY_S)
            self._remove_groups()

    async def _tend(self) -> None:
        """Sleeps while nothing runs and nothing waits to be frozen or removed."""
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
                for environment in self._pool.idle_since(now - self._environment_idle_s):
                    if not environment.provisioned:
                        self._close(environment)
            self._remove_groups()

    def _watch_memory(self) -> None:
        for environment in self._pool.busy:
            if not environment.out_of_memory and watch.out_of_memory(environment):
                environment.out_of_memory = True
                environment.link.kill_runtime()

    def _freeze(self, now: float) -> None:
        for environment, since in list(self._unfrozen.items()):
            if now - since >= _FREEZE_AFTER_S:
                del self._unfrozen[environment]
                environment.link.freeze()

    def _remove_groups(self) -> None:
        self._ended_groups = [group for group in self._ended_groups if not group.remove()]
