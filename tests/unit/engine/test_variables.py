from __future__ import annotations

from pathlib import Path

import pytest

from lamb.engine.variables import Places, compose
from lamb.model.function import Configuration, Logging
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey
from lamb.runtimes.python import PythonRuntime

KEY = FunctionKey("123456789012", "eu-west-1", "f")


def composed(
    variables: dict[str, str] | None = None,
    places: Places | None = None,
    runtime: str = "python3.12",
    logging: Logging | None = None,
    version: str = "3",
) -> dict[str, str]:
    logging = logging or Logging(group="/aws/lambda/f")
    configuration = Configuration(runtime, "app.handler", "r", "s", 1, memory_mb=512, logging=logging)
    target = Target(KEY, version, "g", configuration, Path("code"), lambda: variables or {})
    installed = PythonRuntime(runtime, "3.12.1", Path("/usr/bin/python3.12"), Path("/usr"), ())
    identity = {"AWS_SESSION_TOKEN": "token"}
    return compose(target, installed, "2026/01/02/[3]0123", identity, places or Places())


def test_what_aws_sets_is_set():
    assert composed() == {
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "PYTHONPATH": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
        "/var/task/lib:/opt/lib",
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "3",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[3]0123",
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "PWD": "/var/task",
        "SHLVL": "0",
    }


@pytest.mark.parametrize("runtime", ["python3.13", "python3.14"])
def test_newer_runtimes_have_lc_ctype(runtime: str):
    assert composed(runtime=runtime)["LC_CTYPE"] == "C.UTF-8"


@pytest.mark.parametrize(
    "name", ["PATH", "LANG", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH", "AWS_XRAY_CONTEXT_MISSING"]
)
def test_users_may_replace(name: str):
    assert composed({name: "mine"})[name] == "mine"


@pytest.mark.parametrize(
    "name",
    ["AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER", "LAMBDA_TASK_ROOT", "AWS_SESSION_TOKEN", "SHLVL"],
)
def test_what_is_reserved_wins_even_if_it_got_past_the_control_plane(name: str):
    assert composed({name: "mine"})[name] == composed()[name]


def test_json_functions_are_told_format_and_level():
    told = composed(logging=Logging("JSON", "/g", "TRACE", "INFO"))
    assert (told["AWS_LAMBDA_LOG_FORMAT"], told["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "TRACE")
    assert composed(logging=Logging("JSON", "/g"))["AWS_LAMBDA_LOG_LEVEL"] == "INFO"


def test_without_the_mount_wall_paths_are_the_hosts():
    told = composed(places=Places("/home/me/tree", "/home/me/runtime", "/home/me/tmp"))
    assert (told["LAMBDA_TASK_ROOT"], told["PWD"]) == ("/home/me/tree", "/home/me/tree")
    assert (told["LAMBDA_RUNTIME_DIR"], told["PYTHONPATH"]) == ("/home/me/runtime", "/home/me/runtime")
    assert told["TMPDIR"] == "/home/me/tmp"
    assert "/home/me/tree/lib" in told["LD_LIBRARY_PATH"].split(":")
