"""What functions print, and what the platform says around it, from the pipe to the journal (§19)."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from integration.engine_room import Room

from lamb.model.function import Logging
from lamb.runtimes.table import NAMES, RuntimeTable

_groups = itertools.count()
NBSP = "\N{NO-BREAK SPACE}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


def logging(application: str = "INFO", system: str = "INFO") -> Logging:
    return Logging("JSON", f"/json/{next(_groups)}", application, system)


# ------------------------------------------------------------------------------------- text


def test_a_cold_and_a_warm_run_are_told_as_aws_tells_them(room: Room):
    f = room.function("def handler(event, context): print('hello'); return 1")
    cold, warm = room.invoke(f), room.invoke(f)
    number = r"\d+\.\d\d"
    memory = r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t"
    expected = [
        (
            r"INIT_START Runtime Version: python:3\.\d+\.v\d+\t"
            r"Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n"
        ),
        rf"START RequestId: {cold.request_id} Version: \$LATEST\n",
        "hello\n",
        rf"END RequestId: {cold.request_id}\n",
        (
            rf"REPORT RequestId: {cold.request_id}\tDuration: {number} ms\tBilled Duration: \d+ ms\t"
            rf"{memory}Init Duration: {number} ms\t\n"
        ),
        rf"START RequestId: {warm.request_id} Version: \$LATEST\n",
        "hello\n",
        rf"END RequestId: {warm.request_id}\n",
        rf"REPORT RequestId: {warm.request_id}\tDuration: {number} ms\tBilled Duration: \d+ ms\t{memory}\n",
    ]
    log = room.log(f)
    assert len(log) == len(expected)
    for message, pattern in zip(log, expected, strict=True):
        assert re.fullmatch(pattern, message), message
    assert cold.log_tail.decode() == "".join(log[1:5])
    assert warm.log_tail.decode() == "".join(log[5:])


def test_what_is_printed_at_import_belongs_to_no_request(room: Room):
    f = room.function("print('loading')\ndef handler(event, context): print('running')")
    outcome = room.invoke(f)
    assert [e.request_id for e in room.entries(f) if e.message == "loading\n"] == [None]
    assert room.printed(f, outcome) == ["running\n"]
    assert b"loading" not in outcome.log_tail


@pytest.mark.parametrize("runtime", NAMES)
def test_log_records_have_level_time_and_request(room: Room, runtimes: RuntimeTable, runtime: str):
    if runtime not in runtimes.found():
        pytest.skip("not on this host")
    f = room.function(
        """
        import logging
        def handler(event, context):
            logging.getLogger().info("dropped: the root logger begins with WARNING")
            logging.getLogger().warning("two\\nlines")
            print("between")
            logging.getLogger("mine").error("after")
        """,
        runtime=runtime,
    )
    outcome = room.invoke(f)
    first, second, third = room.printed(f, outcome)
    assert re.fullmatch(rf"\[WARNING\]\t{STAMP}\.\d\d\dZ\t{outcome.request_id}\ttwo\nlines\n", first)
    assert second == "between\n"
    assert re.fullmatch(rf"\[ERROR\]\t{STAMP}\.\d\d\dZ\t{outcome.request_id}\tafter\n", third)


def test_an_exception_is_one_event_with_hard_spaces(room: Room):
    f = room.function("def handler(event, context):\n    raise ValueError('no')")
    (event,) = room.printed(f, room.invoke(f))
    assert event.startswith("[ERROR] ValueError: no\nTraceback (most recent call last):\n")
    assert f'\n{NBSP}{NBSP}File "/var/task/app.py", line 2, in handler\n' in event


def test_prints_and_records_are_in_the_order_they_were_written(room: Room):
    f = room.function(
        """
        import logging, os, sys
        def handler(event, context):
            for number in range(50):
                print(number)
                logging.error(number)
                print(number, file=sys.stderr)
                os.write(1, b"%d\\n" % number)
        """
    )
    printed = room.printed(f, room.invoke(f))
    assert [int(re.split(r"\t", message)[-1]) for message in printed] == [
        n for n in range(50) for _ in range(4)
    ]


def test_children_write_into_the_same_log(room: Room):
    f = room.function(
        "import subprocess\ndef handler(event, context): subprocess.run('echo out; echo err >&2', shell=True)"
    )
    assert room.printed(f, room.invoke(f)) == ["out\n", "err\n"]


def test_a_print_without_an_end_is_told_with_its_invocation(room: Room):
    f = room.function("def handler(event, context): print('no newline', end='')")
    first, second = room.invoke(f), room.invoke(f)
    assert room.printed(f, first) == room.printed(f, second) == ["no newline"]


def test_binary_output_is_no_trouble(room: Room):
    f = room.function(
        """
        import os
        def handler(event, context):
            os.write(1, bytes(range(256)) * 100)
            os.write(1, b"\\xa5\\x5a\\x00\\x03\\xff\\xff\\xff\\xff")
            return "fine"
        """
    )
    assert [room.call(f) for _ in range(3)] == ["fine"] * 3
    assert room.invoke(f).log_tail.endswith(b"\t\n")


def test_the_tail_is_the_last_four_kilobytes(room: Room):
    f = room.function(
        "def handler(event, context):\n for n in range(1000): print(n)\n print('ä' * 3000)\n print('end')"
    )
    outcome = room.invoke(f)
    assert len(outcome.log_tail) == 4096
    assert "ä\nend\nEND RequestId: " in outcome.log_tail.decode("utf-8", "replace")


def test_a_flood_of_output_is_one_functions_trouble(room: Room):
    """A hundred megabytes: the function waits for the daemon, which goes on serving others."""
    flood = room.function(
        """
        def handler(event, context):
            line = "x" * 1023
            for _ in range(event["mb"] << 10):
                print(line)
            return "done"
        """,
        timeout_s=60,
    )
    quick = room.function("def handler(event, context): return 'quick'")
    room.call(quick)
    flooding = room.loop.create_task(room.invocation(flood, {"mb": 100}))
    answers = 0
    while not flooding.done() and answers < 200:
        answers += room.invoke(quick).payload == b'"quick"'
    outcome = room.wait(flooding, 60)
    assert outcome.payload == b'"done"'
    assert answers > 10
    assert outcome.log_tail.count(b"x" * 1023) >= 2


def test_a_flood_that_ends_with_the_timeout_ends_with_the_timeout(room: Room):
    f = room.function("def handler(event, context):\n while True: print()", timeout_s=1)
    outcome = room.invoke(f)
    assert outcome.verdict == "timeout"
    assert room.log(f)[-1].startswith("REPORT ")


def test_a_child_that_never_ceases_to_print_does_not_keep_an_invocation(room: Room):
    f = room.function(
        """
        import subprocess
        def handler(event, context):
            subprocess.Popen(["sh", "-c", "while :; do echo on and on; done"])
            return "done"
        """
    )
    assert room.call(f) == "done"
    room.retire(f)


# ------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize("runtime", NAMES)
def test_json_logging_is_awss(room: Room, runtimes: RuntimeTable, runtime: str):
    if runtime not in runtimes.found():
        pytest.skip("not on this host")
    f = room.function(
        """
        import logging
        def handler(event, context):
            logging.getLogger().debug("dropped")
            logging.getLogger("mine").info("kept", extra={"order": 7})
            print("plain")
            return 1
        """,
        logging=logging(),
        runtime=runtime,
    )
    outcome = room.invoke(f)
    start, kept, plain, report = room.log(f, outcome.request_id)
    assert json.loads(start)["type"] == "platform.start"
    record = json.loads(kept)
    assert re.fullmatch(STAMP + "Z", record.pop("timestamp"))
    assert list(record.items()) == [
        ("level", "INFO"),
        ("message", "kept"),
        ("logger", "mine"),
        ("requestId", outcome.request_id),
        ("order", 7),
    ]
    assert plain == "plain\n"
    assert json.loads(report)["type"] == "platform.report"
    assert json.loads(report)["record"]["metrics"].keys() >= {"initDurationMs", "billedDurationMs"}


def test_an_exception_in_json(room: Room):
    f = room.function("def handler(event, context): raise ValueError('no')", logging=logging())
    outcome = room.invoke(f)
    (event,) = (json.loads(m) for m in room.log(f, outcome.request_id) if "errorMessage" in m)
    del event["timestamp"], event["stackTrace"]
    assert event == {
        "level": "ERROR",  # `log_level` before awslambdaric 4
        "errorMessage": "no",
        "errorType": "ValueError",
        "requestId": outcome.request_id,
    }


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("TRACE", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("INFO", ["INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("WARN", ["WARNING", "ERROR", "CRITICAL"]),
        ("ERROR", ["ERROR", "CRITICAL"]),
        ("FATAL", ["CRITICAL"]),
    ],
)
def test_the_application_level_filters_records(room: Room, level: str, kept: list[str]):
    f = room.function(
        """
        import logging
        def handler(event, context):
            for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
                logging.log(getattr(logging, level), "m")
        """,
        logging=logging(level),
    )
    outcome = room.invoke(f)
    records = [json.loads(m) for m in room.log(f, outcome.request_id)]
    assert [r["level"] for r in records if "level" in r] == kept


def test_the_application_level_filters_json_that_is_printed_and_leaves_text_alone(room: Room):
    f = room.function(
        """
        import json, logging
        def handler(event, context):
            for level in ("debug", "INFO", "WARN", "ERROR"):
                print(json.dumps({"level": level, "timestamp": "2026-01-02T03:04:05.678Z"}))
            print(json.dumps({"no": "level"}))
            print("text")
            logging.warning("a record")
            print(json.dumps({"level": "INFO", "timestamp": "2026-01-02T03:04:05Z"}), end="")
        """,
        logging=logging("WARN", "WARN"),
    )
    outcome = room.invoke(f)
    warn, error, text, record = room.log(f, outcome.request_id)
    assert [json.loads(line)["level"] for line in (warn, error)] == ["WARN", "ERROR"]
    assert text == "text\n"
    assert json.loads(record)["message"] == "a record"


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("DEBUG", ["initStart", "start", "runtimeDone", "report"]),
        ("INFO", ["initStart", "start", "report"]),
        ("WARN", []),
    ],
)
def test_the_system_level_filters_the_platforms_lines(room: Room, level: str, types: list[str]):
    f = room.function("def handler(event, context): return 1", logging=logging("ERROR", level))
    room.call(f)
    assert [json.loads(m)["type"] for m in room.log(f)] == [f"platform.{t}" for t in types]


def test_a_failure_is_told_at_every_system_level(room: Room):
    f = room.function("import os\ndef handler(event, context): os._exit(1)", logging=logging("FATAL", "WARN"))
    room.invoke(f)
    assert [json.loads(m)["type"] for m in room.log(f)] == ["platform.runtimeDone", "platform.report"]
    assert json.loads(room.log(f)[-1])["record"]["status"] == "error"


def test_text_functions_share_nothing_with_json_ones_of_the_same_zygote(room: Room):
    as_json = room.function(
        "import logging\ndef handler(e, c): logging.error('x')", logging=logging("INFO", "WARN")
    )
    as_text = room.function("import logging\ndef handler(e, c): logging.error('x')")
    for _ in range(2):
        assert json.loads(room.log(as_json, room.invoke(as_json).request_id)[0])["message"] == "x"
        (line,) = room.printed(as_text, room.invoke(as_text))
        assert line.startswith("[ERROR]\t")
