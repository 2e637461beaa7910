"""A Terraform configuration's life: applied, planned empty, changed in place, planned empty, destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from integration import terraform as tf
from integration import terraform_attachments as attached

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
READS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": "*"}],
}
SOURCE = """
import os
from shared import greeting

def handler(event, context):
    return f"{greeting()}, {os.environ['WHO']}: {NUMBER}"
"""


@pytest.fixture(scope="module")
def clients(lamb_of_module: harness.Lamb) -> Iterator[dict[str, Any]]:
    with lamb_of_module.serving() as served:
        yield {
            service: boto3.client(service, **served.aws, config=Config(retries={"max_attempts": 0}))
            for service in ("lambda", "iam", "sqs", "logs")
        }


def code(number: int) -> bytes:
    return tf.zipped(SOURCE.replace("NUMBER", str(number)))


def layer(clients: dict[str, Any], greeting: str, runtime: str) -> tf.LayerVersion:
    source = f"def greeting():\n    return {greeting!r}\n"
    content = tf.zipped(source, "python/shared.py")
    return tf.LayerVersion(
        clients, {"layer_name": "shared", "zip": content, "compatible_runtimes": [runtime]}
    )


def answer(clients: dict[str, Any], name: str) -> Any:
    return json.load(clients["lambda"].invoke(FunctionName=name)["Payload"])


def test_a_configuration_lives_as_in_aws(clients, lamb_of_module):
    plan = tf.Configuration()
    role_block = tf.Role(clients, {"name": "greeter", "assume_role_policy": TRUST})
    role = plan.add(role_block)
    plan.add(tf.RolePolicyAttachment(clients, {"role": "greeter", "policy_arn": BASIC}))
    plan.add(tf.RolePolicy(clients, {"role": "greeter", "name": "reads", "policy": READS}))
    plan.add(tf.LogGroup(clients, {"name": "/aws/lambda/greeter", "retention_in_days": 7}))
    queue = plan.add(tf.Queue(clients, {"name": "greetings", "visibility_timeout_seconds": 60}))
    shared = plan.add(layer(clients, "hello", lamb_of_module.runtime))
    function = tf.Function(
        clients,
        {
            "function_name": "greeter",
            "role": role["arn"],
            "runtime": lamb_of_module.runtime,
            "handler": "app.handler",
            "zip": code(1),
            "environment": {"WHO": "you"},
            "layers": [shared["arn"]],
            "log_group": "/aws/lambda/greeter",
            "timeout": 10,
            "publish": True,
        },
    )
    made = plan.add(function)
    assert (made["version"], made["qualified_arn"]) == ("1", f"{made['FunctionArn']}:1")
    alias = tf.Alias(
        clients, {"function_name": made["FunctionArn"], "name": "live", "function_version": made["version"]}
    )
    named = plan.add(alias)
    permission = {
        "function_name": "greeter",
        "qualifier": "live",
        "statement_id": "AllowEvents",
        "principal": "events.amazonaws.com",
        "source_arn": "arn:aws:events:us-east-1:123456789012:rule/every-hour",
    }
    assert plan.add(tf.Permission(clients, permission))["resource"] == named["arn"]
    mapping = tf.EventSourceMapping(
        clients,
        {
            "EventSourceArn": queue["arn"],
            "FunctionName": named["arn"],
            "BatchSize": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"kind": ["new"]}}'}]},
            "Tags": {"team": "blue"},
        },
    )
    assert plan.add(mapping)["FunctionArn"] == named["arn"]

    # A second read finds what was there: the plan is empty.
    plan.resources[0].state = role_block.read()  # what was attached to it since belongs to the role's state
    assert plan.plan() == {}
    assert answer(clients, "greeter:live") == "hello, you: 1"

    # In place: role, layer, configuration with code and a new version, alias with weights, mapping.
    role_block.change(description="greets", max_session_duration=7200)
    newer = layer(clients, "good day", lamb_of_module.runtime)
    plan.resources.insert(6, newer)
    arn = newer.apply()["arn"]
    after = function.change(
        zip=code(2), environment={"WHO": "all"}, layers=[arn], memory_size=256,
        reserved_concurrent_executions=5,
    )  # fmt: skip
    assert (after["version"], after["reserved_concurrent_executions"]) == ("2", 5)
    alias.change(function_version="2", additional_version_weights={"1": 0.5})
    assert alias.change(additional_version_weights=None)["routing_config"] is None
    assert mapping.change(BatchSize=10, FilterCriteria={}, Enabled=False)["FilterCriteria"] is None
    assert mapping.state is not None
    assert mapping.state["State"] == "Disabled"
    assert plan.plan() == {}
    assert answer(clients, "greeter:live") == "good day, all: 2"
    assert answer(clients, "greeter:1") == "hello, you: 1"

    plan.destroy()
    assert clients["lambda"].list_functions()["Functions"] == []
    assert clients["lambda"].list_event_source_mappings()["EventSourceMappings"] == []
    assert clients["lambda"].list_layers()["Layers"] == []


def test_what_is_attached_to_an_alias_lives_as_in_aws(clients, lamb_of_module):
    plan = tf.Configuration()
    failed = plan.add(tf.Queue(clients, {"name": "failed", "visibility_timeout_seconds": 30}))
    profile = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/abcdefghij"
    signing = attached.CodeSigningConfig(clients, {"publishers": [profile]})
    plan.add(signing)
    function = {
        "function_name": "public",
        "role": "arn:aws:iam::123456789012:role/lamb-local",
        "runtime": lamb_of_module.runtime,
        "handler": "app.handler",
        "zip": tf.zipped("def handler(event, context):\n    return 1\n"),
        "environment": {},
        "log_group": "/aws/lambda/public",
        "publish": True,
    }
    plan.add(tf.Function(clients, function))
    plan.add(tf.Alias(clients, {"function_name": "public", "name": "live", "function_version": "1"}))
    of_alias = {"function_name": "public", "qualifier": "live"}
    url = attached.FunctionUrl(
        clients, {**of_alias, "authorization_type": "NONE", "cors": {"AllowOrigins": ["*"], "MaxAge": 60}}
    )
    assert plan.add(url)["function_arn"].endswith(":public:live")
    events = attached.EventInvokeConfig(
        clients,
        {
            **of_alias,
            "maximum_retry_attempts": 1,
            "maximum_event_age_in_seconds": 90,
            "on_failure": failed["arn"],
        },
    )
    plan.add(events)
    ready = attached.ProvisionedConcurrency(clients, {**of_alias, "provisioned_concurrent_executions": 1})
    assert plan.add(ready)["provisioned_concurrent_executions"] == 1
    assert plan.plan() == {}
    assert url.change(authorization_type="AWS_IAM")["authorization_type"] == "AWS_IAM"
    assert events.change(on_failure=None, maximum_retry_attempts=2)["on_failure"] is None
    assert signing.change(description="warns")["Description"] == "warns"
    assert plan.plan() == {}
    plan.destroy()


def test_what_somebody_changed_by_hand_is_in_the_plan(clients, lamb_of_module):
    plan = tf.Configuration()
    function = tf.Function(
        clients,
        {
            "function_name": "drifting",
            "role": "arn:aws:iam::123456789012:role/lamb-local",
            "runtime": lamb_of_module.runtime,
            "handler": "app.handler",
            "zip": tf.zipped("def handler(event, context):\n    return 1\n"),
            "environment": {},
            "log_group": "/aws/lambda/drifting",
        },
    )
    plan.add(function)
    assert plan.plan() == {}
    lamb_of_module.run("configure", "drifting", "--memory", "512")
    drifted = plan.plan()["Function"]
    assert drifted.pop("LastModified")
    assert drifted == {"MemorySize": (128, 512)}
    function.change(memory_size=128)
    assert plan.plan() == {}
    lamb_of_module.run("delete", "drifting", "--yes")
    assert function.read() is None  # gone by hand: the provider makes it anew
    function.apply()
    plan.destroy()
