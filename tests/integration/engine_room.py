"""A real engine with real zygotes and walls, and neither store nor daemon: tests write the functions."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import textwrap
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from lamb.engine.environment import Environment
from lamb.engine.invoker import Engine, Policy
from lamb.engine.launch import Identity
from lamb.engine.zygotes import Zygotes
from lamb.logs.journal import Entry, Group, Journal, Position
from lamb.model.clock import SystemClock
from lamb.model.function import Configuration, Logging
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.names import FunctionKey
from lamb.runtimes.table import RuntimeTable
from lamb.sandbox.cgroup import CgroupTree
from lamb.sandbox.probe import probe
from lamb.sandbox.process import become_subreaper
from lamb.sandbox.walls import NAMES, Standing

T = TypeVar("T")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIATEST",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}
USUAL = {
    "require_all_walls": False,
    "max_environments": 1000,
    "memory_total_mb": 1 << 20,
    "environment_idle_s": 300.0,
}
_names = itertools.count()
_rooms = itertools.count()


class Room:
    """One home, one engine and its event loop, which runs only while a method waits for it."""

    def __init__(
        self, home: Path, runtimes: RuntimeTable, *, with_cgroups: bool = True, **policy: Any
    ) -> None:
        self.home = home
        self.runtime = next(name for name in reversed(runtimes.found()))
        self.identified = 0
        self.revoked = 0
        self.loop = uvloop.new_event_loop()
        self.journal = Journal(home / "logs", 1 << 26)
        settings = Policy(**{**USUAL, **policy})
        become_subreaper()
        for folder in ("packages/trees", "run"):
            (home / folder).mkdir(parents=True)

        async def build() -> Engine:
            cgroups, reason = None, "not wanted"
            if with_cgroups:
                try:
                    cgroups, reason = CgroupTree(), ""
                except OSError as error:
                    reason = str(error)
            reasons = {**probe(), "cgroup": reason}
            self.standing = Standing({name: reasons[name] for name in NAMES})
            self.zygotes = Zygotes(home, self.standing, runtimes.require)
            return Engine(settings, self.zygotes, cgroups, self.journal, SystemClock(), self._identify)

        self.engine = self.wait(build())
        # Rooms of one process share a directory of cgroups, which are named by number.
        self.engine._blanks._number = next(_rooms) * 10_000

    def _identify(self, target: Target) -> Identity:
        self.identified += 1

        def revoke() -> None:
            self.revoked += 1

        return Identity(CREDENTIALS, revoke)

    def close(self) -> None:
        self.wait(self.engine.close())
        self.journal.close()
        self.wait(self.loop.shutdown_default_executor())
        self.loop.close()

    # ------------------------------------------------------------------ functions

    def function(
        self,
        source: str,
        *,
        variables: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
        logging: Logging | None = None,
        **configuration: Any,
    ) -> Target:
        """A function with `app.py` of this source, and its configuration."""
        name = f"f{next(_names)}"
        code = self.home / "packages" / "trees" / name
        for path, text in {"app.py": source, **(files or {})}.items():
            (code / path).parent.mkdir(parents=True, exist_ok=True)
            (code / path).write_text(textwrap.dedent(text))
        settings = {"runtime": self.runtime, "handler": "app.handler", "timeout_s": 10, **configuration}
        logging = logging or Logging(group=f"/aws/lambda/{name}")
        return Target(
            FunctionKey("123456789012", "us-east-1", name),
            "$LATEST",
            "1",
            Configuration(role="r", code_sha256="sha", code_size=1, logging=logging, **settings),
            code,
            lambda: dict(variables or {}),
        )

    # ------------------------------------------------------------------ invocations

    def invocation(self, target: Target, payload: object = None, **event: Any) -> Awaitable[Outcome]:
        """One invocation, not yet begun."""
        event = {"request_id": str(uuid.uuid4()), "invoked_arn": target.key.arn, **event}
        return self.engine.invoke(target, Event(payload=json.dumps(payload or {}).encode(), **event))

    def invoke(self, target: Target, payload: object = None, **event: Any) -> Outcome:
        return self.wait(self.invocation(target, payload, **event))

    def call(self, target: Target, payload: object = None) -> Any:
        """The result of an invocation that succeeds."""
        outcome = self.invoke(target, payload)
        assert outcome.verdict == "success", (outcome.payload, outcome.log_tail)
        return json.loads(outcome.payload)

    def error(self, target: Target, payload: object = None) -> tuple[str, dict[str, Any]]:
        """Verdict and document of an invocation that fails."""
        outcome = self.invoke(target, payload)
        assert outcome.verdict != "success", outcome.payload
        return outcome.verdict, json.loads(outcome.payload)

    def all(self, *invocations: Awaitable[T]) -> list[T]:
        """All at once."""

        async def gather() -> list[T]:
            return list(await asyncio.gather(*invocations))

        return self.wait(gather())

    def wait(self, work: Awaitable[T], limit_s: float = 30) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(work, limit_s))

    def retire(self, target: Target, version: str | None = None) -> None:
        """The function has changed or is gone."""

        async def work() -> None:
            self.engine.retire(target.key, version)

        self.wait(work())

    def pass_time(self, seconds: float) -> None:
        """Let the engine do what it does when nobody asks."""
        self.wait(asyncio.sleep(seconds))

    def until(self, condition: Callable[[], bool], limit_s: float = 5) -> None:
        """Let the engine go on until something is so."""
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, "it never came about"
            self.pass_time(0.01)

    # ------------------------------------------------------------------ looking

    @property
    def environments(self) -> list[Environment]:
        pool = self.engine._pool
        return [*pool.busy, *pool.idle_since(float("inf"))]

    def environment_of(self, target: Target) -> Environment:
        (found,) = (e for e in self.environments if e.target.key == target.key)
        return found

    def entries(self, target: Target) -> list[Entry]:
        group = Group(target.key.account, target.key.region, target.configuration.logging.group)
        found, position = [], Position(0, 0)
        while True:
            page, position = self.journal.read(group, position)
            if not page:
                return found
            found += page

    def log(self, target: Target, request_id: str | None = None) -> list[str]:
        """Messages of a function's log, or of one invocation."""
        return [e.message for e in self.entries(target) if e.message and request_id in (None, e.request_id)]

    def printed(self, target: Target, outcome: Outcome) -> list[str]:
        """What one invocation logged between START and END."""
        messages = self.log(target, outcome.request_id)
        assert messages[0].startswith("START ")
        assert messages[-1].startswith("REPORT ")
        assert messages[-2].startswith("END ")
        return messages[1:-2]


def descendants(pid: int) -> set[int]:
    """Process ids of everybody below a process."""
    found: set[int] = set()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child} | descendants(child)
    return found


def state(pid: int) -> str:
    """`R`, `S`, `T` …; empty when there is no such process."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def is_root() -> bool:
    return os.getuid() == 0
