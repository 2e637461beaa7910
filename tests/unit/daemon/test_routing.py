from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from lamb.core.invoke import Route
from lamb.daemon.routing import Routes, Settling
from lamb.model.function import Configuration
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey, Reference

KEY = FunctionKey("123456789012", "us-east-1", "f")
OTHER = FunctionKey("123456789012", "us-east-1", "g")
PROD = Reference(KEY, "prod")


def target(key: FunctionKey = KEY, version: str = "1", generation: str = "a") -> Target:
    return Target(key, version, generation, Configuration("python3.12", "a.h", "r", "s", 1), Path(), dict)


class Book:
    """What stands in the store, and how often it was asked for."""

    def __init__(self, **routes: Route) -> None:
        self.routes = {Reference(KEY, name): route for name, route in routes.items()}
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    async def __call__(self, reference: Reference) -> Route:
        self.asked += 1
        found = self.routes.get(reference) or Route(target(reference.key))
        await asyncio.sleep(0)
        self.meanwhile()
        return found


def run(work: Awaitable[object]) -> None:
    async def main() -> None:
        await asyncio.wait_for(work, 10)

    asyncio.run(main())


def test_a_route_is_read_once_until_its_function_changes():
    book = Book()
    routes = Routes(book, random.Random(1))

    async def work() -> None:
        for _ in range(5):
            await routes.target(PROD, None)
        assert book.asked == 1
        routes.forget(OTHER)
        await routes.target(PROD, None)
        assert book.asked == 1
        routes.forget(KEY)
        await routes.target(PROD, None)
        assert book.asked == 2

    run(work())


def test_a_change_while_a_route_is_being_read_is_not_hidden():
    old, new = Route(target(version="1")), Route(target(version="2"))
    book = Book(prod=old)
    routes = Routes(book, random.Random(1))

    def change() -> None:
        book.meanwhile = lambda: None
        book.routes[PROD] = new
        routes.forget(KEY)

    async def work() -> None:
        book.meanwhile = change
        await routes.target(PROD, None)
        assert (await routes.target(PROD, None)).version == "2"

    run(work())


def test_a_weighted_alias_is_drawn_anew_each_time():
    book = Book(prod=Route(target(version="1"), target(version="2"), 0.25))
    routes = Routes(book, random.Random(7))

    async def work() -> None:
        drawn = [(await routes.target(PROD, None)).version for _ in range(2000)]
        assert 400 < drawn.count("2") < 600
        assert book.asked == 1

    run(work())


def test_a_seed_makes_the_draw_repeatable():
    async def draws(routes: Routes, seeds: list[int]) -> list[str]:
        return [(await routes.target(PROD, seed)).version for seed in seeds]

    async def work() -> None:
        book = Book(prod=Route(target(version="1"), target(version="2"), 0.5))
        first = await draws(Routes(book, random.Random(1)), list(range(50)))
        again = await draws(Routes(book, random.Random(2)), list(range(50)))
        assert first == again
        assert set(first) == {"1", "2"}

    run(work())


def test_what_is_remembered_is_bounded():
    routes = Routes(Book(), random.Random(1))

    async def work() -> None:
        for number in range(10_005):
            await routes.target(Reference(KEY, f"q{number}"), None)
        assert len(routes._known) <= 10_000

    run(work())


def test_everybody_who_waits_for_a_function_hears_that_it_settled():
    async def work() -> None:
        settling = Settling()
        waiting = [asyncio.ensure_future(settling.wait(KEY, 60)) for _ in range(3)]
        other = asyncio.ensure_future(settling.wait(OTHER, 60))
        await asyncio.sleep(0)
        settling.announce(KEY)
        await asyncio.gather(*waiting)
        assert not other.done()
        other.cancel()

    run(work())


def test_who_no_longer_waits_leaves_nothing_behind():
    async def work() -> None:
        settling = Settling()
        await settling.wait(KEY, 0.01)
        left = asyncio.ensure_future(settling.wait(KEY, 60))
        await asyncio.sleep(0)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        assert settling._waiting == {}
        settling.announce(KEY)

    run(work())


def test_whether_a_thing_has_settled_is_asked_again_at_each_announcement():
    async def work() -> None:
        settling, asked = Settling(), []

        async def third_time() -> bool:
            asked.append(len(asked))
            asyncio.get_running_loop().call_soon(settling.announce, KEY)
            return len(asked) == 3

        assert await settling.until(third_time, KEY, 60)
        assert asked == [0, 1, 2]
        await asyncio.sleep(0)
        assert settling._waiting == {}

    run(work())


def test_what_does_not_settle_in_time_is_told_so():
    async def never() -> bool:
        return False

    async def work() -> None:
        assert await Settling().until(never, KEY, 0.01) is False

    run(work())


def test_a_route_to_live_code_is_looked_at_before_each_use():
    live = Configuration("python3.12", "a.h", "r", "s", 1, live="/src")
    following = Target(KEY, "$LATEST", "a", live, Path(), dict)
    book = Book(prod=Route(following), two=Route(target()))
    looks: list[FunctionKey] = []

    async def look(key: FunctionKey) -> None:
        looks.append(key)
        if len(looks) == 3:
            routes.forget(key)

    routes = Routes(book, random.Random(1), look)

    async def work() -> None:
        for number in (1, 2, 3):
            await routes.target(PROD, None)
            assert looks == [KEY] * number
            # Read again only after something has changed.
            assert book.asked == (1 if number < 3 else 2)
        await routes.target(Reference(KEY, "two"), None)
        assert len(looks) == 3

    run(work())
