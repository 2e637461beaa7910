"""What a function learns of other functions, of the daemon, and what lamb lets it do."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from harness.signing import signed
from security.prison import SECRET, SHELL_SECRET, Prison
from security.prisoner import in_memory

pytestmark = pytest.mark.each_user


def ask_lamb(method, path, keys=None, body="{}"):
    """Status and answer of lamb's API for functions, asked from inside one; signed if there are keys."""
    host = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://")
    headers = signed(method, path, host, keys, body.encode()) if keys else {}
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_function_has_no_variable_of_the_daemon_or_of_another_function(prison, neighbour):
    def attack():
        return dict(os.environ), Path("/proc/self/environ").read_text()

    variables, at_start = prison.does(attack)
    for secret in ("".join(SECRET), "".join(SHELL_SECRET)):
        assert secret not in json.dumps(variables) + at_start
    aws = re.compile(r"_?AWS_|_X_AMZN_|LAMBDA_|_HANDLER|_LAMBDA_")
    assert {name for name in variables if not aws.match(name)} <= {
        "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "PWD", "PYTHONPATH", "SHLVL", "TZ",
    }  # fmt: skip


def test_the_daemon_itself_takes_nothing_over_from_the_shell_that_started_it(prison):
    daemon = Path(f"/proc/{prison.lamb.daemon_pid}/environ").read_text()
    assert "LAMB_" in daemon
    assert "".join(SHELL_SECRET) not in daemon


@pytest.mark.parametrize("secret", [SECRET, SHELL_SECRET])
def test_a_function_finds_no_secret_of_others_in_its_memory(prison, neighbour, secret):
    head, tail = secret
    assert prison.does(in_memory, head, tail[::-1]) == []


def test_a_function_forked_after_another_one_finds_nothing_of_it_in_its_memory(lamb_of_module, neighbour):
    """Environments come from one zygote: it must not have known what it started before."""
    lamb_of_module.run("configure", neighbour.name, "--memory", "256")
    lamb_of_module.run("invoke", neighbour.name, "-e", json.dumps({"event": "".join(SECRET)}))
    later = Prison(lamb_of_module, "later")
    assert later.does(in_memory, SECRET[0], SECRET[1][::-1]) == []


def test_the_search_of_these_tests_finds_what_is_there(lamb_of_module, neighbour):
    holder = Prison(lamb_of_module, "holder", "-E", f"SECRET={''.join(SECRET)}")
    assert holder.does(in_memory, SECRET[0], SECRET[1][::-1]) != []


def test_a_functions_credentials_invoke(prison, neighbour):
    def attack(path):
        return ask_lamb("POST", path, os.environ)

    path = f"/2015-03-31/functions/{neighbour.name}/invocations"
    assert prison.does(attack, path, using=[signed, ask_lamb]) == [200, "null"]


def test_a_functions_credentials_can_neither_read_nor_create_change_or_delete(prison, neighbour):
    def attack(calls):
        return {f"{method} {path}": ask_lamb(method, path, os.environ)[0] for method, path in calls}

    one = f"/2015-03-31/functions/{neighbour.name}"
    own = "/2015-03-31/functions/prisoner"
    arn = quote(f"arn:aws:lambda:us-east-1:123456789012:function:{neighbour.name}", safe="")
    calls = [
        ("GET", "/2015-03-31/functions"), ("POST", "/2015-03-31/functions"), ("GET", one), ("DELETE", one),
        ("GET", f"{one}/configuration"), ("PUT", f"{one}/configuration"), ("PUT", f"{one}/code"),
        ("POST", f"{one}/versions"), ("GET", f"{one}/versions"), ("POST", f"{one}/aliases"),
        ("GET", f"{one}/aliases"), ("PUT", f"{one}/aliases/live"), ("DELETE", f"{one}/aliases/live"),
        ("GET", own), ("DELETE", own), ("PUT", f"{own}/configuration"), ("PUT", f"{own}/code"),
        ("GET", "/2016-08-19/account-settings"), ("GET", f"/2017-03-31/tags/{arn}"),
        ("POST", f"/2017-03-31/tags/{arn}"),
        ("GET", f"/_lamb/functions/{neighbour.name}/environment"), ("GET", f"/_lamb/logs/{neighbour.name}"),
        ("POST", "/_lamb/key/rotate"), ("GET", "/_lamb/key"), ("POST", "/_lamb/stop"),
        ("GET", "/_lamb/doctor"),
        ("POST", f"/_lamb/functions/{neighbour.name}/aliases/live/rollback"), ("GET", "/_lamb/code/x"),
        ("GET", "/_lamb/complete?kind=functions"),
    ]  # fmt: skip
    answers = prison.does(attack, calls, using=[signed, ask_lamb])
    assert {call: status for call, status in answers.items() if status != 403} == {}
    assert prison.lamb.health() is not None
    assert prison.lamb.json("show", neighbour.name)


def test_lamb_hears_no_function_without_credentials_or_with_invented_ones(prison, neighbour):
    def attack(path):
        names = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
        keys = {name: os.environ[name] for name in names}
        invented = [{**keys, name: "invented"} for name in names]
        return [ask_lamb("POST", path, tried)[0] for tried in (None, keys, *invented)]

    path = f"/2015-03-31/functions/{neighbour.name}/invocations"
    assert prison.does(attack, path, using=[signed, ask_lamb]) == [403, 200, 403, 403, 403]


def test_a_functions_credentials_end_with_its_environment(lamb_of_module, neighbour, monkeypatch):
    def attack():
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    mayfly = Prison(lamb_of_module, "mayfly")
    keys = mayfly.does(attack)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", keys["AWS_ENDPOINT_URL_LAMBDA"])
    path = f"/2015-03-31/functions/{neighbour.name}/invocations"
    assert ask_lamb("POST", path, keys)[0] == 200
    lamb_of_module.run("delete", "mayfly", "--yes")
    assert ask_lamb("POST", path, keys)[0] == 403


def test_two_environments_of_one_function_share_neither_tmp_nor_memory(prison):
    def attack(port):
        before = os.listdir("/tmp"), os.environ.get("MARK"), getattr(sys, "mark", None)
        Path("/tmp/mark").write_text("here")
        os.environ["MARK"] = sys.mark = "here"
        caller = socket.create_connection(("127.0.0.1", port), 20)
        caller.recv(1)
        return before

    other = Prison(prison.lamb, "twins")
    with socket.create_server(("127.0.0.1", 0)) as meeting:
        both = [other.starts(attack, meeting.getsockname()[1]) for _ in range(2)]
        callers = [meeting.accept()[0] for _ in both]  # now both of them run
        for caller in callers:
            caller.close()
    answers = [json.loads(process.communicate()[0])["Payload"] for process in both]
    assert answers == [[[], None, None]] * 2


def test_an_environment_that_is_used_again_keeps_tmp_for_its_own_function_only(prison, neighbour):
    def leave():
        Path("/tmp/left").write_text("by the prisoner")

    def look():
        return os.path.exists("/tmp/left")

    prison.does(leave)
    stranger = Prison(prison.lamb, "stranger")
    assert (prison.does(look), stranger.does(look)) == (True, False)
