"""Provisioned concurrency in the engine: real environments, started ahead and kept (SEMANTICS §25)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from integration.engine_room import Room, state

from lamb.engine.environment import Environment
from lamb.engine.provisioned import Provisioned
from lamb.model.concurrency import Allotment, Progress
from lamb.model.errors import KMSAccessDenied, TooManyRequests
from lamb.model.function import Logging
from lamb.model.invocation import Target
from lamb.model.names import Reference
from lamb.model.wire import INIT_FAILURE

WHO = """
    import os, time
    me = os.urandom(4).hex()
    kind = os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
    def handler(event, context):
        if event.get("exit"):
            os._exit(1)
        time.sleep(event.get("sleep", 0))
        return [me, kind]
"""


class Ahead:
    """Provisioned concurrency of one room, and the versions that it finds."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.targets: dict[Reference, Target] = {}
        self.provisioned = Provisioned(room.engine, self._resolve)

    async def _resolve(self, reference: Reference) -> Target:
        return self.targets[reference]

    def allot(self, *targets: Target, reserved: int | None = None, **amounts: int) -> None:
        """`_1=2`: two environments for version 1."""
        for target in targets:
            self.targets[Reference(target.key, target.version)] = target

        async def work() -> None:
            wanted = {label.strip("_"): amount for label, amount in amounts.items()}
            self.provisioned.allot(Allotment(targets[0].key, reserved, wanted))

        self.room.wait(work())

    def settled(self, target: Target) -> Progress:
        """How it is when nothing is in progress any more."""
        assert self.room.wait(self.provisioned.settled(target.key, target.version, 20))
        return self.provisioned.progress(target.key, target.version)

    def ready(self, target: Target, amount: int) -> list[Environment]:
        """Have that many, and no others."""
        self.allot(target, **{f"_{target.version}": amount})
        assert self.settled(target) == Progress(amount, "READY")
        return self.environments(target)

    def environments(self, target: Target) -> list[Environment]:
        return [
            each
            for each in self.room.environments
            if (each.target.key, each.target.version) == (target.key, target.version)
        ]


@pytest.fixture
def ahead(room: Room) -> Iterator[Ahead]:
    made = Ahead(room)
    yield made
    room.wait(made.provisioned.close())
    for target in made.targets.values():
        room.retire(target)


def published(room: Room, source: str = WHO, version: str = "1", **settings: Any) -> Target:
    return room.function(source, **settings)._replace(version=version)


# ------------------------------------------------------------------ ready


def test_environments_are_there_before_anybody_asks(ahead: Ahead, room: Room):
    f = published(room)
    assert ahead.provisioned.progress(f.key, "1") == Progress()
    environments = ahead.ready(f, 2)
    assert len(environments) == 2
    assert all(each.link.runtime_up for each in environments)
    outcome = room.invoke(f)
    assert (outcome.init_ms, json.loads(outcome.payload)[1]) == (None, "provisioned-concurrency")
    assert len(ahead.environments(f)) == 2


def test_their_init_phase_is_in_the_log_and_not_in_a_report(ahead: Ahead, room: Room):
    f = published(room, 'print("loading")\n' + "def handler(event, context): return 1")
    ahead.ready(f, 1)
    start, printed, report = room.log(f)
    assert start.startswith("INIT_START Runtime Version: python:")
    assert printed == "loading\n"
    assert report.startswith("INIT_REPORT Init Duration: ")
    assert report.endswith(" ms\n")
    outcome = room.invoke(f)
    assert "Init Duration" not in room.log(f, outcome.request_id)[-1]


def test_their_init_phase_is_told_in_json_where_that_is_the_format(ahead: Ahead, room: Room):
    f = published(
        room,
        "def handler(event, context): return 1",
        logging=Logging("JSON", "/aws/lambda/json", "INFO", "INFO"),
    )
    ahead.ready(f, 1)
    start, report = (json.loads(line) for line in room.log(f))
    assert (start["type"], report["type"]) == ("platform.initStart", "platform.initReport")
    for line in (start, report):
        assert line["record"]["initializationType"] == "provisioned-concurrency"
    assert report["record"]["status"] == "success"


def test_they_are_taken_before_others_and_what_is_beyond_is_on_demand(ahead: Ahead, room: Room):
    f = published(room)
    on_demand, kind = room.call(f)
    assert kind == "on-demand"
    ahead.ready(f, 1)
    kept, kind = room.call(f)
    assert (kind, kept != on_demand) == ("provisioned-concurrency", True)
    both = room.all(room.invocation(f, {"sleep": 0.3}), room.invocation(f, {"sleep": 0.3}))
    assert sorted(json.loads(each.payload)[1] for each in both) == ["on-demand", "provisioned-concurrency"]
    assert [room.call(f)[0] for _ in range(3)] == [kept] * 3


def test_a_frozen_one_wakes_up(ahead: Ahead, room: Room):
    f = published(room)
    (kept,) = ahead.ready(f, 1)
    room.until(lambda: kept.link._frozen)
    assert room.call(f)[1] == "provisioned-concurrency"


def test_whoever_waits_may_come_before_the_word_and_stay_until_the_end(ahead: Ahead, room: Room):
    f = published(room, "import time\ntime.sleep(0.3)\n" + "def handler(event, context): return 1")
    assert not room.wait(ahead.provisioned.settled(f.key, "1", 0.01))
    waiting = room.loop.create_task(ahead.provisioned.settled(f.key, "1", 20))
    room.pass_time(0)
    ahead.allot(f, _1=1)
    assert not waiting.done()
    assert room.wait(waiting)
    assert ahead.provisioned.progress(f.key, "1") == Progress(1, "READY")
    ahead.allot(f, _1=2)
    waiting = room.loop.create_task(ahead.provisioned.settled(f.key, "1", 20))
    room.pass_time(0)
    ahead.allot(f)
    assert room.wait(waiting)


# ------------------------------------------------------------------ changes


def test_more_and_fewer_can_be_asked_for(ahead: Ahead, room: Room):
    f = published(room)
    ahead.ready(f, 2)
    before = set(ahead.environments(f))
    assert before < set(ahead.ready(f, 3))
    assert len(ahead.ready(f, 1)) == 1
    ahead.allot(f)
    assert ahead.environments(f) == []
    assert not ahead.provisioned.wanted


def test_moving_an_allocation_closes_the_old_ones_and_starts_new_ones(ahead: Ahead, room: Room):
    one = published(room)
    two = one._replace(version="2", generation="2")
    ahead.ready(one, 2)
    ahead.allot(one, two, _2=2)
    assert ahead.settled(two) == Progress(2, "READY")
    assert (ahead.environments(one), len(ahead.environments(two))) == ([], 2)


def test_what_runs_in_one_that_is_no_longer_wanted_ends_first(ahead: Ahead, room: Room):
    f = published(room)
    (kept,) = ahead.ready(f, 1)
    running = room.loop.create_task(room.invocation(f, {"sleep": 0.3}))
    room.until(lambda: kept in room.engine._pool.busy)
    ahead.allot(f)
    assert json.loads(room.wait(running).payload)[1] == "provisioned-concurrency"
    assert not kept.alive


def test_one_that_starts_when_it_is_no_longer_wanted_is_closed(ahead: Ahead, room: Room):
    f = published(room, "import time\ntime.sleep(0.3)\n" + "def handler(event, context): return 1")
    ahead.allot(f, _1=1)
    room.until(lambda: ahead.environments(f) != [])
    ahead.allot(f)
    room.until(lambda: ahead.environments(f) == [])


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize("source", ["raise ValueError('no')", "import os\nos._exit(3)", "1 +"])
def test_a_handler_that_cannot_be_loaded_fails_once_and_leaves_nothing(ahead: Ahead, room: Room, source):
    f = published(room, source)
    ahead.allot(f, _1=2)
    assert ahead.settled(f) == Progress(0, "FAILED", INIT_FAILURE)
    room.until(lambda: ahead.environments(f) == [])
    reports = [line for line in room.log(f) if line.startswith("INIT_REPORT ")]
    assert len(reports) == 2  # as many as were started together
    assert all("\tStatus: error\t" in line for line in reports)
    assert ahead.provisioned.wanted


def test_asking_again_tries_again(ahead: Ahead, room: Room):
    f = published(room, "raise ValueError('no')")
    ahead.allot(f, _1=1)
    assert ahead.settled(f).status == "FAILED"
    (f.code / "app.py").write_text("def handler(event, context): return 1")
    ahead.ready(f, 1)
    assert room.call(f) == 1


def test_variables_that_cannot_be_opened_are_a_failure_that_says_so(ahead: Ahead, room: Room):
    def refuse() -> dict[str, str]:
        raise KMSAccessDenied

    f = published(room)._replace(open_variables=refuse)
    ahead.allot(f, _1=1)
    assert ahead.settled(f) == Progress(0, "FAILED", KMSAccessDenied.__doc__)


# ------------------------------------------------------------------ deaths


def test_one_that_is_killed_is_replaced(ahead: Ahead, room: Room):
    f = published(room)
    first, second = ahead.ready(f, 2)
    os.kill(first.pid, signal.SIGKILL)
    room.until(lambda: not first.alive)
    assert ahead.settled(f) == Progress(2, "READY")
    assert second in ahead.environments(f)
    room.until(lambda: state(first.pid) == "")


def test_one_whose_runtime_ended_is_replaced_by_a_warm_one(ahead: Ahead, room: Room):
    f = published(room)
    (first,) = ahead.ready(f, 1)
    verdict, _ = room.error(f, {"exit": 1})
    assert verdict == "exit"
    assert ahead.settled(f) == Progress(1, "READY")
    assert not first.alive
    outcome = room.invoke(f)
    assert (outcome.init_ms, json.loads(outcome.payload)[1]) == (None, "provisioned-concurrency")


def test_all_are_replaced_when_their_zygote_is_killed(ahead: Ahead, room: Room):
    f = published(room)
    old = ahead.ready(f, 2)
    _, zygote = room.zygotes._ready[room.runtime]
    zygote.kill()
    room.until(lambda: not any(each.alive for each in old))
    assert ahead.settled(f) == Progress(2, "READY")


def test_one_that_is_killed_each_time_it_starts_is_given_up(ahead: Ahead, room: Room):
    f = published(room, "import time\ntime.sleep(60)\n" + "def handler(event, context): return 1")
    ahead.allot(f, _1=1)
    killed: set[int] = set()

    async def kill_each() -> None:
        while ahead.provisioned.progress(f.key, "1").status == "IN_PROGRESS":
            for pid in {each.pid for each in ahead.environments(f)} - killed - {0}:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)

    room.wait(kill_each())
    assert ahead.settled(f).status == "FAILED"
    assert len(killed) == 3


# ------------------------------------------------------------------ with the limits


def test_with_all_of_the_reservation_provisioned_nothing_else_of_the_function_runs(ahead: Ahead, room: Room):
    one = published(room)
    latest = one._replace(version="$LATEST")
    ahead.allot(one, reserved=1, _1=1)
    ahead.settled(one)
    with pytest.raises(TooManyRequests) as caught:
        room.call(latest)
    assert caught.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert room.call(one)[1] == "provisioned-concurrency"


def test_what_is_throttled_is_not_logged(ahead: Ahead, room: Room):
    f = room.function(WHO)
    ahead.allot(f, reserved=0)
    with pytest.raises(TooManyRequests):
        room.call(f)
    assert room.log(f) == []
    assert room.engine.limits.blocked(f.key)
    ahead.allot(f)
    room.call(f)


@pytest.mark.parametrize("payload", [{}, {"exit": 1}, {"sleep": 2}])
def test_an_invocation_gives_its_place_back_however_it_ends(ahead: Ahead, room: Room, payload):
    f = room.function(WHO, timeout_s=1)
    ahead.allot(f, reserved=1)
    for _ in range(2):
        room.invoke(f, payload)
    running = room.loop.create_task(room.invocation(f, {"sleep": 0.9}))
    room.until(lambda: room.engine.busy == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        room.wait(running)
    room.invoke(f)


# ------------------------------------------------------------------ rooms of their own
# At the end: a room that is closed takes the directory of cgroups with it that all of this process share.


def test_idle_ones_grow_old_and_make_no_room(new_room: Any):
    room = new_room(max_environments=2, environment_idle_s=0.0)
    ahead = Ahead(room)
    f, g, h = published(room), room.function(WHO), room.function(WHO)
    (kept,) = ahead.ready(f, 1)
    first = room.call(g)[0]
    other = room.loop.create_task(room.invocation(g, {"sleep": 0.3}))
    room.until(lambda: room.engine.busy == 1)
    with pytest.raises(TooManyRequests, match="Rate Exceeded"):
        room.call(h)
    room.wait(other)
    # A sweep closes what was idle for longer than 0 s, all but one.
    room.until(lambda: room.environments == [kept], limit_s=10)
    assert room.call(h)[0] != first
    room.wait(ahead.provisioned.close())


def test_no_room_on_the_machine_is_a_failure_that_says_so(new_room: Any):
    room = new_room(memory_total_mb=300)
    ahead = Ahead(room)
    f = published(room)
    ahead.allot(f, _1=3)
    progress = ahead.settled(f)
    assert (progress.available, progress.status) == (2, "FAILED")
    assert progress.reason == "max_environments and memory_total_mb leave no room for another environment"
    room.wait(ahead.provisioned.close())
