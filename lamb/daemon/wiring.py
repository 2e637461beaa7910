"""Every object of the daemon, built once. Reading this file is reading what depends on what."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

from lamb.core import invoke, packages, redrive, updates
from lamb.core.context import Core
from lamb.daemon.arrivals import Arrivals
from lamb.daemon.ports import Ports
from lamb.daemon.routing import Routes
from lamb.daemon.services import Services
from lamb.engine.invoker import Engine, Policy
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Journal
from lamb.model.clock import HomeClock, SystemClock
from lamb.model.errors import LambError
from lamb.model.names import FunctionKey
from lamb.model.settings import Settings, process_environment
from lamb.packages.shelf import Shelf
from lamb.runtimes.table import RuntimeTable
from lamb.sandbox.cgroup import CgroupTree
from lamb.sandbox.process import become_subreaper
from lamb.sandbox.walls import NAMES, Standing
from lamb.secrets.keyring import Keyring
from lamb.store.database import Database
from lamb.store.group import GroupCommit

# Sealed by the operating system's own limit: what one machine can hold at all.
_MB = 1 << 20


@dataclass
class Daemon:
    services: Services
    engine: Engine
    ports: Ports
    database: Database
    journal: Journal

    async def recover(self) -> None:
        """Go on with what an earlier daemon began; drop packages that nothing names any more.

        Where a damaged home does not let us, commands that need the damaged part say so, and others work.
        """
        core = self.services.core
        try:
            for key in await self.services.run(updates.unsettled, core):
                self.services.settle_soon(key)
            await self.services.run(packages.discard_unused, core)
            for task_id in await self.services.run(redrive.running, core):
                self.services.move_messages(task_id)
        except LambError as error:
            sys.stderr.write(f"not everything could be taken up again: {error.message}\n")

    async def close(self) -> None:
        await self.engine.close()
        await self.services.close()
        await self.services.group.close()
        self.journal.close()
        self.database.close()


async def build(
    settings: Settings, wall_reasons: dict[str, str], function_port: int, stop: Callable[[], None]
) -> Daemon:
    loop = asyncio.get_running_loop()
    clock = HomeClock(SystemClock())
    become_subreaper()
    database = Database(f"sqlite:///{settings.home / 'lamb.sqlite3'}", clock)
    keyring = Keyring(settings.home / "keys" / "keyring")
    runtimes = RuntimeTable(settings.runtimes, settings.run / "interpreters.json", process_environment())
    journal = Journal(settings.home / "logs", settings.log_max_mb * _MB)
    services: Services

    # These are called by the control plane, from its threads.
    def changed(key: FunctionKey) -> None:
        loop.call_soon_threadsafe(services.routes.forget, key)

    def retired(key: FunctionKey, version: str | None) -> None:
        loop.call_soon_threadsafe(services.engine.retire, key, version)

    def arrived(arn: str) -> None:
        loop.call_soon_threadsafe(services.arrivals.announce, arn)

    core = Core(
        database=database,
        shelf=Shelf(settings.home / "packages"),
        keyring=keyring,
        require_runtime=runtimes.require,
        changed=changed,
        retired=retired,
        arrived=arrived,
    )
    # Last of what stays behind when a daemon does not get further than here.
    cgroups, cgroup_reason = _cgroups()
    reasons = {**wall_reasons, "cgroup": cgroup_reason}
    standing = Standing({name: reasons[name] for name in NAMES})

    services = Services(settings, core, runtimes, journal, stop)
    services.tokens.port = function_port
    services.group = GroupCommit(database)
    services.arrivals = Arrivals(clock)
    services.routes = Routes(
        lambda reference: services.run(invoke.resolve, core, reference),
        random.Random(settings.seed),  # noqa: S311 - a draw, not a secret
    )
    policy = Policy(
        require_all_walls=settings.sandbox == "require",
        max_environments=settings.max_environments,
        memory_total_mb=settings.memory_total_mb or _machine_memory_mb(),
        environment_idle_s=settings.environment_idle_s,
    )
    services.engine = engine = Engine(
        policy=policy,
        zygotes=Zygotes(settings.home, standing, runtimes.require),
        cgroups=cgroups,
        journal=journal,
        clock=clock,
        identify=services.tokens.identify,
    )
    return Daemon(services, engine, services.ports, database, journal)


def _cgroups() -> tuple[CgroupTree | None, str]:
    """Our groups, or why there are none."""
    try:
        return CgroupTree(), ""
    except OSError as error:
        return None, str(error)


def _machine_memory_mb() -> int:
    with contextlib.suppress(ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB
    return 1 << 20
