"""Every object of the daemon, built once. Reading this file is reading what depends on what."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lamb.core import clock as home_time
from lamb.core import concurrency, events, invoke, live, mappings, packages, redrive, updates
from lamb.core.context import Core
from lamb.daemon.arrivals import Arrivals
from lamb.daemon.events import Events
from lamb.daemon.logbook import Logbook
from lamb.daemon.metering import Metering
from lamb.daemon.ports import Ports
from lamb.daemon.routing import Routes
from lamb.daemon.services import Services
from lamb.engine.invoker import Engine, Policy
from lamb.engine.provisioned import Provisioned
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Journal
from lamb.logs.metrics import Metrics
from lamb.model.clock import HomeClock, SystemClock
from lamb.model.errors import LambError
from lamb.model.settings import Settings, process_environment
from lamb.packages.shelf import Shelf
from lamb.queue.attempts import Attempts, Hands
from lamb.queue.post import Post, named_endpoints, remote_services, s3_named
from lamb.queue.worker import Worker
from lamb.runtimes.table import RuntimeTable
from lamb.sandbox.cgroup import CgroupTree
from lamb.sandbox.process import become_subreaper
from lamb.sandbox.walls import NAMES, Standing
from lamb.secrets.keyring import Keyring
from lamb.secrets.tickets import Tickets
from lamb.sources.look import Looker
from lamb.store.database import Database
from lamb.store.group import GroupCommit

# Sealed by the operating system's own limit: what one machine can hold at all.
_MB = 1 << 20


@dataclass
class Daemon:
    services: Services
    engine: Engine
    worker: Worker
    ports: Ports
    database: Database
    journal: Journal

    async def take_up(self) -> None:
        """Go on with what an earlier daemon began: updates in progress, events that are not over,
        messages that are being moved.

        Where a damaged home does not let us, commands that need the damaged part say so, and others work.
        """
        core = self.services.core
        with _told():
            for key in await self.services.run(updates.unsettled, core):
                self.worker.hold(key)
                self.services.settle_soon(key)
            for key in await self.services.run(events.open_functions, core):
                self.worker.queued(key)
            for mapping in await self.services.run(mappings.unsettled, core):
                self.services.settle_soon(mapping)
            for task_id in await self.services.run(redrive.running, core):
                self.services.move_messages(task_id)

    async def tidy(self) -> None:
        """Drop packages that nothing names any more."""
        with _told():
            await self.services.run(packages.discard_unused, self.services.core)
            await self.services.run(events.forget_ancient, self.services.core)

    async def close(self, grace_s: float) -> None:
        await self.worker.close(grace_s)
        await self.services.provisioned.close()
        await self.engine.close()
        await self.services.close()
        await self.services.group.close()
        self.journal.close()
        self.database.close()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except LambError as error:
        sys.stderr.write(f"not everything could be taken up again: {error.message}\n")


async def build(
    settings: Settings, wall_reasons: dict[str, str], function_port: int, stop: Callable[[], None]
) -> Daemon:
    # Functions and their logs live by the machine's time; what waits and expires, by the home's.
    machine = SystemClock()
    clock = HomeClock(machine)
    become_subreaper()
    database = Database(f"sqlite:///{settings.home / 'lamb.sqlite3'}", clock)
    keyring = Keyring(settings.home / "keys" / "keyring")
    runtimes = RuntimeTable(settings.runtimes, settings.run / "interpreters.json", process_environment())
    journal = Journal(settings.home / "logs", settings.log_max_mb * _MB)
    services: Services

    told = _teller(asyncio.get_running_loop())
    core = Core(
        database=database,
        shelf=Shelf(settings.home / "packages"),
        keyring=keyring,
        tickets=Tickets(settings.home / "keys" / "links"),
        require_runtime=runtimes.require,
        changed=told(lambda: services.routes.forget),
        retired=told(lambda: services.engine.retire),
        allotted=told(lambda: services.allot),
        account_concurrency=settings.account_concurrency,
        changing=told(lambda: services.events.worker.hold),
        queued=told(lambda: services.events.queued),
        cancelled=told(lambda: services.events.worker.cancelled),
        retry_base_s=settings.retry_base_s,
        remote_services=remote_services(process_environment()),
        s3_named=s3_named(process_environment()),
        buckets=settings.bucket_folder,
        arrived=told(lambda: services.arrivals.announce),
        credentials_changed=told(lambda: services.credentials.forget),
        look_at_source=Looker(process_environment()).look,
    )
    home_time.take_up(core, clock, settings.time_scale)
    # Last of what stays behind when a daemon does not get further than here.
    cgroups, standing = _walls(wall_reasons)
    services = Services(settings, core, runtimes, stop)
    services.credentials.port = function_port
    services.credentials.elsewhere = named_endpoints(process_environment())
    services.group = GroupCommit(database)
    services.arrivals = Arrivals(clock)
    services.metrics = Metrics(clock)
    services.metering = Metering(services.metrics, core, services.run)
    services.logbook = Logbook(core, journal, machine, services.run)
    services.routes = _routes(services, settings)
    services.engine = engine = Engine(
        policy=_policy(settings),
        zygotes=Zygotes(settings.home, standing, runtimes.require),
        cgroups=cgroups,
        journal=journal,
        clock=machine,
        identify=services.credentials.identify,
    )
    services.metrics.running_of = engine.limits.running
    services.provisioned = _provisioned(services)
    services.events = Events(services, _worker(services, clock, settings), clock)
    return Daemon(services, engine, services.events.worker, services.opened, database, journal)


def _teller(
    loop: asyncio.AbstractEventLoop,
) -> Callable[[Callable[[], Callable[..., None]]], Callable[..., None]]:
    """Makes callbacks for the control plane, which calls them from its threads."""

    def told(who: Callable[[], Callable[..., None]]) -> Callable[..., None]:
        def tell(*what: object) -> None:
            loop.call_soon_threadsafe(who(), *what)

        return tell

    return told


def _routes(services: Services, settings: Settings) -> Routes:
    return Routes(
        lambda reference: services.run(invoke.resolve, services.core, reference),
        random.Random(settings.seed),  # noqa: S311 - a draw, not a secret
        lambda key: services.run(live.refresh, services.core, key),
    )


def _policy(settings: Settings) -> Policy:
    return Policy(
        require_all_walls=settings.sandbox == "require",
        max_environments=settings.max_environments,
        memory_total_mb=settings.memory_total_mb or _machine_memory_mb(),
        environment_idle_s=settings.environment_idle_s,
        account_concurrency=settings.account_concurrency,
    )


def _worker(services: Services, clock: HomeClock, settings: Settings) -> Worker:
    hands = Hands(
        route=services.routes.route,
        draw=services.routes.draw,
        run=services.engine.invoke,
        blocked=services.engine.limits.blocked,
        room=services.engine.room,
        metrics=services.metrics,
    )
    most = settings.max_environments
    post = Post(services.core.remote_services, clock)
    attempts = Attempts(services.core, services.group, clock, hands, post)
    return Worker(services.group, clock, attempts, (min(os.cpu_count() or 1, most), most))


def _provisioned(services: Services) -> Provisioned:
    """What functions have set aside of the account's concurrency holds from the first invocation on."""
    provisioned = Provisioned(services.engine, lambda version: services.routes.target(version, 0))
    services.core.progress, services.provisioned = provisioned.progress, provisioned
    try:
        for allotment in concurrency.allotments(services.core):
            services.allot(allotment)
    except LambError as error:  # as in `recover`
        sys.stderr.write(f"no function has its reserved and provisioned concurrency: {error.message}\n")
    return provisioned


def _walls(reasons: dict[str, str]) -> tuple[CgroupTree | None, Standing]:
    """Our groups, if there can be any, and the walls with the reasons of those that do not stand."""
    try:
        cgroups, reason = CgroupTree(), ""
    except OSError as error:
        cgroups, reason = None, str(error)
    reasons = {**reasons, "cgroup": reason}
    return cgroups, Standing({name: reasons[name] for name in NAMES})


def _machine_memory_mb() -> int:
    with contextlib.suppress(ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB
    return 1 << 20
