"""What SAM, CDK and CloudFormation's handlers ask of Lambda, in their order.

`sam deploy` and `cdk deploy` send a template to CloudFormation, which then calls as below; `sam sync`,
`cdk deploy --hotswap` and `cdk watch` call Lambda themselves.
Source: aws-sam-cli, samcli/lib/{sync,remote_invoke}; aws-cdk, toolkit-lib/lib/api/hotswap; the permissions of
the handlers in the resource schemas of AWS::Lambda.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from integration.terraform import found, until, zipped

ROLE = "arn:aws:iam::123456789012:role/lamb-local"
SOURCE = "import os\ndef handler(event, context):\n    return [NUMBER, os.environ.get('STAGE')]\n"


@pytest.fixture(scope="module")
def clients(lamb_of_module: harness.Lamb) -> Iterator[dict[str, Any]]:
    with lamb_of_module.serving() as served:
        yield {
            service: boto3.client(service, **served.aws, config=Config(retries={"max_attempts": 0}))
            for service in ("lambda", "iam", "sqs", "logs")
        }


def code(number: int) -> bytes:
    return zipped(SOURCE.replace("NUMBER", str(number)))


def settled(aws: Any, name: str) -> dict[str, Any]:
    """As the waiters of both do it: GetFunction until the last update is over."""
    answer: dict[str, Any] = until(
        lambda: aws.get_function(FunctionName=name),
        lambda shown: (
            shown["Configuration"]["State"] == "Active"
            and shown["Configuration"]["LastUpdateStatus"] != "InProgress"
        ),
    )
    assert answer["Configuration"]["LastUpdateStatus"] == "Successful"
    return answer


def run(aws: Any, name: str) -> Any:
    return json.load(aws.invoke(FunctionName=name)["Payload"])


def stack(clients: dict[str, Any], name: str, runtime: str, **members: Any) -> dict[str, Any]:
    """A function with version, alias `live`, permission and queue, as CloudFormation's handlers make them."""
    aws = clients["lambda"]
    aws.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime=runtime,
        Handler="app.handler",
        Code={"ZipFile": code(1)},
        Tags={"stack": "shop", "lambda:createdBy": "SAM"},
        **members,
    )
    shown = settled(aws, name)
    # The handler's read.
    aws.get_function_code_signing_config(FunctionName=name)
    aws.get_function_recursion_config(FunctionName=name)
    aws.get_runtime_management_config(FunctionName=name)
    digest = base64.b64encode(hashlib.sha256(code(1)).digest()).decode()
    assert shown["Configuration"]["CodeSha256"] == digest
    version = aws.publish_version(FunctionName=name, CodeSha256=digest)["Version"]
    aws.get_function_configuration(FunctionName=name, Qualifier=version)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    aws.add_permission(
        FunctionName=f"{name}:live",
        StatementId=f"{name}-permission",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn="arn:aws:sns:us-east-1:123456789012:news",
    )
    assert "news" in aws.get_policy(FunctionName=name, Qualifier="live")["Policy"]
    url = clients["sqs"].create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    made = aws.create_event_source_mapping(FunctionName=f"{name}:live", EventSourceArn=arn)
    until(
        lambda: aws.get_event_source_mapping(UUID=made["UUID"]), lambda mapping: mapping["State"] == "Enabled"
    )
    return {"uuid": made["UUID"], "queue": url, "version": version}


def delete(clients: dict[str, Any], name: str, made: dict[str, Any]) -> None:
    """As a stack is deleted: in the reverse order, and what is gone is no error."""
    aws = clients["lambda"]
    aws.delete_event_source_mapping(UUID=made["uuid"])
    until(lambda: found(lambda: aws.get_event_source_mapping(UUID=made["uuid"])), lambda shown: shown is None)
    clients["sqs"].delete_queue(QueueUrl=made["queue"])
    aws.remove_permission(FunctionName=f"{name}:live", StatementId=f"{name}-permission")
    aws.delete_alias(FunctionName=name, Name="live")
    aws.delete_function(FunctionName=name, Qualifier=made["version"])
    aws.delete_function(FunctionName=name)
    until(lambda: found(lambda: aws.get_function(FunctionName=name)), lambda shown: shown is None)
    assert found(lambda: aws.delete_function(FunctionName=name)) is None


def test_a_stack_is_made_updated_and_deleted(clients, lamb_of_module):
    aws = clients["lambda"]
    made = stack(clients, "shop", lamb_of_module.runtime, Timeout=10, MemorySize=256)
    # A change set: configuration, then code, then a new version for the alias.
    aws.update_function_configuration(FunctionName="shop", Environment={"Variables": {"STAGE": "prod"}})
    settled(aws, "shop")
    aws.update_function_code(FunctionName="shop", ZipFile=code(2))
    arn = settled(aws, "shop")["Configuration"]["FunctionArn"]
    aws.untag_resource(Resource=arn, TagKeys=["lambda:createdBy"])
    aws.tag_resource(Resource=arn, Tags={"stage": "prod"})
    version = aws.publish_version(FunctionName="shop", Description="second")["Version"]
    aws.update_alias(FunctionName="shop", Name="live", FunctionVersion=version)
    assert (version, run(aws, "shop:live"), run(aws, "shop:1")) == ("2", [2, "prod"], [1, None])
    assert aws.list_tags(Resource=arn)["Tags"] == {"stack": "shop", "stage": "prod"}
    delete(clients, "shop", made)


def test_sam_syncs_code_alias_and_layer(clients, lamb_of_module):
    aws = clients["lambda"]
    made = stack(clients, "synced", lamb_of_module.runtime)
    # Code: only what differs is sent.
    remote = aws.get_function(FunctionName="synced")["Configuration"]["CodeSha256"]
    assert base64.b64decode(remote).hex() == hashlib.sha256(code(1)).hexdigest()
    aws.update_function_code(FunctionName="synced", ZipFile=code(2))
    settled(aws, "synced")
    version = aws.publish_version(FunctionName="synced")["Version"]
    aws.update_alias(FunctionName="synced", Name="live", FunctionVersion=version)
    assert run(aws, "synced:live") == [2, None]
    # A layer: published anew under its ARN without a version, the old one deleted, the function moved on.
    first = aws.publish_layer_version(
        LayerName="common", Content={"ZipFile": zipped("A = 1\n", "python/a.py")}
    )
    aws.update_function_configuration(FunctionName="synced", Layers=[first["LayerVersionArn"]])
    settled(aws, "synced")
    layer_arn = first["LayerVersionArn"].rpartition(":")[0]
    latest = aws.list_layer_versions(LayerName=layer_arn)["LayerVersions"][0]["Version"]
    content = aws.get_layer_version(LayerName=layer_arn, VersionNumber=latest)["Content"]
    assert content["CodeSha256"] == first["Content"]["CodeSha256"]
    second = aws.publish_layer_version(
        LayerName=layer_arn, Content={"ZipFile": zipped("A = 2\n", "python/a.py")}, CompatibleRuntimes=[]
    )
    aws.delete_layer_version(LayerName=layer_arn, VersionNumber=latest)
    assert second["Version"] == 2
    shown = aws.get_function(FunctionName="synced")["Configuration"]
    arns = [layer["Arn"] for layer in shown["Layers"] if not layer["Arn"].startswith(layer_arn)]
    aws.update_function_configuration(FunctionName="synced", Layers=[*arns, f"{layer_arn}:2"])
    settled(aws, "synced")
    assert [layer["Arn"] for layer in aws.get_function(FunctionName="synced")["Configuration"]["Layers"]] == [
        f"{layer_arn}:2"
    ]
    # `sam remote invoke` looks for a streaming URL first, and then calls.
    assert found(lambda: aws.get_function_url_config(FunctionName="synced")) is None
    answer = aws.invoke(FunctionName="synced", InvocationType="RequestResponse", LogType="Tail", Payload="{}")
    assert b"REPORT RequestId" in base64.b64decode(answer["LogResult"])
    # `sam logs` reads the function's group.
    events = clients["logs"].filter_log_events(logGroupName="/aws/lambda/synced", interleaved=True)["events"]
    assert any(event["message"].startswith("REPORT RequestId") for event in events)
    aws.delete_layer_version(LayerName="common", VersionNumber=2)
    delete(clients, "synced", made)


def test_cdk_hotswaps_code_configuration_version_and_alias(clients, lamb_of_module):
    aws = clients["lambda"]
    made = stack(clients, "swapped", lamb_of_module.runtime)
    aws.update_function_code(FunctionName="swapped", ZipFile=code(3))
    aws.get_waiter("function_updated_v2").wait(FunctionName="swapped", WaiterConfig={"Delay": 1})
    aws.update_function_configuration(
        FunctionName="swapped", Description="hot", Environment={"Variables": {"STAGE": "dev"}}
    )
    aws.get_waiter("function_updated_v2").wait(FunctionName="swapped", WaiterConfig={"Delay": 1})
    version = aws.publish_version(FunctionName="swapped")["Version"]
    aws.update_alias(FunctionName="swapped", Name="live", FunctionVersion=version)
    assert run(aws, "swapped:live") == [3, "dev"]
    delete(clients, "swapped", made)
