"""The command line over a real daemon: streams, verdicts, signals."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.each_user

FATES = """
import json, os, time

def handler(event, context):
    print("got", json.dumps(event), flush=True)
    fate = event.get("fate", "")
    if fate == "raise":
        raise ValueError("no")
    if fate == "exit":
        os._exit(3)
    if fate == "wait":
        time.sleep(float(event["s"]))
    return {"event": event, "secret": os.environ.get("TOKEN_NAME")}
"""


@pytest.fixture(scope="module")
def fates(lamb_of_module):
    """A home with the function `fates`, which ends as its event says, and `broken`, which has no init."""
    lamb = lamb_of_module
    lamb.write("fates.py", FATES)
    lamb.write("broken.py", "import nothing_of_this_name\ndef handler(event, context): ...\n")
    for name in ("fates", "broken"):
        lamb.run("create", name, "--file", f"{name}.py", "--runtime", lamb.runtime, "--timeout", "2")
    return lamb


def test_invoke_is_a_filter(fates):
    done = fates.run("invoke", "fates", stdin='{"a": "é"}')
    assert json.loads(done.stdout)["event"] == {"a": "é"}
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("function", "event", "code"),
    [
        ("fates", {}, 0),
        ("fates", {"fate": "raise"}, 10),
        ("fates", {"fate": "wait", "s": 60}, 11),
        ("fates", {"fate": "exit"}, 12),
        ("broken", {}, 13),
        ("nothing", {}, 3),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_the_exit_code_is_the_verdict(fates, function, event, code, flags):
    done = fates.run("invoke", function, "-e", json.dumps(event), *flags, check=False)
    assert done.returncode == code, done.stderr
    if code != 3:
        json.loads(done.stdout)


def test_an_event_that_is_no_json_is_a_usage_error(fates):
    done = fates.run("invoke", "fates", "-e", "{", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lamb: Could not parse request body into json")


def test_log_lines_come_while_the_function_runs(fates):
    process = fates.start("invoke", "fates", "--log", "-e", '{"fate": "wait", "s": 1.5}', "--json")
    lines = iter(process.stderr.readline, "")
    line = next(line for line in lines if line.startswith("got "))
    assert process.poll() is None, "the line came only when all was over"
    out = process.stdout.read()
    rest = list(lines)
    assert process.wait(10) == 0
    assert json.loads(line.removeprefix("got "))["fate"] == "wait"
    assert any(line.startswith("REPORT RequestId: ") for line in rest)
    assert json.loads(out)["Payload"]["event"]["fate"] == "wait"
    process.stdout.close()
    process.stderr.close()
    process.stdin.close()


def test_an_interrupt_ends_the_command_with_130(fates):
    process = fates.start("invoke", "fates", "--log", "-e", '{"fate": "wait", "s": 1.9}')
    next(line for line in iter(process.stderr.readline, "") if line.startswith("got "))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, "")


def test_on_a_terminal_a_receipt_follows(fates):
    master, slave = pty.openpty()
    process = fates.start("invoke", "fates", "--color", "never", stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    drawn = b""
    try:
        while part := os.read(master, 4096):
            drawn += part
    except OSError:  # EIO: the last one has closed it
        pass
    os.close(master)
    assert process.wait(10) == 0
    result, receipt = drawn.decode().replace("\r", "").splitlines()
    assert json.loads(result)["event"] == {}
    assert receipt.startswith("✓ ")
    assert " MB · fates:$LATEST · walls " in receipt


def test_logs_show_what_was_printed_and_can_be_searched(fates):
    fates.run("invoke", "fates", "-e", '{"mark": "needle-1"}')
    assert "needle-1" in fates.run("logs", "fates", "--since", "1m").stdout
    found = fates.run("logs", "fates", "--grep", "needle-1", "--json").stdout.splitlines()
    assert [json.loads(line)["message"].split()[0] for line in found] == ["got"]


def test_variables_reach_the_function_and_are_listed_without_values(fates):
    done = fates.run("env", "set", "fates", "TOKEN_NAME=t0p")
    assert "t0p" not in done.stdout + done.stderr
    assert json.loads(fates.run("invoke", "fates").stdout)["secret"] == "t0p"
    assert fates.run("env", "list", "fates").stdout == "TOKEN_NAME\n"
    assert fates.run("env", "list", "fates", "--reveal").stdout == "TOKEN_NAME\tt0p\n"
    assert "t0p" not in fates.run("show", "fates", "--json").stdout
    fates.run("env", "unset", "fates", "TOKEN_NAME")
    assert fates.run("env", "list", "fates").stdout == ""


def test_versions_aliases_and_the_way_back(fates):
    one = fates.run("publish", "fates").stdout.strip()
    assert fates.run("publish", "fates").stdout.strip() == one, "nothing has changed"
    fates.run("alias", "create", "fates", "prod", "--version", one)
    fates.run("configure", "fates", "--memory", "256")
    two = fates.run("publish", "fates").stdout.strip()
    assert int(two) == int(one) + 1
    fates.run("alias", "update", "fates", "prod", "--version", two)
    assert fates.json("invoke", "fates:prod")["ExecutedVersion"] == two
    assert fates.run("rollback", "fates", "prod").stdout.strip() == one
    assert fates.json("invoke", "fates:prod")["ExecutedVersion"] == one
    done = fates.run("delete", f"fates:{one}", "--yes", check=False)
    assert done.returncode == 4
    assert "prod" in done.stderr


def test_serve_opens_a_port_and_closes_it_when_interrupted(fates):
    process = fates.start("serve", "--json")
    opened = json.loads(process.stdout.readline())
    address = ("127.0.0.1", urlsplit(opened["url"]).port)
    socket.create_connection(address, timeout=5).close()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_the_daemon_can_be_looked_at_and_stopped(lamb):
    assert lamb.run("daemon", "status", check=False).returncode == 3
    assert lamb.run("daemon", "stop", "-v").stderr == "· no daemon was running\n"
    lamb.run("list")
    assert lamb.json("daemon", "status")["pid"] == lamb.daemon_pid
    assert lamb.run("daemon", "stop", "-v").stderr == "✓ stopped\n"
    assert lamb.run("daemon", "status", check=False).stdout == "not running\n"


def test_what_needs_no_daemon_starts_none(lamb):
    lamb.write("app.py", "def handler(event, context): ...\n")
    for line in (
        "config list",
        "help exit-codes",
        "package build app.py",
        "package check app.py",
        "daemon logs",
    ):
        lamb.run(*line.split())
    assert lamb.health() is None


def test_doctor_and_runtimes_know_this_machine(lamb_of_module):
    told = lamb_of_module.json("doctor")
    assert {"user", "mount", "pid", "seccomp"} <= {wall["name"] for wall in told["walls"]}
    found = {entry["name"]: entry["path"] for entry in lamb_of_module.json("runtimes")["Runtimes"]}
    assert found[lamb_of_module.runtime]
    assert lamb_of_module.run("doctor").stdout.count("\n") > 10
