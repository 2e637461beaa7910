"""Receivers that wait for messages of local queues."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from lamb.model.clock import HomeClock


class Arrivals:
    """Implements `lamb.api.services.Arrivals`. Lives on the event loop; nothing here polls."""

    def __init__(self, clock: HomeClock) -> None:
        self.closed = False
        self._clock = clock
        self._announced: defaultdict[str, int] = defaultdict(int)
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def seen(self, arn: str) -> int:
        return self._announced[arn]

    def announce(self, arn: str) -> None:
        self._announced[arn] += 1
        for future in self._waiting.pop(arn, ()):
            if not future.done():
                future.set_result(None)

    def announce_all(self) -> None:
        """The home's clock was set: what was a minute away may be now."""
        for arn in list(self._waiting):
            self.announce(arn)

    async def wait(self, arn: str, seen: int, until_ms: int) -> None:
        if self.closed or self._announced[arn] != seen:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(arn, set())
        waiting.add(future)
        try:
            await asyncio.wait_for(future, self._clock.real_s(until_ms))
        except (asyncio.TimeoutError, TimeoutError):
            pass
        finally:
            waiting.discard(future)
            if not waiting and self._waiting.get(arn) is waiting:
                del self._waiting[arn]

    def close(self) -> None:
        """Everybody comes back, and nobody waits again."""
        self.closed = True
        self.announce_all()
