"""lamb role …: what is asked of the daemon, and what is printed."""

from __future__ import annotations

import io
import json

import pytest
from unit.cli.memory_roles import BASIC, HERE, SENDING

QUEUE = "arn:aws:sqs:us-east-1:123456789012:inbox"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def statement(*actions, on=("*",)):
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(on)}


def test_a_role_is_created_for_functions_and_its_arn_printed(lamb_line, client):
    assert lamb_line("role", "create", "other", "--description", "what", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == (f"{HERE}other\n", "✓ created the role other\n")
    assert client.said == [("create", "other", LAMBDA, "what")]


def test_a_role_is_created_with_what_it_may_do(lamb_line, client, tmp_path):
    (tmp_path / "reader.json").write_text(json.dumps(SENDING))
    line = ("role", "create", "other", "--allow", "sqs:SendMessage", "--allow", "sns:Publish", "--on", QUEUE)
    assert lamb_line(*line, "--policy", "reader.json", "--attach", "AWSLambdaBasicExecutionRole") == 0
    assert client.said[1:] == [
        ("put policy", "other", "policy", SENDING["Statement"]),
        ("put policy", "other", "lamb", [statement("sqs:SendMessage", "sns:Publish", on=(QUEUE,))]),
        ("attach", "other", BASIC),
    ]


def test_a_policy_comes_on_stdin_too(lamb_line, client):
    lamb_line.stdin = io.StringIO(json.dumps(SENDING))
    assert lamb_line("role", "create", "other", "--policy", "-") == 0
    assert client.said[1] == ("put policy", "other", "policy", SENDING["Statement"])


def test_a_role_that_is_there_is_a_conflict_unless_that_is_fine(lamb_line, client):
    assert lamb_line("role", "create", "sender") == 4
    assert lamb_line.err == "lamb: Role with name sender already exists\n"
    assert lamb_line("role", "create", "sender", "--allow", "sns:Publish", "--if-not-exists") == 0
    assert lamb_line.out == f"{HERE}sender\n"
    assert client.said == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--on", QUEUE), "`--on` says where `--allow` holds"),
        (("--policy", "none.json"), "none.json cannot be read"),
        (("--policy", "broken.json"), "broken.json is no JSON"),
        (("--policy", "list.json"), "list.json is no policy"),
        (("--attach", "AWSLambdaBasicExecutionRol"), "AWS has no policy `AWSLambdaBasicExecutionRol`"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(lamb_line, client, tmp_path, line, said):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    assert lamb_line("role", "create", "other", *line) == 2
    assert said in lamb_line.err
    assert client.said == []


def test_a_role_is_let_do_more_beside_what_it_may_do(lamb_line, client):
    assert lamb_line("role", "allow", "sender", "s3:Get*", "s3:List*", "--on", "arn:aws:s3:::b/*", "-v") == 0
    assert lamb_line.err == "✓ sender may s3:Get*, s3:List* on arn:aws:s3:::b/*\n"
    added = statement("s3:Get*", "s3:List*", on=("arn:aws:s3:::b/*",))
    assert client.said == [("put policy", "sender", "lamb", [*SENDING["Statement"], added])]


def test_what_a_role_may_do_already_is_not_said_twice(lamb_line, client):
    assert lamb_line("role", "allow", "sender", "sqs:SendMessage") == 0
    assert client.said == []


def test_roles_are_listed(lamb_line, client):
    lamb_line("role", "list")
    assert lamb_line.out == f"sender\t{HERE}sender\t2026-01-02T03:04:05Z\n"
    lamb_line("role", "list", "-q")
    assert lamb_line.out == "sender\n"
    client.roles.names.clear()
    assert lamb_line.on_terminal("role", "list") == 0
    assert "no roles yet: functions may invoke, send and log" in lamb_line.err


def test_a_role_is_shown_with_its_policies(lamb_line):
    assert lamb_line("role", "show", "sender") == 0
    assert f"policy lamb\t{json.dumps(SENDING['Statement'])}\n" in lamb_line.out
    assert f"attached\t{BASIC}\n" in lamb_line.out
    lamb_line("role", "show", "sender", "--json")
    document = json.loads(lamb_line.out)
    assert (document["Policies"], document["AttachedPolicies"]) == ({"lamb": SENDING}, [BASIC])


@pytest.mark.parametrize("line", ["show sendr", "allow sendr a:b", "delete sendr --yes"])
def test_a_role_that_is_not_there_is_missed_by_name(lamb_line, line):
    assert lamb_line("role", *line.split()) == 3
    assert "The role with name sendr cannot be found" in lamb_line.err
    assert "sender" in lamb_line.err


def test_a_role_goes_with_its_policies(lamb_line, client):
    assert lamb_line("role", "delete", "sender", "--dry-run") == 0
    assert lamb_line.out == "the role sender and 1 policy inside it\n"
    assert client.said == []
    assert lamb_line("role", "delete", "sender") == 4
    assert lamb_line("role", "delete", "sender", "--yes") == 0
    assert client.said == [
        ("detach", "sender", BASIC),
        ("delete policy", "sender", "lamb"),
        ("delete", "sender"),
    ]
    assert lamb_line("role", "delete", "none", "--yes", "--ignore-not-found") == 0


def test_a_function_names_its_role_by_name_or_arn(lamb_line, client, hello):
    assert lamb_line("create", "new", "--file", "hello.py", "--role", "sender") == 0
    assert client.said[-1][1]["Role"] == f"{HERE}sender"
    assert lamb_line("configure", "hello", "--role", "arn:aws:iam::210987654321:role/x") == 0
    assert "arn:aws:iam::210987654321:role/x" in str(client.said[-1])
