"""The same calls of IAM and KMS to lamb and to moto: answers have the same members, refusals the same codes.

Where AWS and moto differ, AWS is right: what moto says otherwise is listed with what AWS does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
)
MINE = "arn:aws:iam::123456789012:policy/p"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
ROLE = {"RoleName": "r"}
IAM = [
    ("create_role", {**ROLE, "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "k", "Value": "v"}]}),
    ("create_role", {**ROLE, "AssumeRolePolicyDocument": TRUST}),
    ("get_role", ROLE),
    ("get_role", {"RoleName": "none"}),
    ("update_role", {**ROLE, "Description": "d"}),
    ("list_role_tags", ROLE),
    ("put_role_policy", {**ROLE, "PolicyName": "i", "PolicyDocument": POLICY}),
    ("get_role_policy", {**ROLE, "PolicyName": "i"}),
    ("get_role_policy", {**ROLE, "PolicyName": "none"}),
    ("list_role_policies", ROLE),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": POLICY}),
    ("create_policy", {"PolicyName": "p", "PolicyDocument": POLICY}),
    ("get_policy", {"PolicyArn": MINE}),
    ("get_policy", {"PolicyArn": f"{MINE}2"}),
    ("create_policy_version", {"PolicyArn": MINE, "PolicyDocument": POLICY}),
    ("delete_policy_version", {"PolicyArn": MINE, "VersionId": "v1"}),
    ("get_policy_version", {"PolicyArn": MINE, "VersionId": "v2"}),
    ("delete_policy_version", {"PolicyArn": MINE, "VersionId": "v2"}),
    ("attach_role_policy", {**ROLE, "PolicyArn": BASIC}),
    ("attach_role_policy", {**ROLE, "PolicyArn": f"{MINE}2"}),
    ("list_attached_role_policies", ROLE),
    ("list_entities_for_policy", {"PolicyArn": BASIC}),
    ("delete_role", ROLE),
    ("detach_role_policy", {**ROLE, "PolicyArn": BASIC}),
    ("detach_role_policy", {**ROLE, "PolicyArn": BASIC}),
    ("delete_role", ROLE),
    ("delete_role_policy", {**ROLE, "PolicyName": "i"}),
    ("list_instance_profiles_for_role", ROLE),
    ("delete_role", ROLE),
    ("delete_policy", {"PolicyArn": MINE}),
]
KMS = [
    ("create_key", {"Description": "d"}),
    ("create_alias", {"AliasName": "alias/a", "TargetKeyId": "KEY"}),
    ("create_alias", {"AliasName": "alias/a", "TargetKeyId": "KEY"}),
    ("create_alias", {"AliasName": "alias/aws/x", "TargetKeyId": "KEY"}),
    ("create_alias", {"AliasName": "alias/b", "TargetKeyId": "alias/a"}),
    ("describe_key", {"KeyId": "alias/a"}),
    ("describe_key", {"KeyId": "alias/none"}),
    ("list_aliases", {"KeyId": "KEY"}),
    ("get_key_policy", {"KeyId": "KEY", "PolicyName": "default"}),
    ("list_resource_tags", {"KeyId": "KEY"}),
    ("encrypt", {"KeyId": "KEY", "Plaintext": b"x"}),
    ("generate_data_key_without_plaintext", {"KeyId": "KEY", "KeySpec": "AES_256"}),
    ("generate_data_key", {"KeyId": "KEY"}),
    ("decrypt", {"CiphertextBlob": b"no ciphertext of anybody's"}),
    ("schedule_key_deletion", {"KeyId": "KEY"}),
    ("cancel_key_deletion", {"KeyId": "KEY"}),
    ("describe_key", {"KeyId": "KEY"}),
    ("delete_alias", {"AliasName": "alias/a"}),
]
# Number of the call → what AWS does where moto does something else.
OTHERWISE = {
    "iam": {
        0: "only GetRole tells MaxSessionDuration and RoleLastUsed",
        10: "PermissionsBoundaryUsageCount is told",
        12: "PermissionsBoundaryUsageCount is told",
        14: "only GetPolicyVersion tells the document",
        18: "AWS's own policies are there",
        20: "as above",
        21: "as above",
        23: "as above",
        27: "IsTruncated is told",
    },
    "kms": {
        0: "KeyUsage, MultiRegion and CurrentKeyMaterialId are told, and SigningAlgorithms of keys that sign",
        3: "names that begin with alias/aws/ are reserved",
        5: "as for CreateKey",
        7: "when an alias was made is told",
        8: "PolicyName is told",
        10: "EncryptionAlgorithm is told",
        11: "KeyMaterialId is told",
        14: "KeyState and PendingWindowInDays are told",
        16: "as for CreateKey",
    },
}


@pytest.fixture(scope="module")
def sides(lamb_of_module: harness.Lamb) -> Iterator[list[dict[str, Any]]]:
    """Clients of lamb and of moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with lamb_of_module.serving() as served:
        elsewhere = {**served.aws, "endpoint_url": f"http://{host}:{port}"}
        retries = Config(retries={"max_attempts": 0})
        yield [
            {name: boto3.client(name, **side, config=retries) for name in ("iam", "kms")}
            for side in (dict(served.aws), elsewhere)
        ]
    server.stop()


def outline(value: Any) -> Any:
    """The members of a document, without what they are."""
    if isinstance(value, dict):
        return {name: outline(item) for name, item in sorted(value.items()) if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [outline(item) for item in value]
    return type(value).__name__


def told(client: Any, operation: str, members: dict[str, Any]) -> Any:
    try:
        return outline(getattr(client, operation)(**members))
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(("service", "calls"), [("iam", IAM), ("kms", KMS)])
def test_answers_have_the_members_that_moto_s_have(sides: Any, service: str, calls: Any) -> None:
    differences = {}
    keys = ["", ""]
    for number, (operation, members) in enumerate(calls):
        answers = []
        for at, side in enumerate(sides):
            if operation == "create_key":
                keys[at] = side["kms"].create_key()["KeyMetadata"]["KeyId"]
            given = {n: keys[at] if value == "KEY" else value for n, value in members.items()}
            answers.append(told(side[service], operation, given))
        if answers[0] != answers[1]:
            differences[number] = (operation, *answers)
    assert {number: differences[number] for number in differences if number not in OTHERWISE[service]} == {}
