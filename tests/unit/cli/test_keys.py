from __future__ import annotations

import json
import shlex
import subprocess

import pytest
from unit.cli.memory_keys import KEY, SECRET

NAMES = [
    "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION",
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
]  # fmt: skip
VALUES = ["http://127.0.0.1:4566", KEY, SECRET, "us-east-1", "us-east-1", "true"]


def test_a_shell_that_evaluates_it_has_what_aws_tools_need(lamb_line):
    assert lamb_line("env", "--shell", "bash") == 0
    told = " ".join(f"${name}" for name in NAMES)
    script = (
        f"AWS_SESSION_TOKEN=old; eval {shlex.quote(lamb_line.out)}; echo {told} ${{AWS_SESSION_TOKEN-gone}}"
    )
    found = subprocess.check_output(["bash", "-c", script], text=True).split()
    assert found == [*VALUES, "gone"]


def test_fish_is_spoken_to_in_its_own_words(lamb_line, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    lamb_line("env")
    assert lamb_line.out.splitlines()[:2] == [
        "set -e AWS_SESSION_TOKEN;",
        "set -gx AWS_ENDPOINT_URL 'http://127.0.0.1:4566';",
    ]
    lamb_line("env", "--shell", "zsh")
    assert lamb_line.out.splitlines()[1] == "export AWS_ENDPOINT_URL='http://127.0.0.1:4566'"


def test_what_is_set_is_json_for_those_who_ask_for_it(lamb_line):
    lamb_line("env", "--json")
    assert json.loads(lamb_line.out) == dict(zip(NAMES, VALUES, strict=True))


def test_a_port_that_is_open_is_used_again_unless_anybody_may_call_it(lamb_line, client):
    client.access.listen("127.0.0.1", 9000, signed=False)
    client.access.listen("127.0.0.1", 9001)
    lamb_line("env", "--json")
    assert json.loads(lamb_line.out)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9001"
    assert len(client.access.opened) == 2


def test_a_new_key_is_shown_with_its_secret(lamb_line, client):
    assert lamb_line("keys", "create", "--account", "111122223333", "--description", "theirs", "-v") == 0
    assert client.said == [("create", "111122223333", "theirs")]
    assert lamb_line.out == f"AccessKeyId\t{KEY}\nSecretAccessKey\t{SECRET}\nAccount\t111122223333\n"
    assert lamb_line.err == f"✓ created the key {KEY}; its secret is not shown again\n"


def test_keys_are_listed_without_their_secrets(lamb_line):
    lamb_line("keys", "list")
    assert lamb_line.out == f"{KEY}\t123456789012\t2026-01-02T03:04:05.678Z\tmine\n"
    lamb_line("keys", "list", "-q")
    assert lamb_line.out == f"{KEY}\n"
    lamb_line("keys", "list", "--json")
    assert SECRET not in lamb_line.out


def test_a_key_is_deleted_when_that_is_agreed(lamb_line, client):
    assert lamb_line("keys", "delete", KEY) == 4
    assert client.access.ids == [KEY]
    assert lamb_line("keys", "delete", KEY, "--yes") == 0
    assert client.access.ids == []
    assert lamb_line("keys", "delete", KEY, "--yes") == 3
    assert lamb_line("keys", "delete", KEY, "--yes", "--ignore-not-found") == 0


@pytest.mark.parametrize("line", [["env", "--shell", "tcsh"], ["env", "show"]])
def test_what_is_not_understood_is_a_usage_error(lamb_line, line):
    assert lamb_line(*line) == 2
