"""One zygote for each runtime in use, started when first needed and again when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Sequence
from pathlib import Path

from lamb.model.errors import EnvironmentStartFailed
from lamb.runtimes.base import Runtime
from lamb.sandbox.process import Zygote
from lamb.sandbox.spec import HOST_UID, Base
from lamb.sandbox.walls import Standing

# When the first invocations, which wait for nothing else, have most likely had the processors.
_SPARE_TIME_AFTER_S = 1.0


class Zygotes:
    def __init__(self, home: Path, standing: Standing, require: Callable[[str], Runtime]) -> None:
        """`require` finds a runtime by name or raises; it may take tens of milliseconds."""
        self.standing = standing
        self._home = home
        self._require = require
        self._ready: dict[str, tuple[Runtime, Zygote]] = {}
        self._starting: dict[str, asyncio.Task[tuple[Runtime, Zygote]]] = {}
        self._improving: dict[str, asyncio.Task[None]] = {}

    async def get(self, name: str) -> tuple[Runtime, Zygote]:
        """The runtime and its zygote, ready for orders."""
        ready = self._ready.get(name)
        if ready is not None and ready[1].alive:
            return ready
        task = self._starting.get(name)
        if task is None:
            task = self._starting[name] = asyncio.get_running_loop().create_task(self._start(name))
            task.add_done_callback(lambda _: self._starting.pop(name, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        for task in (*self._starting.values(), *self._improving.values()):
            task.cancel()
        await asyncio.gather(*self._improving.values(), return_exceptions=True)
        for _, zygote in self._ready.values():
            zygote.kill()
        self._ready.clear()

    async def _start(self, name: str) -> tuple[Runtime, Zygote]:
        loop = asyncio.get_running_loop()
        runtime = await loop.run_in_executor(None, self._require, name)
        scratch = self._home / "run" / "root"
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        walls = self.standing.names
        base = await loop.run_in_executor(None, runtime.base, walls, self._home, scratch)
        if "mount" not in walls and os.getuid() == 0:
            await loop.run_in_executor(None, _let_functions_reach, base, self._home)
        zygote = Zygote(base, on_exit=lambda: None)
        await zygote.ready()
        self._ready[name] = (runtime, zygote)
        if name not in self._improving:
            self._improving[name] = loop.create_task(_improve(runtime.improvement(base)))
        return runtime, zygote


async def _improve(command: Sequence[str]) -> None:
    """Run what a runtime has for spare time; for as long as nobody cancels it."""
    if not command:
        return
    await asyncio.sleep(_SPARE_TIME_AFTER_S)
    with contextlib.suppress(OSError):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={}, cwd="/"
        )
        try:
            await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _let_functions_reach(base: Base, home: Path) -> None:
    """Without the mount wall, a function of root's daemon goes to its files as an ordinary user."""
    for folder in (home, home / "run", home / "packages", home / "runtime"):
        folder.chmod(folder.stat().st_mode | 0o011)  # to pass through, not to read
    Path(base.scratch).chmod(0o711)
    for path in map(Path, (base.packages, base.runtime_dir, base.prefix, base.scratch)):
        closed = next((p for p in path.parents if not p.stat().st_mode & 0o001), None)
        if closed is not None:
            raise EnvironmentStartFailed(
                f"This host refuses functions a root of their own, and their user ({HOST_UID}) cannot pass "
                f"{closed} to reach {path}; set LAMB_HOME to a directory that everybody may enter, and use "
                "an interpreter outside of root's home"
            )
