"""Which version an invocation goes to, remembered until the function changes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from lamb.core.invoke import Route
from lamb.model.errors import LambError
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey, Reference

Key = TypeVar("Key", bound=Hashable)

# A caller may name any number of qualifiers; what is remembered of them is bounded.
_MOST = 10_000


async def _nothing(_: FunctionKey) -> None:
    """Where no code is live."""


class Routes:
    """A cache in front of `resolve`. Lives on the event loop; `forget` may be called from there only."""

    def __init__(
        self,
        resolve: Callable[[Reference], Awaitable[Route]],
        draw: random.Random,
        renew: Callable[[FunctionKey], Awaitable[object]] = _nothing,
    ) -> None:
        """`renew` looks whether live code has changed, and has the function forgotten then."""
        self._resolve = resolve
        self._renew = renew
        self._draw = draw
        self._known: dict[Reference, Route] = {}
        self._named: dict[FunctionKey, list[Reference]] = {}
        """The references that are known, by function."""
        self._epoch = 0

    async def target(self, reference: Reference, seed: int | None) -> Target:
        """The version to run, drawn anew for each invocation of a weighted alias."""
        route = self._known.get(reference)
        if route is None or route.live:
            route = await self.route(reference)
        return route.primary if route.additional is None else self.draw(route, seed)

    async def route(self, reference: Reference) -> Route:
        """What the reference stands for. Raises what `resolve` and `renew` raise."""
        route = self._known.get(reference) or await self._read(reference)
        if route.live:
            await self._renew(reference.key)
            route = self._known.get(reference) or await self._read(reference)
        return route

    async def _read(self, reference: Reference) -> Route:
        epoch = self._epoch
        route = await self._resolve(reference)
        # A change that came in between may not be hidden by what was read before it.
        if epoch == self._epoch:
            if len(self._known) >= _MOST:
                self._known.clear()
                self._named.clear()
            self._known[reference] = route
            self._named.setdefault(reference.key, []).append(reference)
        return route

    def draw(self, route: Route, seed: int | None = None) -> Target:
        """One of the versions of a route. A seed makes a draw repeatable: nothing here is a secret."""
        return route.pick(self._draw.random() if seed is None else random.Random(seed).random())  # noqa: S311

    def forget(self, key: FunctionKey) -> None:
        self._epoch += 1
        for reference in self._named.pop(key, ()):
            self._known.pop(reference, None)


class Settling(Generic[Key]):
    """Lets callers wait until the changes of a function, or of another thing, have settled."""

    def __init__(self) -> None:
        self._waiting: dict[Key, list[asyncio.Future[None]]] = {}

    def announce(self, key: Key, error: LambError | None = None) -> None:
        """They have, or `error` keeps them from it for now."""
        for future in self._waiting.pop(key, []):
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    async def wait(self, key: Key, timeout_s: float) -> None:
        """Until the next announcement for this key, or the time has passed. Raises what is announced."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        try:
            await asyncio.wait_for(future, timeout_s)
        except (asyncio.TimeoutError, TimeoutError):
            pass
        finally:
            self._leave(key, future)

    async def until(self, settled: Callable[[], Awaitable[bool]], key: Key, timeout_s: float) -> bool:
        """Whether `settled` says so within the time; it is asked now, and again at each announcement.

        Raises what `settled` raises, and what is announced.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            # Before it is asked: what is announced meanwhile is not missed.
            waiting = asyncio.ensure_future(self.wait(key, timeout_s))
            try:
                if await settled():
                    return True
                if time.monotonic() >= deadline:
                    return False
                await waiting
            finally:
                waiting.cancel()

    def _leave(self, key: Key, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(key, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[key]
