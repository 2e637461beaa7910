"""How functions settle that were made or changed: their packages are unpacked, and their states move on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamb.core import functions, updates
from lamb.daemon.routing import Settling
from lamb.model.errors import HomeUnusable, LambError
from lamb.model.names import FunctionKey, Reference

if TYPE_CHECKING:
    from lamb.daemon.services import Services

# Whoever sends one change after the other is not kept waiting by what nobody asks for yet: changes settle
# together when none has come for a while, or the first has waited for long, unless somebody waits for one.
_QUIET_S = 0.05
_LONG_S = 0.25
_AT_ONCE = 8
"""Functions in one transaction: their packages are unpacked one after the other."""
_AGAIN_S = 1.0
_PREPARE_AFTER_S = 0.02


class Settler:
    """Lives on the event loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: Settling[FunctionKey] = Settling()
        self._keys: dict[FunctionKey, None] = {}
        """Those that are to settle, in the order of their changes."""
        self._first_s = 0.0
        """When the first of them changed, by the loop's time."""
        self._timer: asyncio.TimerHandle | None = None
        self._last: FunctionKey | None = None  # what comes next for it is made ready

    def soon(self, key: FunctionKey) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if not self._keys:
            self._first_s = now_s
        self._keys[key] = None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(min(now_s + _QUIET_S, self._first_s + _LONG_S), self._begin)

    async def settled(self, reference: Reference, timeout_s: float) -> bool:
        """Raises HomeUnusable while the home cannot be written; the change is tried again by itself."""

        async def is_settled() -> bool:
            if reference.key in self._keys:
                self._begin()
            view = await self._services.run(functions.get, self._services.core, reference)
            status = view.version.status
            return status.state != "Pending" and status.last_update != "InProgress"

        return await self._told.until(is_settled, reference.key, timeout_s)

    def close(self) -> None:
        """What has not begun to settle does so when the next daemon starts."""
        self._keys.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        keys, self._keys = list(self._keys), {}
        for first in range(0, len(keys), _AT_ONCE):
            self._services.in_background(self._settle(keys[first : first + _AT_ONCE]))

    async def _settle(self, keys: Sequence[FunctionKey]) -> None:
        services = self._services
        while True:
            try:
                runtime = await services.run(updates.settle, services.core, keys)
                break
            except HomeUnusable as error:
                # A full disk, most often.
                stored = f"{error.message}; the change is stored and comes into force when that is mended"
                for key in keys:
                    self._told.announce(key, HomeUnusable(stored, hint=error.hint))
                await asyncio.sleep(_AGAIN_S)
        for key in keys:
            self._told.announce(key)
            services.events.worker.release(key)
        if runtime is not None:
            await self._prepare(keys[-1], runtime)

    async def _prepare(self, key: FunctionKey, runtime: str) -> None:
        """Have ready what an invocation of the function needs, unless another change comes first."""
        self._last = key
        await asyncio.sleep(_PREPARE_AFTER_S)
        if self._last == key and not self._keys:
            with contextlib.suppress(LambError):  # the first invocation tries again, and tells
                await self._services.routes.target(Reference(key), 0)
                await self._services.engine.prepare(runtime)
