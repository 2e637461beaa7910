"""How event source mappings settle."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from lamb.core import mappings
from lamb.daemon.routing import Settling
from lamb.model.errors import HomeUnusable, ResourceNotFound
from lamb.model.mapping import MappingKey

if TYPE_CHECKING:
    from lamb.daemon.services import Services

# Nothing has to be got ready; and yet AWS's states are there to be seen.
_SETTLES_S = 0.1
_AGAIN_S = 1.0


class Mappings:
    """Implements `lamb.api.services.Mappings`. Lives on the event loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settling: Settling[MappingKey] = Settling()

    async def settle(self, key: MappingKey) -> None:
        """Move a mapping on from the state that passes by itself."""
        delay_s = _SETTLES_S
        while True:
            await asyncio.sleep(delay_s)
            with contextlib.suppress(HomeUnusable):  # a full disk, most often
                await self._services.run(mappings.settle, self._services.core, key)
                break
            delay_s = _AGAIN_S
        self._settling.announce(key)

    async def settled(self, key: MappingKey, timeout_s: float) -> bool:
        async def is_settled() -> bool:
            try:
                return (await self._services.run(mappings.get, self._services.core, key)).settled
            except ResourceNotFound:
                return True

        return await self._settling.until(is_settled, key, timeout_s)
