"""Keeping what is counted: written now and then, read together with what is not written yet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lamb.core import metrics
from lamb.core.context import Core
from lamb.logs.metrics import Metrics, Taken
from lamb.model.errors import LambError

T = TypeVar("T")

_log = logging.getLogger("lamb.daemon")

_EVERY_S = 10.0
_AT_ONCE = 100
"""Minutes in one transaction: whoever else writes waits some milliseconds for it, not longer."""


class Metering:
    """A task on the event loop. What is lost with a killed daemon are the counts of its last seconds."""

    def __init__(self, counting: Metrics, core: Core, run: Callable[..., Awaitable[Any]]) -> None:
        """`run` calls a function in the pool."""
        self._counting = counting
        self._core = core
        self._run = run
        # Nobody reads while counts are on their way into the store: they would be seen twice, or not at all.
        self._moving = asyncio.Lock()
        self._ending = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work(core, unwritten, *args)` in the pool: a function of `core.metrics`."""
        async with self._moving:
            found: T = await self._run(work, self._core, self._counting.copy(), *args)
        return found

    async def flush(self) -> None:
        """Write what was counted. Raises HomeUnusable; what could not be written counts on."""
        async with self._moving:
            taken = list(self._counting.take().items())
            while taken:
                part: Taken = dict(taken[:_AT_ONCE])
                try:
                    await self._run(metrics.write, self._core, part)
                except Exception:
                    self._counting.put_back(dict(taken))
                    raise
                del taken[:_AT_ONCE]

    async def close(self) -> None:
        """Write for the last time."""
        self._ending.set()
        await self._task

    async def _keep(self) -> None:
        told, ending = "", False
        while not ending:
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _EVERY_S)
            ending = self._ending.is_set()
            try:
                await self.flush()
                told = ""
            except LambError as error:
                if error.message != told:  # a full disk, most often: once is enough
                    _log.warning("what was counted cannot be written yet: %s", error.message)
                told = error.message
            except Exception:  # noqa: BLE001 - counting is no reason for a daemon to end
                _log.exception("bug while writing what was counted")
