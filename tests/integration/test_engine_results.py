"""What a function is given and what its caller gets (SEMANTICS §15, §18), through the real runtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from integration.engine_room import CREDENTIALS, Room

from lamb.model.function import Logging
from lamb.model.limits import INVOKE_REQUEST_MAX_BYTES, INVOKE_RESPONSE_MAX_BYTES
from lamb.runtimes.table import NAMES, RuntimeTable

ECHO = "def handler(event, context): return event"


@pytest.fixture(params=NAMES)
def each_runtime(request: pytest.FixtureRequest, runtimes: RuntimeTable) -> str:
    if request.param not in runtimes.found():
        pytest.skip("not on this host")
    return request.param


# ------------------------------------------------------------------------------------- results


def test_a_function_runs_on_the_version_it_names(room: Room, each_runtime: str):
    f = room.function(
        """
        import sys
        def handler(event, context):
            return {"version": "python%d.%d" % sys.version_info[:2], "event": event}
        """,
        runtime=each_runtime,
    )
    assert room.call(f, {"a": ["ä", 1.5, None]}) == {
        "version": each_runtime,
        "event": {"a": ["ä", 1.5, None]},
    }


@pytest.mark.parametrize("value", [None, True, 0, "x", [], {}, 12345678901234567890, "\u2028\0"])
def test_any_json_value_comes_back_as_it_went_in(room: Room, value: object):
    f = room.function("def handler(event, context): return event['value']")
    assert room.call(f, {"value": value}) == value


def test_the_largest_event_and_the_largest_response_pass(room: Room):
    f = room.function("def handler(event, context): return [len(event['x']), 'y' * event['answer']]")
    size = INVOKE_REQUEST_MAX_BYTES - 40
    answered = INVOKE_RESPONSE_MAX_BYTES - len(json.dumps([size, ""]))
    assert room.call(f, {"x": "x" * size, "answer": answered}) == [size, "y" * answered]


def test_a_response_over_the_limit_is_an_error_and_the_environment_goes_on(room: Room):
    f = room.function(
        """
        count = 0
        def handler(event, context):
            global count
            count += 1
            return "x" * event["size"] if event else count
        """
    )
    assert room.error(f, {"size": INVOKE_RESPONSE_MAX_BYTES}) == (
        "error",
        {
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        },
    )
    assert room.call(f) == 2


def test_bytes_are_answered_as_they_are(room: Room):
    f = room.function("def handler(event, context): return b'{\"raw\":  1}'")
    assert room.invoke(f).payload == b'{"raw":  1}'


def test_the_outcome_tells_what_ran_and_how(room: Room):
    f = room.function(ECHO, memory_mb=256)
    cold, warm = room.invoke(f), room.invoke(f)
    assert (cold.executed_version, cold.memory_mb, cold.error_type) == ("$LATEST", 256, None)
    assert cold.init_ms is not None
    assert cold.init_ms > 0
    assert warm.init_ms is None
    assert 0 < warm.memory_used_mb < 128
    assert warm.duration_ms > 0


# ------------------------------------------------------------------------------------- the context


def test_the_context_has_all_that_aws_gives(room: Room):
    f = room.function(
        """
        def handler(event, context):
            names = ("aws_request_id function_name function_version invoked_function_arn memory_limit_in_mb "
                     "log_group_name log_stream_name client_context tenant_id").split()
            return {**{n: getattr(context, n) for n in names},
                    "identity": context.identity.cognito_identity_id,
                    "left": context.get_remaining_time_in_millis()}
        """,
        memory_mb=512,
        timeout_s=7,
    )
    arn = f"{f.key.arn}:prod"
    outcome = room.invoke(f, invoked_arn=arn)
    told = json.loads(outcome.payload)
    assert 6000 < told.pop("left") <= 7000
    stream = told.pop("log_stream_name")
    assert {entry.stream for entry in room.entries(f)} == {stream}
    assert told == {
        "aws_request_id": outcome.request_id,
        "function_name": f.key.name,
        "function_version": "$LATEST",
        "invoked_function_arn": arn,
        "memory_limit_in_mb": "512",
        "log_group_name": f"/aws/lambda/{f.key.name}",
        "client_context": None,
        "tenant_id": None,
        "identity": None,
    }


def test_a_log_stream_is_named_after_day_version_and_environment(room: Room):
    f = room.function(ECHO)
    room.invoke(f)
    (stream,) = {entry.stream for entry in room.entries(f)}
    day, name = stream.rsplit("/", 1)
    assert len(day.split("/")) == 3
    assert name.startswith("[$LATEST]")
    assert len(name) == len("[$LATEST]") + 32


def test_client_context_and_trace_reach_the_function(room: Room):
    f = room.function(
        """
        import os
        def handler(event, context):
            c = context.client_context
            return [c.custom, c.client.app_title, os.environ["_X_AMZN_TRACE_ID"]]
        """
    )
    given = json.dumps({"custom": {"a": "b"}, "client": {"app_title": "t"}, "env": {}})
    outcome = room.invoke(f, client_context=given, trace_id="Root=1-2-3")
    assert json.loads(outcome.payload) == [{"a": "b"}, "t", "Root=1-2-3"]


def test_a_broken_client_context_is_the_callers_error(room: Room):
    f = room.function(ECHO)
    outcome = room.invoke(f, client_context="{no JSON")
    assert json.loads(outcome.payload)["errorType"] == "Runtime.LambdaContextUnmarshalError"


# ------------------------------------------------------------------------------------- errors


def test_an_exception_becomes_awss_document(room: Room, each_runtime: str):
    f = room.function(
        "def handler(event, context):\n    raise Exception('Handler fails')", runtime=each_runtime
    )
    outcome = room.invoke(f)
    assert outcome.verdict == "error"
    document = json.loads(outcome.payload)
    assert list(document) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert document["errorMessage"] == "Handler fails"
    assert document["errorType"] == "Exception"
    assert document["requestId"] == outcome.request_id
    (frame,) = document["stackTrace"]
    assert frame.startswith('  File "/var/task/app.py", line 2, in handler\n    raise Exception(')


def test_an_exception_resets_nothing(room: Room):
    f = room.function(
        """
        count = 0
        def handler(event, context):
            global count
            count += 1
            if event: raise ValueError(count)
            return count
        """
    )
    assert room.error(f, {"raise": 1})[1]["errorMessage"] == "1"
    assert room.call(f) == 2


@pytest.mark.parametrize(
    ("source", "handler", "expected"),
    [
        ("import nosuch", "app.handler", {
            "errorMessage": "Unable to import module 'app': No module named 'nosuch'",
            "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}),
        ("", "other.handler", {
            "errorMessage": "Unable to import module 'other': No module named 'other'",
            "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}),
        ("", "app.missing", {
            "errorMessage": "Handler 'missing' missing on module 'app'",
            "errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": []}),
        ("", "app", {
            "errorMessage": "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
            "errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}),
        ("", "sys.exit", {
            "errorMessage": "Cannot use built-in module sys as a handler module",
            "errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}),
        ("\n\ndef handler(:\n    pass\n", "app.handler", {
            "errorMessage": "Syntax error in module 'app': invalid syntax (app.py, line 3)",
            "errorType": "Runtime.UserCodeSyntaxError", "requestId": "",
            "stackTrace": ['  File "/var/task/app.py" Line 3\n    def handler(:\n']}),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_named(room: Room, source: str, handler: str, expected: dict):
    f = room.function(source, handler=handler)
    verdict, document = room.error(f)
    assert (verdict, document) == ("init", expected)
    assert list(document) == list(expected)


def test_an_exception_at_import_is_told_with_its_trace(room: Room):
    f = room.function("x = 1\nraise KeyError('at import')")
    verdict, document = room.error(f)
    assert verdict == "init"
    assert (document["errorType"], document["errorMessage"]) == ("KeyError", "'at import'")
    assert any('File "/var/task/app.py", line 2' in frame for frame in document["stackTrace"])


def test_a_result_that_is_no_json_is_named(room: Room):
    f = room.function("def handler(event, context): return {1, 2}")
    outcome = room.invoke(f)
    assert json.loads(outcome.payload) == {
        "errorMessage": "Unable to marshal response: Object of type set is not JSON serializable",
        "errorType": "Runtime.MarshalError",
        "requestId": outcome.request_id,
        "stackTrace": [],
    }


def test_a_handler_may_lie_in_a_package(room: Room):
    f = room.function(
        "", files={"src/deep/mod.py": ECHO, "src/__init__.py": ""}, handler="src/deep/mod.handler"
    )
    assert room.call(f, {"a": 1}) == {"a": 1}


def test_a_handler_may_be_a_method_of_its_module_or_a_class(room: Room):
    f = room.function(
        """
        class App:
            def __call__(self, event, context): return "called"
        handler = App()
        """
    )
    assert room.call(f) == "called"


# ------------------------------------------------------------------------------------- surroundings


def test_the_environment_is_awss_and_the_users_and_nothing_else(room: Room, each_runtime: str):
    f = room.function(
        "import os\ndef handler(event, context): return dict(os.environ)",
        variables={"FOO": "bar", "UMLAUT": "ä=b\nc"},
        runtime=each_runtime,
        memory_mb=256,
    )
    told = room.call(f)
    stream = told.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert stream in {entry.stream for entry in room.entries(f)}
    expected = {
        "FOO": "bar",
        "UMLAUT": "ä=b\nc",
        **CREDENTIALS,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{each_runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": f.key.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{f.key.name}",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "PWD": "/var/task",
        "SHLVL": "0",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
        "/var/task/lib:/opt/lib",
        "PYTHONPATH": "/var/runtime",
    }
    if each_runtime in ("python3.13", "python3.14"):
        expected["LC_CTYPE"] = "C.UTF-8"
    assert told == expected


def test_a_subprocess_has_the_same_environment(room: Room):
    f = room.function(
        """
        import os, subprocess
        def handler(event, context):
            out = subprocess.check_output(["env", "-0"]).decode().split("\\0")
            return dict(pair.split("=", 1) for pair in out if pair) == dict(os.environ)
        """,
        variables={"FOO": "bar"},
    )
    assert room.call(f) is True


def test_json_logging_is_told_to_the_runtime(room: Room):
    f = room.function(
        """
        import os
        def handler(event, context):
            return {name: value for name, value in os.environ.items() if name.startswith("AWS_LAMBDA_LOG")}
        """,
        logging=Logging("JSON", "/own/group", "DEBUG", "WARN"),
    )
    told = room.call(f)
    del told["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert told == {
        "AWS_LAMBDA_LOG_GROUP_NAME": "/own/group",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    }


def test_users_may_set_what_aws_lets_them_set(room: Room):
    f = room.function(
        """
        import os, sys, time, mine
        from datetime import datetime
        def handler(event, context):
            at = datetime.fromtimestamp(0)
            return [mine.NAME, sys.path.index("/var/task/vendored") < sys.path.index("/var/runtime"),
                    at.hour, time.localtime(0).tm_hour, time.tzname[0], os.environ["PATH"]]
        """,
        files={"vendored/mine.py": "NAME = 'mine'"},
        variables={"PYTHONPATH": "/var/task/vendored", "TZ": "Asia/Tokyo", "PATH": "/bin"},
    )
    if not Path("/usr/share/zoneinfo/Asia/Tokyo").exists():
        pytest.skip("this host has no time zones")
    assert room.call(f) == ["mine", True, 9, 9, "JST", "/bin"]


def test_time_is_utc_for_a_function_that_says_nothing(room: Room):
    f = room.function("import time\ndef handler(e, c): return [time.localtime(0).tm_hour, time.timezone]")
    assert room.call(f) == [0, 0]


def test_standard_input_is_empty(room: Room):
    f = room.function("import sys\ndef handler(event, context): return sys.stdin.read()")
    assert room.call(f) == ""


def test_the_working_directory_is_the_task_root(room: Room):
    f = room.function(
        "import os\ndef handler(event, context): return [os.getcwd(), open('data.txt').read()]",
        files={"data.txt": "data"},
    )
    assert room.call(f) == ["/var/task", "data"]


def test_modules_are_looked_for_as_in_aws_and_the_hosts_are_not_found(room: Room):
    f = room.function(
        """
        import importlib.util, sys
        def handler(event, context):
            found = {n: getattr(importlib.util.find_spec(n), "origin", None)
                     for n in ("pytest", "lamb", "sqlalchemy", "awslambdaric", "app", "json")}
            return [sys.path[:4], found, [m for m in sys.modules if m.split(".")[0] == "lamb"]]
        """
    )
    path, found, loaded = room.call(f)
    version = room.runtime
    assert path == ["/var/task", f"/opt/python/lib/{version}/site-packages", "/opt/python", "/var/runtime"]
    assert (found["pytest"], found["lamb"], found["sqlalchemy"]) == (None, None, None)
    assert found["app"] == "/var/task/app.py"
    assert found["awslambdaric"].startswith("/var/runtime/")
    assert loaded == []


def test_nothing_of_lamb_is_in_the_main_module(room: Room):
    f = room.function(
        """
        import __main__, sys
        def handler(event, context):
            return [[n for n in vars(__main__) if not n.startswith(("__", "awslambdaric"))], sys.argv]
        """
    )
    assert room.call(f) == [[], ["/var/runtime/bootstrap.py"]]


def test_the_sdk_is_there_when_lamb_has_it(room: Room):
    pytest.importorskip("boto3")
    f = room.function(
        """
        import boto3
        def handler(event, context):
            return [boto3.__file__, boto3.client("lambda").meta.region_name]
        """
    )
    assert room.call(f) == ["/var/runtime/boto3/__init__.py", "us-east-1"]


def test_environments_draw_different_random_numbers(room: Room):
    f = room.function(
        """
        import random, uuid, tempfile, time
        def handler(event, context):
            time.sleep(0.2)
            return [random.random(), str(uuid.uuid4()), next(tempfile._get_candidate_names())]
        """
    )
    answers = [json.loads(o.payload) for o in room.all(*(room.invocation(f) for _ in range(4)))]
    assert all(len(set(column)) == 4 for column in zip(*answers, strict=True))


def test_the_interpreter_is_the_hosts_and_shown_where_aws_has_it(room: Room, runtimes: RuntimeTable):
    f = room.function(
        """
        import subprocess, sys
        def handler(event, context):
            return subprocess.check_output(["python3", "--version"], text=True)
        """
    )
    assert room.call(f).split()[1] == runtimes.found()[room.runtime].version
