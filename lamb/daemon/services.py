"""What the API asks of the daemon, carried out with the objects that `wiring` built."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import lamb
from lamb.api.services import Backlog, LogQuery, Port
from lamb.core import functions, redrive
from lamb.core.context import Core
from lamb.daemon.arrivals import Arrivals
from lamb.daemon.credentials import Credentials
from lamb.daemon.events import Events
from lamb.daemon.logbook import Logbook
from lamb.daemon.mappings import Mappings
from lamb.daemon.metering import Metering
from lamb.daemon.ports import Ports
from lamb.daemon.routing import Routes
from lamb.daemon.settler import Settler
from lamb.daemon.threads import Threads
from lamb.engine.invoker import Engine
from lamb.engine.provisioned import Provisioned
from lamb.logs.journal import Group
from lamb.logs.metrics import Metrics
from lamb.model.concurrency import Allotment
from lamb.model.errors import ServiceFailure
from lamb.model.invocation import Event, Outcome
from lamb.model.mapping import MappingKey
from lamb.model.names import FunctionKey, Place, Reference
from lamb.model.settings import Settings
from lamb.runtimes.table import NAMES, RuntimeTable, how_to_add
from lamb.sandbox.walls import BY_NAME
from lamb.store.group import GroupCommit

T = TypeVar("T")


class Services(Threads):
    """Implements `lamb.api.services.Services`. Lives on the event loop."""

    def __init__(
        self,
        settings: Settings,
        core: Core,
        runtimes: RuntimeTable,
        stop: Callable[[], None],
    ) -> None:
        super().__init__()
        self.core = core
        self.place = Place(settings.account, settings.region)
        self.credentials = Credentials(core, self.run)
        self.settler = Settler(self)
        self.mappings = Mappings(self)
        self.opened = Ports()
        self.stop = stop
        # Set by wiring, which needs this object to build them.
        self.engine: Engine
        self.provisioned: Provisioned
        self.routes: Routes
        self.events: Events
        self.group: GroupCommit
        self.arrivals: Arrivals
        self.metrics: Metrics
        self.metering: Metering
        self.logbook: Logbook
        self._settings = settings
        self._runtimes = runtimes
        self._started = time.monotonic()
        self._background: set[asyncio.Task[None]] = set()
        self._invoking: dict[str, asyncio.Task[Any] | None] = {}

    # ------------------------------------------------------------------ invoking

    async def invoke(self, reference: Reference, event: Event, seed: int | None) -> Outcome:
        request_id = event.request_id
        self._invoking[request_id] = asyncio.current_task()
        try:
            target = await self.routes.target(reference, seed)
            return await self.metrics.measured(reference, self.engine.invoke(target, event))
        except asyncio.CancelledError:
            if request_id in self._invoking:  # not by `cancel`: the daemon ends
                raise
            raise ServiceFailure("The invocation was cancelled") from None
        finally:
            self._invoking.pop(request_id, None)

    def cancel(self, request_id: str) -> bool:
        task = self._invoking.pop(request_id, None)
        return task is not None and task.cancel()

    async def check(self, reference: Reference) -> None:
        await self.routes.target(reference, 0)

    def allot(self, allotment: Allotment) -> None:
        """What is set aside for a function from now on."""
        self.provisioned.allot(allotment)
        self.metrics.allot(allotment)

    # ------------------------------------------------------------------ what goes on by itself

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Until it ends, or the daemon."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def settle_soon(self, key: FunctionKey | MappingKey) -> None:
        if isinstance(key, MappingKey):
            self.in_background(self.mappings.settle(key))
        else:
            self.settler.soon(key)

    async def settled(self, reference: Reference, timeout_s: float) -> bool:
        return await self.settler.settled(reference, timeout_s)

    def move_messages(self, task_id: int) -> None:
        self.in_background(_move_messages(self, task_id))

    # ------------------------------------------------------------------ telling

    async def logs(self, reference: Reference, query: LogQuery) -> AsyncIterator[Mapping[str, Any]]:
        view = await self.run(functions.get, self.core, reference)
        key = reference.key
        group = Group(key.account, key.region, view.version.configuration.logging.group)
        async for entry in self.logbook.read(group, query):
            yield entry

    async def measured(self, work: Callable[..., T], *args: Any) -> T:
        return await self.metering.read(work, *args)

    async def backlog(self, of: FunctionKey | None = None) -> Mapping[FunctionKey, Backlog]:
        return await self.events.backlog(of)

    async def runtimes(self) -> list[Mapping[str, Any]]:
        found = await self.run(self._runtimes.found)
        return [
            {
                "name": name,
                "version": found[name].version if name in found else None,
                "path": str(found[name].executable) if name in found else None,
                "fix": None if name in found else how_to_add(name),
            }
            for name in NAMES
        ]

    async def doctor(self) -> Mapping[str, Any]:
        standing = self.engine.standing
        walls = [
            {
                "name": name,
                "keeps": BY_NAME[name].keeps,
                "stands": not reason,
                "reason": reason or None,
                "fix": BY_NAME[name].fix if reason else None,
            }
            for name, reason in standing.reasons.items()
        ]
        return {
            "walls": walls,
            "summary": str(standing),
            "home": str(self._settings.home),
            "user": "root" if os.getuid() == 0 else "unprivileged",
            "version": lamb.__version__,
            "runtimes": await self.runtimes(),
        }

    @property
    def served_port(self) -> int | None:
        return self.opened.first

    def health(self) -> Mapping[str, Any]:
        return {
            "version": lamb.__version__,
            "pid": os.getpid(),
            "home": str(self._settings.home),
            "uptimeMs": round((time.monotonic() - self._started) * 1000),
            "environments": len(self.engine),
            "busy": self.engine.busy,
            "walls": str(self.engine.standing),
            "sandbox": self._settings.sandbox,
        }

    # ------------------------------------------------------------------ listening

    async def listen(self, port: int, *, signed: bool) -> Port:
        return await self.opened.listen(self, port, signed=signed)

    def ports(self) -> list[Port]:
        return self.opened.all()

    async def unlisten(self, port: int) -> None:
        await self.opened.unlisten(port)

    async def close(self) -> None:
        await self.metering.close()
        await self.logbook.close()
        self.settler.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self.end()


async def _move_messages(services: Services, task_id: int) -> None:
    name, arrivals = f"move task {task_id}", services.arrivals
    while not arrivals.closed:
        step = await services.run(redrive.step, services.core, task_id)
        if step.next_ms is None:
            return
        await arrivals.wait(name, arrivals.seen(name), step.next_ms)
