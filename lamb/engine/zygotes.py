"""One zygote for each runtime in use, started when first needed and again when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from lamb.runtimes.base import Runtime
from lamb.sandbox.process import Zygote
from lamb.sandbox.walls import Standing


class Zygotes:
    def __init__(self, home: Path, standing: Standing, require: Callable[[str], Runtime]) -> None:
        """`require` finds a runtime by name or raises; it may take tens of milliseconds."""
        self.standing = standing
        self._home = home
        self._require = require
        self._ready: dict[str, tuple[Runtime, Zygote]] = {}
        self._starting: dict[str, asyncio.Task[tuple[Runtime, Zygote]]] = {}

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
        for task in list(self._starting.values()):
            task.cancel()
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
        zygote = Zygote(base, on_exit=lambda: None)
        await zygote.ready()
        self._ready[name] = (runtime, zygote)
        return runtime, zygote
