"""boto3's Lambda client, unpatched, on what is attached to functions: policies, URLs, tags, code signing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/r"
RUNTIME_VERSION = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"
SIGNER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p"
NOTHING = "The resource you requested does not exist."


def package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event\n")
    return packed.getvalue()


@pytest.fixture(scope="module")
def service(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A client, over a home with the function `f` that has version 1 and the alias `live`."""
    config = Config(retries={"max_attempts": 0}, parameter_validation=False)
    with lamb_of_module.serving() as served:
        client = boto3.client("lambda", **served.aws, config=config)
        client.create_function(
            FunctionName="f",
            Role=ROLE,
            Runtime=lamb_of_module.runtime,
            Handler="app.handler",
            Code={"ZipFile": package()},
            Publish=True,
        )
        client.get_waiter("function_active_v2").wait(FunctionName="f")
        client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        yield client


@pytest.fixture
def aws(service: Any) -> Iterator[Any]:
    """The client; nothing is attached to the function afterwards."""
    yield service
    for config in service.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]:
        service.delete_function_url_config(FunctionName=config["FunctionArn"])
    for function in ("f", "f:1", "f:live"):
        with contextlib.suppress(service.exceptions.ResourceNotFoundException):
            policy = json.loads(service.get_policy(FunctionName=function)["Policy"])
            for statement in policy["Statement"]:
                service.remove_permission(FunctionName=function, StatementId=statement["Sid"])


def refused(call: Any, **members: Any) -> dict[str, Any]:
    """The answer as boto3 shows it, without what HTTP adds; `status` of its own."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = dict(caught.value.response)
    metadata = answer.pop("ResponseMetadata")
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == answer["Error"]["Code"]
    return {**answer, "status": metadata["HTTPStatusCode"]}


def error(code: str, status: int, text: str, key: str = "message", *, typed: bool = True) -> dict[str, Any]:
    """`key`: "" for errors that are not in botocore's model, of which it shows the text alone."""
    shown = {"Error": {"Code": code, "Message": text}, "status": status, **({key: text} if key else {})}
    return {**shown, "Type": "User"} if typed else shown


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def status(answer: dict[str, Any]) -> int:
    code: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return code


def permit(aws: Any, sid: str = "s", **members: Any) -> dict[str, Any]:
    given = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **members}
    answer: dict[str, Any] = aws.add_permission(FunctionName="f", StatementId=sid, **given)
    return answer


# ------------------------------------------------------------------ policies


def test_a_statement_and_the_policy_around_it_are_texts(aws):
    answer = permit(aws, SourceArn="arn:aws:s3:::b", SourceAccount="111122223333", EventSourceToken="t")
    statement = json.loads(answer["Statement"])
    assert status(answer) == 201
    assert statement == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "111122223333", "lambda:EventSourceToken": "t"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        },
    }
    policy = aws.get_policy(FunctionName="f")
    assert json.loads(policy["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [statement],
    }
    gone = aws.remove_permission(FunctionName="f", StatementId="s", RevisionId=policy["RevisionId"])
    assert status(gone) == 204
    assert refused(aws.get_policy, FunctionName="f") == error(
        "ResourceNotFoundException", 404, NOTHING, "Message"
    )


def test_the_two_statements_of_an_open_url(aws):
    one = permit(aws, "url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    two = permit(aws, "run", Principal="*", InvokedViaFunctionUrl=True)
    conditions = [json.loads(answer["Statement"])["Condition"] for answer in (one, two)]
    assert conditions == [
        {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    ]


def test_a_policy_belongs_to_the_qualifier_in_the_name_or_beside_it(aws):
    given = {"StatementId": "s", "Action": "lambda:*", "Principal": "111122223333"}
    aws.add_permission(FunctionName=f"{ARN}:live", **given)
    aws.add_permission(FunctionName="f", Qualifier="1", **given)
    for qualifier in ("live", "1"):
        (statement,) = json.loads(aws.get_policy(FunctionName="f", Qualifier=qualifier)["Policy"])[
            "Statement"
        ]
        assert statement["Resource"] == f"{ARN}:{qualifier}"
        assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert refused(aws.get_policy, FunctionName="f")["status"] == 404


def test_a_refused_permission_says_why(aws):
    assert refused(permit, aws=aws, Qualifier="$LATEST") == error(
        "InvalidParameterValueException", 400, "We currently do not support adding policies for $LATEST."
    )
    assert refused(permit, aws=aws, Qualifier="nobody") == error(
        "ResourceNotFoundException", 404, f"Cannot find alias arn: {ARN}:nobody", "Message"
    )
    assert refused(permit, aws=aws, Qualifier="7") == error(
        "ResourceNotFoundException", 404, f"Function not found: {ARN}:7", "Message"
    )
    assert refused(permit, aws=aws, Principal="nobody") == error(
        "InvalidParameterValueException",
        400,
        "The provided principal was invalid. Please check the principal and try again.",
    )
    permit(aws)
    assert refused(permit, aws=aws) == error(
        "ResourceConflictException",
        409,
        "The statement id (s) provided already exists. Please provide a new statement id, "
        "or remove the existing statement.",
    )
    assert refused(permit, aws=aws, sid="t", RevisionId="old") == error(
        "PreconditionFailedException",
        412,
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetPolicy API to retrieve the latest Revision Id",
    )
    answer = refused(permit, aws=aws, sid="a b", Action="s3:Get", SourceAccount="1")
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["Error"]["Message"].startswith(
        "3 validation errors detected: Value 'a b' at 'statementId' failed "
    )


def test_what_no_policy_has_cannot_be_removed(aws):
    for members, text in (
        ({"FunctionName": "f"}, "No policy is associated with the given resource."),
        ({"FunctionName": "nobody"}, f"No policy found for: {ARN[:-1]}nobody"),
    ):
        assert refused(aws.remove_permission, StatementId="s", **members) == error(
            "ResourceNotFoundException", 404, text, "Message"
        )
    permit(aws)
    assert refused(aws.remove_permission, FunctionName="f", StatementId="t") == error(
        "ResourceNotFoundException", 404, "Statement t is not found in resource policy.", "Message"
    )


def test_a_policy_over_20_kilobytes_is_refused(aws):
    arn = "arn:aws:s3:::" + "b" * 4700
    for number in range(4):
        permit(aws, str(number), SourceArn=arn)
    with pytest.raises(aws.exceptions.PolicyLengthExceededException) as caught:
        permit(aws, "4", SourceArn=arn)
    assert caught.value.response["Type"] == "User"
    assert re.fullmatch(
        r"The final policy size \(2\d{4}\) is bigger than the limit \(20480\)\.",
        caught.value.response["message"],
    )


# ------------------------------------------------------------------ URLs


def test_a_url_shows_its_members_by_operation(aws):
    made = bare(aws.create_function_url_config(FunctionName="f", AuthType="NONE"))
    assert re.fullmatch(
        r"http://[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+/", made.pop("FunctionUrl")
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made.pop("CreationTime"))
    assert made == {"FunctionArn": ARN, "AuthType": "NONE"}
    shown = bare(aws.get_function_url_config(FunctionName="f"))
    assert shown["InvokeMode"] == "BUFFERED"
    assert shown["LastModifiedTime"] == shown["CreationTime"]
    updated = bare(aws.update_function_url_config(FunctionName="f", Cors={"AllowOrigins": ["https://a"]}))
    assert updated.keys() == shown.keys() - {"InvokeMode"} | {"Cors"}
    assert updated["Cors"] == {"AllowOrigins": ["https://a"]}
    assert updated["FunctionUrl"] == shown["FunctionUrl"]
    aws.create_function_url_config(
        FunctionName="f", Qualifier="live", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM"
    )
    pages = aws.get_paginator("list_function_url_configs").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1}
    )
    listed = [config for page in pages for config in page["FunctionUrlConfigs"]]
    assert [(config["FunctionArn"], config["InvokeMode"]) for config in listed] == [
        (ARN, "BUFFERED"),
        (f"{ARN}:live", "RESPONSE_STREAM"),
    ]
    assert status(aws.delete_function_url_config(FunctionName="f")) == 204
    assert refused(aws.get_function_url_config, FunctionName="f") == error(
        "ResourceNotFoundException", 404, NOTHING, "Message"
    )


def test_a_url_is_refused_in_aws_s_words(aws):
    create = aws.create_function_url_config
    create(FunctionName="f", AuthType="NONE")
    assert refused(create, FunctionName="f", AuthType="NONE") == error(
        "ResourceConflictException",
        409,
        f"Failed to create function url config for [functionArn = {ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function",
    )
    assert refused(create, FunctionName="nobody", AuthType="NONE") == error(
        "ResourceNotFoundException", 404, "Function does not exist", "Message"
    )
    assert refused(create, FunctionName="f", Qualifier="1", AuthType="OPEN", Cors={"MaxAge": 86401}) == error(
        "ValidationException",
        400,
        "2 validation errors detected: Value 'OPEN' at 'authType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [NONE, AWS_IAM]; Value '86401' at 'cors.maxAge' failed "
        "to satisfy constraint: Member must have value less than or equal to 86400",
        key="",
        typed=False,
    )
    answer = refused(create, FunctionName="f", Qualifier="1", AuthType="NONE")
    assert answer["Error"]["Code"] == "ValidationException"


# ------------------------------------------------------------------ code signing, runtimes, tags


def test_a_code_signing_config_lives_and_is_used(aws):
    made = aws.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [SIGNER]}, Description="d", Tags={"a": "1"}
    )
    config = made["CodeSigningConfig"]
    arn = config["CodeSigningConfigArn"]
    assert status(made) == 201
    assert arn.endswith(f":code-signing-config:{config['CodeSigningConfigId']}")
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert config["Description"] == "d"
    policies = {"UntrustedArtifactOnDeployment": "Enforce"}
    changed = aws.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=policies)
    assert (
        aws.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
        == (changed["CodeSigningConfig"])
    )
    assert aws.list_code_signing_configs()["CodeSigningConfigs"] == [changed["CodeSigningConfig"]]
    assert bare(aws.get_function_code_signing_config(FunctionName="f")) == {}
    both = {"CodeSigningConfigArn": arn, "FunctionName": "f"}
    assert bare(aws.put_function_code_signing_config(**both)) == both
    assert bare(aws.get_function_code_signing_config(FunctionName="f")) == both
    assert aws.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == [ARN]
    assert refused(aws.delete_code_signing_config, CodeSigningConfigArn=arn)["status"] == 409
    assert status(aws.delete_function_code_signing_config(FunctionName="f")) == 204
    aws.tag_resource(Resource=arn, Tags={"b": "2"})
    aws.untag_resource(Resource=arn, TagKeys=["a"])
    assert aws.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert status(aws.delete_code_signing_config(CodeSigningConfigArn=arn)) == 204
    words = f"The Lambda code signing configuration {arn} can not be found."
    for operation in ("get_code_signing_config", "list_functions_by_code_signing_config"):
        assert refused(getattr(aws, operation), CodeSigningConfigArn=arn) == error(
            "ResourceNotFoundException", 404, words, "Message", typed=False
        )
    assert refused(aws.put_function_code_signing_config, **both) == error(
        "CodeSigningConfigNotFoundException",
        404,
        "The code signing configuration cannot be found. "
        f"Check that the provided configuration is not deleted: {arn}.",
        "Message",
    )


def test_a_runtime_is_managed_automatically_until_told_otherwise(aws):
    assert bare(aws.get_runtime_management_config(FunctionName="f")) == {
        "UpdateRuntimeOn": "Auto",
        "FunctionArn": ARN,
    }
    manual = aws.put_runtime_management_config(
        FunctionName="f", Qualifier="1", UpdateRuntimeOn="Manual", RuntimeVersionArn=RUNTIME_VERSION
    )
    assert bare(manual) == {
        "UpdateRuntimeOn": "Manual",
        "FunctionArn": f"{ARN}:1",
        "RuntimeVersionArn": RUNTIME_VERSION,
    }
    answer = refused(aws.put_runtime_management_config, FunctionName="f", UpdateRuntimeOn="Manual")
    assert answer["Error"]["Code"] == "InvalidParameterValueException"


def test_tags_are_refused_in_aws_s_words(aws):
    for arn in (f"{ARN}:1", f"{ARN}:live"):
        assert refused(aws.tag_resource, Resource=arn, Tags={"a": "1"}) == error(
            "InvalidParameterValueException",
            400,
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )
    assert refused(aws.tag_resource, Resource=ARN, Tags={}) == error(
        "InvalidParameterValueException", 400, "An error occurred and the request cannot be processed."
    )
    assert refused(aws.tag_resource, Resource=ARN, Tags={str(n): "" for n in range(51)}) == error(
        "InvalidParameterValueException", 400, "Number of tags exceeds resource tag limit."
    )
    assert refused(aws.untag_resource, Resource=ARN, TagKeys=[]) == error(
        "ValidationException",
        400,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
        "Member must not be null",
        key="",
        typed=False,
    )
    assert refused(aws.list_tags, Resource=f"{ARN}-not") == error(
        "ResourceNotFoundException", 404, f"Function not found: {ARN}-not", "Message"
    )


# ------------------------------------------------------------------ what lamb has not

CALLBACK = {"CallbackId": "c"}
EXECUTION = {
    "DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b"
}
PROVIDER = {"CapacityProviderName": "c"}


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CheckpointDurableExecution", {**EXECUTION, "CheckpointToken": "t"}),
        ("CreateCapacityProvider", {**PROVIDER, "VpcConfig": {}, "PermissionsConfig": {}}),
        ("DeleteCapacityProvider", PROVIDER),
        ("GetCapacityProvider", PROVIDER),
        ("GetDurableExecution", EXECUTION),
        ("GetDurableExecutionHistory", EXECUTION),
        ("GetDurableExecutionState", {**EXECUTION, "CheckpointToken": "t"}),
        ("GetFunctionScalingConfig", {"FunctionName": "f", "Qualifier": "1"}),
        ("ListCapacityProviders", {}),
        ("ListDurableExecutionsByFunction", {"FunctionName": "f"}),
        ("ListFunctionVersionsByCapacityProvider", PROVIDER),
        ("PutFunctionScalingConfig", {"FunctionName": "f", "Qualifier": "1"}),
        ("SendDurableExecutionCallbackFailure", CALLBACK),
        ("SendDurableExecutionCallbackHeartbeat", CALLBACK),
        ("SendDurableExecutionCallbackSuccess", CALLBACK),
        ("StopDurableExecution", EXECUTION),
        ("UpdateCapacityProvider", PROVIDER),
    ],
)
def test_what_has_no_meaning_here_is_said_to_be_missing(service, operation, members):
    method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
    assert refused(getattr(service, method), **members) == error(
        "UnknownOperationException",
        501,
        f"lamb does not implement the operation {operation} of Lambda",
        key="",
        typed=False,
    )
