"""boto3's Lambda client, unpatched, on asynchronous invocation: how events are taken, what is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A client, over a home with the function `taker` (version 1, alias `live`) and the queue `dead`."""
    lamb = lamb_of_module
    lamb.write("taker.py", "def handler(event, context):\n    return event\n")
    lamb.run("create", "taker", "--file", "taker.py", "--publish")
    lamb.run("alias", "create", "taker", "live", "--version", "1")
    lamb.run("queue", "create", "dead")
    with lamb.serving() as served:
        yield boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def bare(aws: Any) -> Iterator[Any]:
    """The client; the function has no config for any qualifier afterwards."""
    yield aws
    for config in aws.list_function_event_invoke_configs(FunctionName="taker")["FunctionEventInvokeConfigs"]:
        aws.delete_function_event_invoke_config(
            FunctionName="taker", Qualifier=config["FunctionArn"].rpartition(":")[2]
        )


def refused(call: Any, **members: Any) -> tuple[str, int, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer


def message(answer: dict[str, Any]) -> str:
    return str(answer["Error"]["Message"])


def test_a_put_replaces_and_an_update_merges(bare):
    put = bare.put_function_event_invoke_config(
        FunctionName="taker",
        MaximumRetryAttempts=1,
        MaximumEventAgeInSeconds=90,
        DestinationConfig={"OnFailure": {"Destination": DEAD}},
    )
    assert put["FunctionArn"] == f"{ARN}taker:$LATEST"
    assert (put["MaximumRetryAttempts"], put["MaximumEventAgeInSeconds"]) == (1, 90)
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": DEAD}}
    updated = bare.update_function_event_invoke_config(FunctionName="taker", MaximumRetryAttempts=0)
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (0, 90)
    assert updated["LastModified"] >= put["LastModified"]
    assert updated["DestinationConfig"]["OnFailure"] == {"Destination": DEAD}
    again = bare.put_function_event_invoke_config(FunctionName="taker", MaximumEventAgeInSeconds=120)
    assert "MaximumRetryAttempts" not in again
    assert again["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    shown = bare.get_function_event_invoke_config(FunctionName="taker", Qualifier="$LATEST")
    assert {k: shown[k] for k in again if k != "ResponseMetadata"} == {
        k: v for k, v in again.items() if k != "ResponseMetadata"
    }


def test_each_qualifier_has_a_config_of_its_own(bare):
    for qualifier, retries in (("live", 1), ("1", 0)):
        bare.put_function_event_invoke_config(
            FunctionName="taker", Qualifier=qualifier, MaximumRetryAttempts=retries
        )
    listed = bare.list_function_event_invoke_configs(FunctionName="taker")["FunctionEventInvokeConfigs"]
    assert {c["FunctionArn"]: c["MaximumRetryAttempts"] for c in listed} == {
        f"{ARN}taker:1": 0,
        f"{ARN}taker:live": 1,
    }
    pages = bare.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName="taker", PaginationConfig={"PageSize": 1}
    )
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [1, 1]


def test_what_is_not_there_is_said_in_aws_s_words(bare):
    for call in (bare.get_function_event_invoke_config, bare.delete_function_event_invoke_config):
        code, status, answer = refused(call, FunctionName="taker")
        assert (code, status) == ("ResourceNotFoundException", 404)
        assert message(answer) == f"The function {ARN}taker:$LATEST doesn't have an EventInvokeConfig"
    code, _, answer = refused(
        bare.update_function_event_invoke_config, FunctionName="taker", MaximumRetryAttempts=1
    )
    assert code == "ResourceNotFoundException"
    code, _, answer = refused(
        bare.put_function_event_invoke_config, FunctionName="nobody", MaximumRetryAttempts=1
    )
    assert (code, message(answer)) == (
        "ResourceNotFoundException",
        "The function doesn't exist.",
    )
    code, _, answer = refused(
        bare.put_function_event_invoke_config, FunctionName="taker", Qualifier="none", MaximumRetryAttempts=1
    )
    assert message(answer) == "The function doesn't exist."


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        (
            {},
            "InvalidParameterValueException",
            "You must specify at least one of error handling or destination setting.",
        ),
        (
            {"MaximumRetryAttempts": 3},
            "ValidationException",
            (
                "1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy "
                "constraint: Member must have value less than or equal to 2"
            ),
        ),
        (
            {"MaximumEventAgeInSeconds": 21_601},
            "ValidationException",
            (
                "1 validation error detected: Value '21601' at 'maximumEventAgeInSeconds' failed to satisfy "
                "constraint: Member must have value less than or equal to 21600"
            ),
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": f"{ARN}taker"}}},
            "InvalidParameterValueException",
            "You can't specify the function as a destination for itself.",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"{ARN}nobody"}}},
            "InvalidParameterValueException",
            f"The destination ARN {ARN}nobody is invalid.",
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:iam::123456789012:role/r"}}},
            "InvalidParameterValueException",
            (
                "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
                "arn:aws:iam::123456789012:role/r), onFailure=null) is invalid."
            ),
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"{DEAD}-and-gone"}}},
            "InvalidParameterValueException",
            f"The destination ARN {DEAD}-and-gone is invalid.",
        ),
    ],
)
def test_what_a_config_may_not_be(bare, members, code, text):
    found, status, answer = refused(bare.put_function_event_invoke_config, FunctionName="taker", **members)
    assert (found, status, message(answer)) == (code, 400, text)
    refused(bare.get_function_event_invoke_config, FunctionName="taker")


def test_a_config_goes_with_its_alias(bare):
    bare.create_alias(FunctionName="taker", Name="brief", FunctionVersion="1")
    bare.put_function_event_invoke_config(FunctionName="taker", Qualifier="brief", MaximumRetryAttempts=0)
    bare.delete_alias(FunctionName="taker", Name="brief")
    assert not bare.list_function_event_invoke_configs(FunctionName="taker")["FunctionEventInvokeConfigs"]


def test_an_event_is_accepted_with_202_and_nothing_to_read(bare, lamb_of_module):
    answer = bare.invoke(FunctionName="taker", Qualifier="live", InvocationType="Event", Payload=b'{"n": 1}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "ExecutedVersion" not in answer
    lamb_of_module.run("wait", "events", "taker", "--empty", "--timeout", "50s")
    event = lamb_of_module.json("events", "show", answer["ResponseMetadata"]["RequestId"])
    assert (event["State"], event["FunctionArn"], event["ExecutedVersion"]) == (
        "succeeded", f"{ARN}taker:live", "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "payload", "code", "status"),
    [
        ("nobody", b"{}", "ResourceNotFoundException", 404),
        ("taker:none", b"{}", "ResourceNotFoundException", 404),
        ("taker", b"{", "InvalidRequestContentException", 400),
        ("taker", b'"' + b"x" * 1_048_576 + b'"', "413", 413),
    ],
)
def test_what_is_no_event_is_refused_at_once(bare, name, payload, code, status):
    found, got, _ = refused(bare.invoke, FunctionName=name, InvocationType="Event", Payload=payload)
    assert got == status
    assert found in {code, "RequestEntityTooLargeException"}


def test_events_that_come_during_an_update_run_on_the_new_code(bare, lamb_of_module):
    lamb = lamb_of_module
    lamb.write("changing.py", "def handler(event, context):\n    print('old code')\n")
    lamb.run("create", "changing", "--file", "changing.py")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("changing.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, "def handler(event, context):\n    print('new code')\n")
    bare.update_function_code(FunctionName="changing", ZipFile=packed.getvalue())
    for _ in range(3):
        bare.invoke(FunctionName="changing", InvocationType="Event", Payload=b"{}")
    lamb.run("wait", "events", "changing", "--empty", "--timeout", "50s")
    printed = lamb.run("logs", "changing").stdout
    assert (printed.count("new code"), printed.count("old code")) == (3, 0)


def test_the_recursion_config_is_kept_and_checked(bare):
    assert bare.get_function_recursion_config(FunctionName="taker")["RecursiveLoop"] == "Terminate"
    put = bare.put_function_recursion_config(FunctionName="taker", RecursiveLoop="Allow")
    assert put["RecursiveLoop"] == "Allow"
    assert bare.get_function_recursion_config(FunctionName="taker")["RecursiveLoop"] == "Allow"
    code, _, answer = refused(
        bare.put_function_recursion_config, FunctionName="taker", RecursiveLoop="Sometimes"
    )
    assert code == "ValidationException"
    assert "at 'recursiveLoop' failed to satisfy constraint" in message(answer)
