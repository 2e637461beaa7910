"""Environments: who shares one, when they rest, and when they go (§13)."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import machine
from integration.engine_room import Room, descendants, state

from lamb.model.errors import EnvironmentStartFailed, KMSAccessDenied, SandboxRefused, TooManyRequests
from lamb.sandbox.walls import Standing

WHO = """
    import os, time
    me = os.urandom(4).hex()
    count = 0
    def handler(event, context):
        global count
        count += 1
        time.sleep(event.get("sleep", 0))
        return [me, count]
"""


# ------------------------------------------------------------------------------------- sharing


def test_an_idle_environment_is_used_again_with_its_globals_and_tmp(room: Room):
    f = room.function(
        """
        import os
        count = 0
        def handler(event, context):
            global count
            count += 1
            with open("/tmp/count", "a") as file:
                file.write("x")
            return [os.getpid(), count, os.path.getsize("/tmp/count")]
        """
    )
    pids, counts, sizes = zip(*(room.call(f) for _ in range(5)), strict=True)
    assert len(set(pids)) == 1
    assert counts == sizes == (1, 2, 3, 4, 5)


def test_concurrent_invocations_have_environments_of_their_own(room: Room):
    f = room.function(WHO)
    outcomes = room.all(*(room.invocation(f, {"sleep": 0.3}) for _ in range(10)))
    who = [json.loads(outcome.payload)[0] for outcome in outcomes]
    assert len(set(who)) == 10
    assert {room.call(f)[0] for _ in range(3)} <= set(who)


def test_functions_share_nothing(room: Room):
    source = """
        import os
        def handler(event, context):
            seen = sorted(os.listdir("/tmp") + os.listdir("/var/task")), len(os.listdir("/proc"))
            open("/tmp/" + event["name"], "w").close()
            return seen[0]
    """
    f, g = room.function(source), room.function(source)
    assert room.call(f, {"name": "f"}) == ["app.py"]
    assert room.call(g, {"name": "g"}) == ["app.py"]
    assert room.call(f, {"name": "f"}) == ["app.py", "f"]


def test_many_environments_with_large_variables_can_start_at_once(room: Room):
    f = room.function(
        "def handler(event, context): return 1", variables={f"V{n}": "x" * 1000 for n in range(4)}
    )
    outcomes = room.all(*(room.invocation(f) for _ in range(50)))
    assert [outcome.payload for outcome in outcomes] == [b"1"] * 50
    room.retire(f)


def test_more_environments_can_start_at_once_than_the_zygotes_socket_holds_orders(room: Room):
    f = room.function("def handler(event, context): return 1")
    room.call(f)
    _, zygote = room.zygotes._ready[room.runtime]
    zygote._control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    outcomes = room.all(*(room.invocation(f) for _ in range(50)))
    assert [outcome.payload for outcome in outcomes] == [b"1"] * 50
    room.retire(f)


# ------------------------------------------------------------------------------------- changes


def test_a_change_starts_a_new_environment_and_closes_the_old(room: Room):
    f = room.function(WHO)
    before, _ = room.call(f)
    old = room.environment_of(f)
    changed = f._replace(generation="2")
    room.retire(f)
    assert not old.alive
    after, count = room.call(changed)
    assert (before != after, count) == (True, 1)
    room.until(lambda: state(old.pid) == "")


def test_what_runs_during_a_change_ends_on_the_old_code(room: Room):
    f = room.function(WHO)
    before, _ = room.call(f)
    running = room.loop.create_task(room.invocation(f, {"sleep": 0.2}))
    room.pass_time(0.05)
    old = room.environment_of(f)
    room.retire(f)
    changed = f._replace(generation="2")
    assert room.call(changed)[0] != before
    assert json.loads(room.wait(running).payload) == [before, 2]
    assert not old.alive


def test_one_version_can_change_without_the_others(room: Room):
    f = room.function(WHO)
    published = f._replace(version="1")
    (latest, _), (first, _) = room.call(f), room.call(published)
    room.retire(f, "$LATEST")
    assert room.call(published) == [first, 2]
    assert room.call(f)[0] != latest


# ------------------------------------------------------------------------------------- rest

RESTLESS = """
    import subprocess, threading, time
    ticks = 0
    def tick():
        global ticks
        while True:
            ticks += 1
            time.sleep(0.001)
    threading.Thread(target=tick, daemon=True).start()
    open("/tmp/child", "w").close()
    child = "while :; do echo >> /tmp/child; sleep 0.001; done"
    subprocess.Popen(["sh", "-c", child], start_new_session=True)
    def handler(event, context):
        time.sleep(event.get("sleep", 0))
        return [ticks, len(open("/tmp/child").read())]
"""


def test_an_environment_is_frozen_between_invocations_and_its_children_too(room: Room):
    f = room.function(RESTLESS)
    room.call(f, {"sleep": 0.1})
    init = room.environment_of(f).pid
    # D: a shell that waits, uninterruptibly, for a child that was stopped between vfork and exec.
    room.until(lambda: {state(pid) for pid in descendants(init)} <= {"T", "Z", "D"})
    frozen = room.call(f)
    room.pass_time(0.5)
    thread, child = room.call(f)
    # A few milliseconds pass before it is frozen; half a second would be hundreds of ticks.
    assert thread - frozen[0] < 150
    assert child - frozen[1] < 150
    moved_thread, moved_child = room.call(f, {"sleep": 0.1})
    assert moved_thread > thread + 10
    assert moved_child > child


def test_an_idle_environment_uses_no_processor(room: Room):
    f = room.function(
        """
        import threading
        def spin():
            while True:
                pass
        def handler(event, context):
            threading.Thread(target=spin, daemon=True).start()
        """
    )
    room.call(f)
    (runtime,) = descendants(room.environment_of(f).pid)
    room.until(lambda: state(runtime) == "T")
    before = Path(f"/proc/{runtime}/schedstat").read_text().split()[0]
    room.pass_time(0.2)
    assert Path(f"/proc/{runtime}/schedstat").read_text().split()[0] == before


def test_a_long_rest_does_not_eat_the_time_of_the_next_invocation(room: Room):
    f = room.function(
        "def handler(event, context): return context.get_remaining_time_in_millis()", timeout_s=1
    )
    room.call(f)
    room.pass_time(1.1)
    assert room.call(f) > 900


# ------------------------------------------------------------------------------------- ends


def test_an_environment_that_is_killed_while_idle_is_replaced(room: Room):
    f = room.function(WHO)
    who, _ = room.call(f)
    environment = room.environment_of(f)
    os.kill(environment.pid, signal.SIGKILL)
    room.until(lambda: not environment.alive)
    assert room.call(f)[0] != who


def test_a_zygote_that_is_killed_takes_its_environments_along_and_is_replaced(room: Room):
    f = room.function(WHO)
    who, _ = room.call(f)
    init = room.environment_of(f).pid
    _, zygote = room.zygotes._ready[room.runtime]
    os.kill(zygote._pid, signal.SIGKILL)
    room.until(lambda: not zygote.alive and not room.environments)
    room.until(lambda: state(init) == "")
    assert room.call(f)[0] != who


def test_an_invocation_survives_the_zygote_dying_at_that_very_moment(room: Room):
    f, g = room.function(WHO), room.function(WHO)
    room.call(f)
    _, zygote = room.zygotes._ready[room.runtime]
    os.kill(zygote._pid, signal.SIGKILL)
    outcome = room.invoke(g)
    # Whoever had begun was killed with it, and says so; nobody else hears of it.
    assert outcome.verdict in ("success", "killed")
    assert room.call(g)[1] in (1, 2)


def test_an_invocation_whose_caller_is_cancelled_leaves_no_environment_in_the_middle_of_it(room: Room):
    f = room.function(WHO)
    who, _ = room.call(f)
    task = room.loop.create_task(room.invocation(f, {"sleep": 9}))
    room.pass_time(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        room.wait(task)
    assert room.engine.busy == 0
    assert room.call(f)[0] != who


def test_variables_that_cannot_be_opened_leave_no_environment_behind(room: Room):
    def refuse() -> dict[str, str]:
        raise KMSAccessDenied("no key")

    f = room.function(WHO)._replace(open_variables=refuse)
    open_before = room.identified - room.revoked
    with pytest.raises(KMSAccessDenied):
        room.invoke(f)
    assert room.identified - room.revoked == open_before
    assert room.engine.busy == 0
    room.until(lambda: len(room.engine._blanks._ready) == 1)


def test_a_wall_that_does_not_stand_is_named_and_no_fault_of_the_function(room: Room):
    f = room.function(WHO)._replace(code=Path("no such package"))
    with pytest.raises(EnvironmentStartFailed, match="mount"):
        room.invoke(f)
    assert room.engine.busy == 0


# ------------------------------------------------------------------------------------- room


def test_the_longest_unused_environment_makes_room_for_another(new_room: Callable[..., Room]):
    room = new_room(max_environments=2)
    f, g, h = (room.function(WHO) for _ in range(3))
    who = room.call(f)[0]
    room.call(g)
    room.call(h)
    assert {e.target.key for e in room.environments} == {g.key, h.key}
    assert room.call(f) != [who, 2]


def test_memory_sizes_count_for_room(new_room: Callable[..., Room]):
    room = new_room(memory_total_mb=600)
    small, large = room.function(WHO), room.function(WHO, memory_mb=512)
    room.call(small)
    room.call(large)
    assert [e.target.key for e in room.environments] == [large.key]
    with pytest.raises(TooManyRequests):
        room.invoke(room.function(WHO, memory_mb=601))


def test_without_room_an_invocation_is_throttled_and_nothing_is_logged(new_room: Callable[..., Room]):
    """Also when all of them wait for the same first zygote."""
    room = new_room(max_environments=2)
    f = room.function(WHO)

    async def tried() -> list[object]:
        return await asyncio.gather(
            *(room.invocation(f, {"sleep": 0.3}) for _ in range(5)), return_exceptions=True
        )

    answers = room.wait(tried())
    refused = [answer for answer in answers if isinstance(answer, TooManyRequests)]
    assert len(refused) == 3
    assert len(room.environments) == 2
    assert sum(message.startswith("START ") for message in room.log(f)) == 2
    assert room.call(f)[1] == 2


def test_an_environment_that_is_idle_for_long_is_closed(new_room: Callable[..., Room]):
    room = new_room(environment_idle_s=0.1)
    f = room.function(WHO)
    room.call(f)
    init = room.environment_of(f).pid
    room.until(lambda: not room.environments)
    room.until(lambda: state(init) == "")
    assert room.call(f)[1] == 1


def test_with_require_nothing_runs_behind_fewer_walls(new_room: Callable[..., Room]):
    room = new_room(require_all_walls=True)
    f = room.function(WHO)
    room.zygotes.standing = Standing({**room.standing.reasons, "seccomp": "switched off"})
    with pytest.raises(SandboxRefused, match="seccomp"):
        room.invoke(f)
    assert room.environments == []


# ------------------------------------------------------------------------------------- /tmp


def test_tmp_takes_four_hundred_megabytes_beside_little_memory(room: Room):
    f = room.function(
        """
        def handler(event, context):
            with open("/tmp/large", "wb") as file:
                for _ in range(event["mb"]):
                    file.write(bytes(1 << 20))
            return file.name
        """,
        memory_mb=128,
        timeout_s=30,
    )
    outcome = room.invoke(f, {"mb": 400})
    assert (outcome.verdict, outcome.memory_used_mb < 128) == ("success", True)
    verdict, document = room.error(f, {"mb": 520})
    assert (verdict, document["errorType"]) == ("error", "OSError")
    assert f"[Errno {errno.ENOSPC}]" in document["errorMessage"]
    room.retire(f)


def test_tmp_can_be_larger(room: Room):
    f = room.function(
        "import os\ndef handler(e, c): s = os.statvfs('/tmp'); return s.f_blocks * s.f_frsize >> 20",
        ephemeral_storage_mb=1024,
    )
    assert room.call(f) == 1024


def test_a_million_files_are_refused_before_they_eat_the_machine(room: Room):
    f = room.function("import os\ndef handler(e, c): return os.statvfs('/tmp').f_files")
    assert room.call(f) <= 100_000


# ------------------------------------------------------------------------------------- the end


def own_cgroups() -> set[str]:
    return {group for group in machine.cgroups() if group.endswith(f"-{os.getpid()}")}


def test_the_sdk_is_compiled_in_spare_time_and_functions_cannot_write_beside_it(room: Room):
    pytest.importorskip("boto3")
    f = room.function(
        """
        import importlib.util, os
        def handler(event, context):
            source = os.path.join(os.environ["LAMBDA_RUNTIME_DIR"], "botocore", "session.py")
            try:
                open(source + "c", "w")
            except OSError as error:
                return os.path.exists(importlib.util.cache_from_source(source)), error.errno
        """
    )
    room.call(f)
    room.until(lambda: room.call(f)[0], limit_s=30)
    assert room.call(f)[1] in (errno.EROFS, errno.EACCES)


def test_an_engine_that_closes_leaves_nothing_behind(new_room: Callable[..., Room]):
    before = (set(machine.children(os.getpid())), machine.mounts(), own_cgroups())
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    room = new_room()
    stubborn = room.function(RESTLESS)
    f = room.function(WHO)
    room.call(stubborn)
    room.all(*(room.invocation(f) for _ in range(5)))
    running = [room.loop.create_task(room.invocation(f, {"sleep": 9})) for _ in range(3)]
    room.pass_time(0.1)
    inits = [e.pid for e in room.environments]
    room.close()
    assert all(task.done() or task.cancel() for task in running)
    assert room.identified == room.revoked == len(inits)
    assert {state(pid) for pid in inits} == {""}
    assert (set(machine.children(os.getpid())), machine.mounts(), own_cgroups()) == before
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


def test_events_bring_up_no_more_environments_at_once_than_the_processors_can(room: Room):
    target = room.function("import time\ndef handler(event, context): time.sleep(event)")
    at_once = 2 * (os.cpu_count() or 1)
    assert room.engine.room(target.key, at_once - 1)
    assert not room.engine.room(target.key, at_once)
    room.all(*(room.invocation(target, 0.2) for _ in range(3)))
    mine = [environment for environment in room.environments if environment.target.key == target.key]
    assert len(mine) == 3  # they are up now, and do not count
    assert room.engine.room(target.key, at_once + 2)
    assert not room.engine.room(target.key, at_once + 3)
