"""boto3, unpatched, against `lamb serve`: only the endpoint and some keys are set."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/r"
ECHO = """
import json
def handler(event, context):
    print("got", json.dumps(event))
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError("as you wish")
    custom = context.client_context.custom if context.client_context else None
    arn = context.invoked_function_arn
    return {"event": event, "id": context.aws_request_id, "arn": arn, "custom": custom}
"""


def package(source: str = ECHO) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, source)
    return packed.getvalue()


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A Lambda client that believes to talk to AWS."""
    with lamb_of_module.serving() as served:
        yield boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def create(aws: Any, lamb_of_module: harness.Lamb, request: pytest.FixtureRequest) -> Any:
    """Makes a function named after the test, and waits until it is active."""

    def create(suffix: str = "", **members: Any) -> str:
        name = f"{request.node.name[:50].rstrip('_[]')}{suffix}".replace("[", "-")
        aws.create_function(
            FunctionName=name,
            Role=ROLE,
            Runtime=lamb_of_module.runtime,
            Handler="app.handler",
            Code={"ZipFile": package()},
            **members,
        )
        aws.get_waiter("function_active_v2").wait(FunctionName=name)
        return name

    return create


def test_a_function_runs_and_tells_what_it_was_given(aws: Any, create: Any) -> None:
    name = create()
    answer = aws.invoke(FunctionName=name, Payload=b'{"a": [1, "\xc3\xa4"]}')
    result = json.load(answer["Payload"])
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert result["event"] == {"a": [1, "ä"]}
    assert result["id"] == answer["ResponseMetadata"]["RequestId"]


def test_no_payload_is_an_empty_object(aws: Any, create: Any) -> None:
    assert json.load(aws.invoke(FunctionName=create())["Payload"])["event"] == {}


def test_a_failed_function_is_no_exception_of_boto3(aws: Any, create: Any) -> None:
    answer = aws.invoke(FunctionName=create(), Payload=b'{"fail": true}', LogType="Tail")
    error = json.load(answer["Payload"])
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "as you wish")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {answer['ResponseMetadata']['RequestId']} Version: $LATEST" in log
    assert "REPORT RequestId:" in log


def test_whoever_follows_an_invocation_hears_its_end_without_a_report_and_from_its_own_group(
    aws: Any, create: Any, lamb_of_module: harness.Lamb
) -> None:
    lamb, quiet = lamb_of_module, {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    name = create(LoggingConfig={**quiet, "LogGroup": "/of/version/1"})
    assert aws.publish_version(FunctionName=name)["Version"] == "1"
    aws.update_function_configuration(FunctionName=name, LoggingConfig={**quiet, "LogGroup": "/of/latest"})
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    for function in (name, f"{name}:1"):
        done = lamb.run("invoke", function, "--log", "--json")
        assert done.stderr == "got {}\n"
        request_id = json.loads(done.stdout)["RequestId"]
        # This would follow for ever.
        assert lamb.run("logs", function, "-f", "--request-id", request_id).stdout == "got {}\n"


def test_a_client_context_arrives(aws: Any, create: Any) -> None:
    context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    answer = aws.invoke(FunctionName=create(), ClientContext=context)
    assert json.load(answer["Payload"])["custom"] == {"k": "v"}


def test_a_dry_run_runs_nothing(aws: Any, create: Any) -> None:
    assert aws.invoke(FunctionName=create(), InvocationType="DryRun")["StatusCode"] == 204


def test_a_version_and_an_alias_are_invoked_by_arn(aws: Any, create: Any) -> None:
    name = create(Publish=True)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    arn = aws.get_function(FunctionName=name, Qualifier="live")["Configuration"]["FunctionArn"]
    answer = aws.invoke(FunctionName=arn)
    assert answer["ExecutedVersion"] == "1"
    assert json.load(answer["Payload"])["arn"] == arn


def test_new_code_runs_after_the_update_has_settled(aws: Any, create: Any) -> None:
    name = create()
    aws.invoke(FunctionName=name)
    aws.update_function_code(
        FunctionName=name, ZipFile=package("def handler(event, context): return 'new'\n")
    )
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert json.load(aws.invoke(FunctionName=name)["Payload"]) == "new"


def test_a_second_update_at_once_may_conflict_and_succeeds_after_waiting(aws: Any, create: Any) -> None:
    name = create()
    aws.update_function_configuration(FunctionName=name, MemorySize=256)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    changed = aws.update_function_configuration(FunctionName=name, MemorySize=512)
    assert changed["MemorySize"] == 512


def test_paginators_see_every_function_once(aws: Any, create: Any) -> None:
    names = {create(f"-{number}") for number in range(3)}
    pages = aws.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    listed = [entry["FunctionName"] for page in pages for entry in page["Functions"]]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))


def test_the_code_location_downloads_the_zip(aws: Any, create: Any) -> None:
    location = aws.get_function(FunctionName=create())["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == package()


def test_tags_come_and_go(aws: Any, create: Any) -> None:
    arn = aws.get_function(FunctionName=create(Tags={"a": "1"}))["Configuration"]["FunctionArn"]
    aws.tag_resource(Resource=arn, Tags={"b c": "2"})
    aws.untag_resource(Resource=arn, TagKeys=["a"])
    assert aws.list_tags(Resource=arn)["Tags"] == {"b c": "2"}


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "status"),
    [
        ("get_function", {"FunctionName": "nobody"}, "ResourceNotFoundException", 404),
        ("invoke", {"FunctionName": "nobody"}, "ResourceNotFoundException", 404),
        ("delete_function", {"FunctionName": "nobody"}, "ResourceNotFoundException", 404),
        ("get_function", {"FunctionName": "no!body"}, "ValidationException", 400),
        ("list_capacity_providers", {}, "UnknownOperationException", 501),
    ],
)
def test_errors_are_the_exceptions_that_clients_match_on(
    aws: Any, operation: str, arguments: dict[str, Any], code: str, status: int
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws, operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_payload_over_the_limit_is_an_error_and_not_a_broken_pipe(aws: Any, create: Any) -> None:
    with pytest.raises(ClientError) as caught:
        aws.invoke(FunctionName=create(), Payload=b'"' + bytes(b"x" * 7_000_000) + b'"')
    assert caught.value.response["Error"] == {
        "Code": "RequestEntityTooLargeException",
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    }


def test_a_deleted_function_is_gone(aws: Any, create: Any) -> None:
    name = create()
    aws.delete_function(FunctionName=name)
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_function(FunctionName=name)
