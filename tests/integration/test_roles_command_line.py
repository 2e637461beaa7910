"""`lamb role …` through the real program and a real daemon."""

from __future__ import annotations

import json

import harness

HERE = "arn:aws:iam::123456789012:role/"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:inbox"


def test_a_role_is_made_given_more_shown_and_deleted_in_a_shell(lamb_of_module: harness.Lamb) -> None:
    lamb = lamb_of_module
    made = ("role", "create", "sender", "--allow", "sqs:SendMessage", "--on", QUEUE)
    assert lamb.run(*made, "--attach", "AWSLambdaBasicExecutionRole").stdout == f"{HERE}sender\n"
    assert lamb.run(*made, check=False).returncode == 4
    lamb.run(*made, "--if-not-exists")
    lamb.run("role", "allow", "sender", "lambda:InvokeFunction")
    shown = lamb.json("role", "show", "sender")
    assert shown["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "lambda.amazonaws.com"
    }
    assert shown["Policies"]["lamb"]["Statement"] == [
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [QUEUE]},
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": ["*"]},
    ]
    assert shown["AttachedPolicies"] == ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
    lamb.write("hello.py", "def handler(event, context):\n    return 1\n")
    lamb.run("create", "hello", "--file", "hello.py", "--runtime", lamb.runtime, "--role", "sender")
    assert lamb.json("show", "hello")["Configuration"]["Role"] == f"{HERE}sender"
    assert lamb.run("role", "list", "-q").stdout == "sender\n"
    assert lamb.run("_complete", "roles", "se").stdout == "sender\n"
    lamb.run("role", "delete", "sender", "--yes")
    assert lamb.run("role", "show", "sender", check=False).returncode == 3
    assert lamb.json("role", "list") == {"Roles": []}


def test_what_iam_refuses_is_told_in_its_words(lamb_of_module: harness.Lamb) -> None:
    lamb = lamb_of_module
    lamb.write("policy.json", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}))
    done = lamb.run("role", "create", "bad", "--policy", "policy.json", check=False)
    assert (done.returncode, done.stderr) == (2, "lamb: Policy statement must contain actions\n")
    assert lamb.run("role", "list", "-q").stdout == "", "nothing is left of it"
    done = lamb.run("role", "create", "a b", check=False)
    assert done.returncode == 2
    assert "The specified value for roleName is invalid" in done.stderr
