"""The threads in which the daemon does what may wait: for its own disk, or for another host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """Called on the event loop."""

    def __init__(self) -> None:
        self._control = ThreadPoolExecutor(4, thread_name_prefix="control")
        self._fetching = ThreadPoolExecutor(4, thread_name_prefix="fetch")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._control, work, *args)

    async def run_apart(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._fetching, work, *args)

    def end(self) -> None:
        """Let what runs in the control plane come to its end."""
        self._control.shutdown()
        self._fetching.shutdown(wait=False, cancel_futures=True)
