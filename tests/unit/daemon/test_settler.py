from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from unit.core.plane import Plane, key, ref

from lamb.core import updates
from lamb.daemon import settler
from lamb.daemon.settler import Settler
from lamb.model.function import ACTIVE


class Stand:
    """A settler over a real store, and what it has had done."""

    def __init__(self, plane: Plane) -> None:
        self.core = plane.core
        self.settled: list[list[str]] = []
        self.prepared: list[str] = []
        self.released: list[str] = []
        self.events = SimpleNamespace(
            worker=SimpleNamespace(release=lambda key: self.released.append(key.name))
        )
        self.routes = SimpleNamespace(target=self._target)
        self.engine = SimpleNamespace(prepare=self._prepare)
        self.tasks: list[asyncio.Task[None]] = []
        self.ready = asyncio.Event()
        """What the next invocation needs has been got ready."""
        self.settler = Settler(self)  # type: ignore[arg-type]

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        if work is updates.settle:
            self.settled.append([each.name for each in args[1]])
        return work(*args)

    def in_background(self, work: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def _target(self, reference: Any, _seed: int) -> None:
        self.prepared.append(reference.key.name)

    async def _prepare(self, _runtime: str) -> None:
        self.ready.set()


def with_stand(plane: Plane, work: Callable[[Stand], Awaitable[None]]) -> Stand:
    async def run() -> Stand:
        stand = Stand(plane)
        await asyncio.wait_for(work(stand), 20)
        await asyncio.gather(*stand.tasks)
        return stand

    return asyncio.run(run())


def pending(plane: Plane, *names: str) -> None:
    for name in names:
        plane.create(name, settled=False)


def test_what_changes_in_a_burst_settles_together_and_the_last_is_made_ready(plane):
    pending(plane, "a", "b", "c")

    async def work(stand: Stand) -> None:
        for name in ("a", "b", "a", "c"):
            stand.settler.soon(key(name))
        await stand.ready.wait()

    stand = with_stand(plane, work)
    assert stand.settled == [["a", "b", "c"]]
    assert (stand.released, stand.prepared) == (["a", "b", "c"], ["c"])
    assert {plane.latest(name).status for name in "abc"} == {ACTIVE}


def test_whoever_waits_for_a_function_does_not_wait_for_others_to_come(plane, monkeypatch):
    monkeypatch.setattr(settler, "_QUIET_S", 1000)
    monkeypatch.setattr(settler, "_LONG_S", 1000)
    pending(plane, "a", "b")

    async def work(stand: Stand) -> None:
        stand.settler.soon(key("a"))
        stand.settler.soon(key("b"))
        assert await stand.settler.settled(ref("b"), 10)

    assert with_stand(plane, work).settled == [["a", "b"]]


def test_a_stream_of_changes_does_not_put_off_the_first_for_long(plane, monkeypatch):
    monkeypatch.setattr(settler, "_QUIET_S", 1000)
    monkeypatch.setattr(settler, "_LONG_S", 0.05)
    pending(plane, "a", "b")

    async def work(stand: Stand) -> None:
        stand.settler.soon(key("a"))
        stand.settler.soon(key("b"))
        await stand.ready.wait()

    assert with_stand(plane, work).settled == [["a", "b"]]


def test_a_large_burst_is_settled_in_parts(plane):
    names = [f"f{number:02}" for number in range(20)]
    pending(plane, *names)

    async def work(stand: Stand) -> None:
        for name in names:
            stand.settler.soon(key(name))
        await stand.ready.wait()

    stand = with_stand(plane, work)
    assert [len(part) for part in stand.settled] == [8, 8, 4]


def test_what_has_not_begun_when_the_daemon_ends_is_left_to_the_next_one(plane, monkeypatch):
    monkeypatch.setattr(settler, "_QUIET_S", 0.01)
    pending(plane, "a")

    async def work(stand: Stand) -> None:
        stand.settler.soon(key("a"))
        stand.settler.close()
        await asyncio.sleep(0.03)

    assert with_stand(plane, work).settled == []
    assert updates.unsettled(plane.core) == [key("a")]
