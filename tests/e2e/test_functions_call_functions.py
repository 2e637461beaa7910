"""Functions that invoke functions through lamb: boto3 unchanged, no configuration, no deadlock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from e2e.conftest import Deployed, deploy


def depth(answer: dict[str, Any]) -> int:
    """How many functions answered, one inside the other."""
    levels = 0
    while "below" in answer:
        answer, levels = answer["below"], levels + 1
    return levels


@pytest.fixture(scope="module")
def caller(lamb_of_module, workshop) -> Deployed:
    """A function that brings boto3 along, as one that needs a certain version of it does."""
    flags = ("--timeout", "30", "--memory", "256")
    return deploy(lamb_of_module, workshop, "caller_boto3", "boto3", flags=flags)


@pytest.mark.each_user
def test_a_function_invokes_itself_five_levels_deep_and_every_level_is_warm_the_next_time(caller):
    assert depth(caller({"depth": 5})) == 5
    environments = caller.lamb.json("daemon", "status")["environments"]
    assert depth(caller({"depth": 5})) == 5
    assert caller.lamb.json("daemon", "status")["environments"] == environments == 6


def test_a_function_invokes_another_one_by_name_by_alias_and_by_arn(caller):
    lamb = caller.lamb
    lamb.write("echo.py", "def handler(event, context):\n    return {'by': context.invoked_function_arn}\n")
    arn = lamb.run("create", "other", "--file", "echo.py", "--runtime", lamb.runtime).stdout.strip()
    lamb.run("publish", "other")
    lamb.run("alias", "create", "other", "live", "--version", "1")
    for name, by in (("other", arn), ("other:live", f"{arn}:live"), (arn, arn)):
        assert caller({"other": name})["below"] == {"by": by}
    assert caller({"other": "nobody"}) == {"error": "ResourceNotFoundException", "status": 404}


def test_a_failure_of_the_function_below_is_an_answer(caller):
    lamb = caller.lamb
    lamb.write("broken.py", "def handler(event, context):\n    raise KeyError('below')\n")
    lamb.run("create", "broken", "--file", "broken.py", "--runtime", lamb.runtime)
    assert caller({"other": "broken"}) == {"function_error": "KeyError"}


def test_a_recursion_deeper_than_the_machine_is_throttled_and_never_hangs(new_lamb, workshop):
    """With the boto3 of the runtime directory, which is there where lamb has one."""
    lamb = new_lamb(LAMB_MAX_ENVIRONMENTS="3")
    caller = deploy(lamb, workshop, "caller_boto3", flags=("--timeout", "30"))
    answer = caller({"depth": 9})
    assert depth(answer) == 2
    assert answer["below"]["below"] == {"error": "TooManyRequestsException", "status": 429}
    assert depth(caller({"depth": 2})) == 2, "what was throttled left no environment busy"


def test_recursions_at_the_same_time_all_come_to_an_end(caller):
    def recurse(_: int) -> dict[str, Any]:
        return caller({"depth": 2})

    with ThreadPoolExecutor(4) as callers:
        assert [depth(answer) for answer in callers.map(recurse, range(8))] == [2] * 8


def test_a_function_without_a_network_has_no_endpoint_to_call(lamb_of_module):
    lamb = lamb_of_module
    lamb.write(
        "names.py",
        "import os\ndef handler(event, context):\n    return [n for n in os.environ if 'ENDPOINT' in n]\n",
    )
    create = ("create", "names", "--file", "names.py", "--runtime", lamb.runtime)
    lamb.run(*create, "--network", "none")
    assert Deployed(lamb, "names")() == []
    lamb.run("configure", "names", "--network", "host")
    told = {
        f"AWS_ENDPOINT_URL_{service}"
        for service in ("CLOUDWATCH", "CLOUDWATCH_LOGS", "IAM", "KMS", "LAMBDA", "SNS", "SQS", "STS")
    }
    assert set(Deployed(lamb, "names")()) == told
