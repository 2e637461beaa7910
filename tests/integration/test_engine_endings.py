"""How invocations end that do not end well, and that the next one does not suffer from it (§13, §15)."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable

import pytest
from integration.engine_room import Room, descendants

from lamb.model.function import Logging

COUNTING = """
    import os, signal, sys, time
    count = 0
    def handler(event, context):
        global count
        count += 1
        print("count", count)
        if "do" in event:
            with open("/tmp/seen", "a") as seen:
                seen.write("x")
            exec(event["do"])
        return [count, os.path.exists("/tmp/seen") and len(open("/tmp/seen").read())]
"""


def report(room: Room, target, request_id: str) -> str:
    return room.log(target, request_id)[-1]


# ------------------------------------------------------------------------------------- time


def test_a_timeout_ends_the_runtime_keeps_tmp_and_forgets_globals(room: Room):
    f = room.function(COUNTING, timeout_s=1)
    assert room.call(f) == [1, False]
    outcome = room.invoke(f, {"do": "time.sleep(9)"})
    assert outcome.verdict == "timeout"
    assert outcome.payload.decode() == (
        '{"errorType":"Sandbox.Timedout",'
        f'"errorMessage":"RequestId: {outcome.request_id} Error: Task timed out after 1.00 seconds"}}'
    )
    assert 1000 <= outcome.duration_ms < 9000
    assert report(room, f, outcome.request_id).endswith("\tStatus: timeout\n")
    pid = room.environment_of(f).pid
    assert room.call(f) == [1, 1]
    assert room.environment_of(f).pid == pid


def test_a_timeout_of_a_cold_start_tells_its_init_duration_and_memory(room: Room):
    f = room.function("import time\ndef handler(event, context): time.sleep(9)", timeout_s=1)
    outcome = room.invoke(f)
    assert outcome.verdict == "timeout"
    assert outcome.init_ms is not None
    assert outcome.memory_used_mb > 0


@pytest.mark.parametrize(
    "stubborn",
    [
        "import threading; threading.Thread(target=time.sleep, args=(9,)).start(); time.sleep(9)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass",
        "import subprocess; subprocess.run(['sh', '-c', 'trap \"\" TERM INT HUP; sleep 9'])",
        "os.fork()\nos.fork()\nos.setsid() if os.getpid() != os.getsid(0) else 0\ntime.sleep(9)",
        "os.kill(os.getpid(), signal.SIGSTOP)",
    ],
)
def test_nothing_outlives_its_timeout(room: Room, stubborn: str):
    f = room.function(COUNTING, timeout_s=1)
    room.call(f)
    init = room.environment_of(f).pid
    assert room.invoke(f, {"do": stubborn}).verdict == "timeout"
    assert descendants(init) == set()
    assert room.call(f) == [1, 1]


def test_a_function_that_never_stops_talking_to_the_daemon_is_ended_all_the_same(room: Room):
    """Frames of its own making, without a pause, must not put its deadline off."""
    f = room.function(
        """
        import os, socket, stat, struct
        def handler(event, context):
            (fd,) = [fd for fd in range(3, 64) if is_socket(fd)]
            mine = socket.socket(fileno=fd)
            frame = struct.pack("!c36sII", b"D", b"0" * 36, 0, 2) + b"{}"
            while True:
                mine.sendall(frame * 100)
        def is_socket(fd):
            try:
                return stat.S_ISSOCK(os.fstat(fd).st_mode)
            except OSError:
                return False
        """,
        timeout_s=1,
    )
    outcome = room.invoke(f)
    assert outcome.verdict == "timeout"


def test_a_late_answer_of_a_thread_reaches_no_other_invocation(room: Room):
    f = room.function(
        """
        import gc, threading, time
        from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient
        def client():
            return next(o for o in gc.get_objects() if isinstance(o, BaseLambdaRuntimeClient))
        def late(request_id):
            answered.wait()
            while True:
                time.sleep(0.01)
                client().post_invocation_result(request_id, '"late"')
                client().post_invocation_error(request_id, '{"errorType": "Late"}')
        answered = threading.Event()
        def handler(event, context):
            if event.get("first"):
                threading.Thread(target=late, args=(context.aws_request_id,), daemon=True).start()
            else:
                answered.set()
                time.sleep(0.1)
            return "own"
        """
    )
    assert room.call(f, {"first": True}) == "own"
    assert [room.call(f) for _ in range(3)] == ["own"] * 3


def test_an_answer_that_comes_after_the_deadline_is_nobodys(room: Room):
    f = room.function(COUNTING, timeout_s=1)
    assert room.invoke(f, {"do": "time.sleep(1.02)"}).verdict == "timeout"
    assert [room.call(f)[0] for _ in range(3)] == [1, 2, 3]


# ------------------------------------------------------------------------------------- exits


@pytest.mark.parametrize(
    ("how", "verdict", "message"),
    [
        ("sys.exit(0)", "exit", "Runtime exited without providing a reason"),
        ("sys.exit()", "exit", "Runtime exited without providing a reason"),
        ("sys.exit(3)", "exit", "Runtime exited with error: exit status 3"),
        ("sys.exit('why')", "exit", "Runtime exited with error: exit status 1"),
        ("os._exit(0)", "exit", "Runtime exited without providing a reason"),
        ("os._exit(255)", "exit", "Runtime exited with error: exit status 255"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "killed", "Runtime exited with error: signal: terminated"),
        ("os.abort()", "killed", "Runtime exited with error: signal: aborted"),
        (
            "import ctypes; ctypes.string_at(0)",
            "killed",
            "Runtime exited with error: signal: segmentation fault",
        ),
    ],
)
def test_a_runtime_that_ends_in_the_handler_is_told_and_started_anew(
    room: Room, how: str, verdict: str, message: str
):
    f = room.function(COUNTING)
    assert room.call(f) == [1, False]
    outcome = room.invoke(f, {"do": how})
    assert (outcome.verdict, outcome.error_type) == (verdict, "Runtime.ExitError")
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {outcome.request_id} Error: {message}",
    }
    assert report(room, f, outcome.request_id).endswith("\tStatus: error\tError Type: Runtime.ExitError\n")
    assert room.call(f) == [1, 1]


def test_what_was_printed_before_the_end_is_in_the_log(room: Room):
    f = room.function(COUNTING)
    outcome = room.invoke(f, {"do": "print('last words', end='', flush=True); os._exit(1)"})
    assert room.printed(f, outcome) == ["count 1\n", "last words"]
    assert b"last words\nEND RequestId: " in outcome.log_tail


def test_exit_handlers_of_the_function_run(room: Room):
    f = room.function(COUNTING)
    outcome = room.invoke(f, {"do": "import atexit; atexit.register(print, 'bye'); sys.exit(1)"})
    assert room.printed(f, outcome) == ["count 1\n", "bye\n"]


def test_a_process_that_the_handler_started_does_not_outlive_the_runtime(room: Room):
    f = room.function(COUNTING)
    room.call(f)
    init = room.environment_of(f).pid
    room.invoke(
        f, {"do": "import subprocess; subprocess.Popen(['sleep', '99'], start_new_session=True); os._exit(1)"}
    )
    assert descendants(init) == set()


def test_a_runtime_that_ends_while_nobody_calls_is_started_anew(room: Room):
    f = room.function(COUNTING)
    assert [room.call(f)[0] for _ in range(2)] == [1, 2]
    init = room.environment_of(f).pid
    (runtime,) = descendants(init)
    os.kill(runtime, signal.SIGKILL)
    room.until(lambda: descendants(init) == set())
    room.pass_time(0.02)
    outcome = room.invoke(f)
    assert json.loads(outcome.payload)[0] == 1
    assert room.environment_of(f).pid == init
    assert outcome.init_ms is None  # its start is part of that invocation's duration


# ------------------------------------------------------------------------------------- memory


def test_a_function_that_takes_more_than_its_memory_is_killed(room: Room):
    f = room.function(COUNTING)
    room.call(f)
    outcome = room.invoke(f, {"do": "held = bytearray(400 << 20); time.sleep(9)"})
    assert (outcome.verdict, outcome.error_type) == ("killed", "Runtime.OutOfMemory")
    assert outcome.memory_used_mb == outcome.memory_mb == 128
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {outcome.request_id} Error: Runtime exited with error: signal: killed",
    }
    assert report(room, f, outcome.request_id).endswith(
        "\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n"
    )
    assert outcome.duration_ms < 9000
    assert room.call(f) == [1, 1]


def test_memory_of_child_processes_counts(room: Room):
    f = room.function(COUNTING)
    hog = "import time; held = bytearray(300 << 20); time.sleep(9)"
    outcome = room.invoke(
        f, {"do": f"import subprocess; subprocess.run(['python3', '-c', {hog!r}], check=True)"}
    )
    assert outcome.verdict != "success"
    assert outcome.duration_ms < 9000
    assert room.call(f)[0] in (1, 2)


def test_a_kill_after_an_exhausted_memory_is_not_taken_for_one(room: Room):
    f = room.function(COUNTING)
    assert (
        room.invoke(f, {"do": "held = bytearray(900 << 20); time.sleep(9)"}).error_type
        == "Runtime.OutOfMemory"
    )
    assert room.invoke(f, {"do": "os.kill(os.getpid(), 9)"}).error_type == "Runtime.ExitError"


def test_without_cgroups_memory_is_bounded_all_the_same(new_room: Callable[..., Room]):
    room = new_room(with_cgroups=False)
    assert "cgroup" in room.standing.missing
    f = room.function(COUNTING)
    room.call(f)
    outcome = room.invoke(f, {"do": "held = bytearray(400 << 20); time.sleep(9)"})
    assert (outcome.verdict, outcome.error_type) == ("killed", "Runtime.OutOfMemory")
    hog = "import time; held = bytearray(300 << 20); time.sleep(9)"
    spawn = f"import subprocess; subprocess.run(['python3', '-c', {hog!r}], check=True)"
    assert room.invoke(f, {"do": spawn}).duration_ms < 9000
    assert room.invoke(f, {"do": "held = bytearray(80 << 20)"}).verdict == "success"


@pytest.mark.parametrize("with_cgroups", [True, False])
def test_memory_is_bounded_at_import_as_in_the_handler(new_room: Callable[..., Room], *, with_cgroups: bool):
    room = new_room(with_cgroups=with_cgroups)
    for hog in [
        "bytearray(900 << 20)",
        "held = bytearray(400 << 20)",  # less than the cgroup holds, with /tmp
        "held = []\nwhile True: held.append(bytearray(1 << 20))",
    ]:
        at_import = room.function(f"{hog}\nimport time; time.sleep(9)")
        in_handler = room.function("import time\ndef handler(event, context): exec(event['do'])")
        for f in (at_import, in_handler):
            outcome = room.invoke(f, {"do": f"{hog}\ntime.sleep(9)"})
            assert (outcome.verdict, outcome.error_type) == ("killed", "Runtime.OutOfMemory"), hog
            assert json.loads(outcome.payload)["errorMessage"].endswith("signal: killed")


def test_as_much_memory_as_the_function_has_can_be_used(room: Room):
    f = room.function(COUNTING, memory_mb=256)
    outcome = room.invoke(f, {"do": "held = bytearray(200 << 20)"})
    assert outcome.verdict == "success"
    assert 200 <= outcome.memory_used_mb <= 256


# ------------------------------------------------------------------------------------- init


def test_an_init_that_raises_runs_again_inside_the_invocation(room: Room):
    f = room.function("print('loading')\nraise ValueError('no')")
    outcome = room.invoke(f)
    assert (outcome.verdict, outcome.init_ms) == ("init", None)
    assert json.loads(outcome.payload)["errorMessage"] == "no"
    log = room.log(f)
    kinds = [re.split(r"[ :]", message)[0] for message in log]
    assert kinds.count("loading\n") == 2
    assert kinds.index("INIT_REPORT") < kinds.index("START")
    assert log[0].startswith("INIT_START ")
    assert log[kinds.index("INIT_REPORT")].endswith(
        " ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown\n"
    )


def test_an_init_that_fails_once_is_forgiven(room: Room):
    f = room.function(
        """
        import os
        if not os.path.exists("/tmp/tried"):
            open("/tmp/tried", "w")
            raise ValueError("the first time")
        def handler(event, context): return "loaded"
        """
    )
    assert room.call(f) == "loaded"
    assert any(message.startswith("INIT_REPORT ") for message in room.log(f))


def test_an_init_that_failed_is_tried_again_by_each_invocation(room: Room):
    f = room.function("raise ValueError('no')")
    assert [room.error(f)[0] for _ in range(3)] == ["init"] * 3
    assert sum(message.startswith("INIT_REPORT ") for message in room.log(f)) == 1


@pytest.mark.parametrize(
    ("how", "verdict", "message"),
    [
        ("sys.exit(0)", "init", "Runtime exited without providing a reason"),
        ("sys.exit(3)", "init", "Runtime exited with error: exit status 3"),
        ("os._exit(4)", "init", "Runtime exited with error: exit status 4"),
        ("os.abort()", "killed", "Runtime exited with error: signal: aborted"),
        ("bytearray(900 << 20)", "killed", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_runtime_that_ends_at_import_is_told(room: Room, how: str, verdict: str, message: str):
    f = room.function(f"import os, sys\n{how}\nimport time; time.sleep(9)")
    outcome = room.invoke(f)
    assert outcome.verdict == verdict
    assert json.loads(outcome.payload)["errorMessage"] == f"RequestId: {outcome.request_id} Error: {message}"
    (init_report,) = (m for m in room.log(f) if m.startswith("INIT_REPORT "))
    assert init_report.endswith("\tStatus: error\tError Type: Runtime.ExitError\n")


@pytest.mark.parametrize(
    ("logging", "told"),
    [
        (Logging(group="/text/segfault"), "RequestId: {} Error: {}\nRuntime.ExitError\n"),
        (
            Logging("JSON", "/json/segfault", "INFO", "WARN"),
            '"platform.fault","record":"RequestId: {} Error: {}"',
        ),
    ],
)
def test_a_segmentation_fault_at_import_is_a_timeout_as_in_aws_but_the_log_tells_the_truth(
    room: Room, logging: Logging, told: str
):
    f = room.function("import ctypes; ctypes.string_at(0)", timeout_s=60, logging=logging)
    outcome = room.wait(room.invocation(f), limit_s=30)  # at once: AWS waits for the function's timeout
    assert (outcome.verdict, outcome.error_type) == ("timeout", "Sandbox.Timedout")
    assert json.loads(outcome.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {outcome.request_id} Error: Task timed out after 60.00 seconds",
    }
    reason = "Runtime exited with error: signal: segmentation fault"
    assert told.format(outcome.request_id, reason) in "".join(room.log(f, outcome.request_id))


def test_the_type_of_a_failed_init_is_that_of_aws(room: Room):
    f = room.function("import nosuch")
    room.invoke(f)
    (init_report,) = (m for m in room.log(f) if m.startswith("INIT_REPORT "))
    assert init_report.endswith("\tStatus: error\tError Type: Runtime.ImportModuleError\n")


def test_an_init_has_a_time_of_its_own_and_then_that_of_the_function(new_room: Callable[..., Room]):
    room = new_room(init_max_s=0.3)
    f = room.function(
        """
        import os, time
        tried = os.path.exists("/tmp/tried")
        open("/tmp/tried", "w")
        print("tried", tried)
        time.sleep(0.6 if tried else 9)
        def handler(event, context): return "loaded"
        """,
        timeout_s=5,
    )
    outcome = room.invoke(f)
    assert json.loads(outcome.payload) == "loaded"
    assert outcome.duration_ms >= 600
    assert outcome.init_ms is None
    log = room.log(f)
    assert re.fullmatch(
        r"INIT_REPORT Init Duration: (299|3\d\d)\.\d\d ms\tPhase: init\tStatus: timeout\n", log[2]
    )
    assert [m for m in log if m.startswith("tried")] == ["tried False\n", "tried True\n"]


def test_an_init_that_hangs_ends_as_a_timeout(new_room: Callable[..., Room]):
    room = new_room(init_max_s=0.2)
    f = room.function("import time; time.sleep(99)", timeout_s=1)
    verdict, document = room.error(f)
    assert (verdict, document["errorType"]) == ("timeout", "Sandbox.Timedout")


# ------------------------------------------------------------------------------------- from outside


def test_an_environment_whose_init_is_killed_while_it_works_is_a_kill(room: Room):
    f = room.function(COUNTING)
    room.call(f)
    working = room.loop.create_task(room.invocation(f, {"do": "time.sleep(9)"}))
    room.pass_time(0.05)
    os.kill(room.environment_of(f).pid, signal.SIGKILL)
    outcome = room.wait(working)
    assert outcome.verdict == "killed"
    assert room.call(f) == [1, False]  # of a new environment
