"""Provisioned concurrency at work: as many environments of a version as were asked for, ready at any time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from lamb.engine.environment import Environment
from lamb.engine.invoker import Engine
from lamb.model.concurrency import Allotment, Progress
from lamb.model.errors import EnvironmentLost, LambError, TooManyRequests
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey, Reference
from lamb.model.wire import INIT_FAILURE

# More at once would only take turns on the processors, and keep invocations from them.
_AT_ONCE = 4
# An environment that was killed is started again; one that is killed each time will be killed again.
_LOSSES_MAX = 3
_NO_ROOM = "max_environments and memory_total_mb leave no room for another environment"


class Provisioned:
    """Starts environments ahead, and again when one is gone. Lives on the event loop."""

    def __init__(self, engine: Engine, resolve: Callable[[Reference], Awaitable[Target]]) -> None:
        """`resolve` finds what to run for a version."""
        self._engine = engine
        engine.lost = self._lost
        self._resolve = resolve
        self._allocations: dict[tuple[FunctionKey, str], _Allocation] = {}
        self._allotted = asyncio.Event()
        """Set, and another one made, whenever something is allotted."""
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def wanted(self) -> bool:
        """Whether anything is to be kept ready."""
        return bool(self._allocations)

    def allot(self, allotment: Allotment) -> None:
        """What is set aside for a function from now on; what failed is tried once more."""
        self._engine.limits.allot(allotment)
        key = allotment.key
        gone = [label for function, label in self._allocations if function == key]
        for label in {*gone, *allotment.provisioned}:
            allocation = self._allocations.setdefault((key, label), _Allocation(Reference(key, label)))
            allocation.requested = allotment.provisioned.get(label, 0)
            allocation.failure, allocation.losses = None, 0
            if not allocation.requested:
                del self._allocations[key, label]
            self._tend(allocation)
        self._allotted.set()
        self._allotted = asyncio.Event()

    def progress(self, key: FunctionKey, version: str) -> Progress:
        """How far it is. May be called from any thread."""
        allocation = self._allocations.get((key, version))
        return Progress() if allocation is None else allocation.progress

    async def settled(self, key: FunctionKey, version: str, timeout_s: float) -> bool:
        """Wait until nothing is in progress any more; False when `timeout_s` has passed."""
        deadline = time.monotonic() + timeout_s
        told_of = False
        while True:
            allocation = self._allocations.get((key, version))
            # What has been committed may be announced a moment later.
            if told_of if allocation is None else allocation.settled.is_set():
                return True
            told_of = told_of or allocation is not None
            change = self._allotted if allocation is None else allocation.settled
            try:
                await asyncio.wait_for(change.wait(), deadline - time.monotonic())
            except (asyncio.TimeoutError, TimeoutError):
                return False

    async def close(self) -> None:
        """Start nothing more. The environments are the engine's to close."""
        self._allocations.clear()
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)

    def _tend(self, allocation: _Allocation) -> None:
        """Bring what is there closer to what is asked for."""
        while len(allocation.ready) > allocation.requested:
            self._engine.dismiss(allocation.ready.pop())
        for _ in range(min(allocation.missing, _AT_ONCE - allocation.starting)):
            allocation.starting += 1
            task = asyncio.get_running_loop().create_task(self._start(allocation))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        if allocation.progress.status == "IN_PROGRESS" and allocation.requested:
            allocation.settled.clear()
        else:
            allocation.settled.set()

    async def _start(self, allocation: _Allocation) -> None:
        """One more environment; where that fails, why."""
        try:
            target = await self._resolve(allocation.reference)
            environment = await self._engine.start_ahead(target)
        except EnvironmentLost as error:
            allocation.losses += 1
            if allocation.losses >= _LOSSES_MAX:
                allocation.failure = error.message
        except TooManyRequests:
            allocation.failure = _NO_ROOM
        except LambError as error:
            allocation.failure = error.message
        else:
            if environment is None:
                allocation.failure = INIT_FAILURE
            elif environment.alive:
                allocation.losses = 0
                allocation.ready.add(environment)
        finally:
            allocation.starting -= 1
        self._tend(allocation)

    def _lost(self, environment: Environment) -> None:
        allocation = self._allocations.get((environment.target.key, environment.target.version))
        if allocation is not None and environment in allocation.ready:
            allocation.ready.discard(environment)
            self._tend(allocation)


class _Allocation:
    """One version's provisioned concurrency."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.requested = 0
        self.ready: set[Environment] = set()
        self.starting = 0
        self.losses = 0
        """Environments in a row that ended before their handler was loaded."""
        self.failure: str | None = None
        """Why no more are started."""
        self.settled = asyncio.Event()

    @property
    def missing(self) -> int:
        """How many more should start."""
        if self.failure is not None:
            return 0
        return max(0, self.requested - len(self.ready) - self.starting)

    @property
    def progress(self) -> Progress:
        available = len(self.ready)
        if self.failure is not None and not self.starting:
            return Progress(available, "FAILED", self.failure)
        return Progress(available, "READY" if available >= self.requested else "IN_PROGRESS")
