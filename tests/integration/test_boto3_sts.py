"""boto3's STS client, unpatched, and what its credentials are good for on a served port."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
ASKING = """
import base64, os
import boto3

def handler(event, context):
    who = boto3.client("sts").get_caller_identity()
    told = {"arn": who["Arn"], "id": who["UserId"]}
    if "blob" in event:
        try:
            opened = boto3.client("kms").decrypt(CiphertextBlob=base64.b64decode(event["blob"]))
            told["plain"] = opened["Plaintext"].decode()
        except Exception as error:
            told["error"] = str(error)
    return told
"""


class Clients:
    def __init__(self, served: harness.Served) -> None:
        self._served = served
        self.sts, self.iam, self.sqs, self.kms, self.functions = (
            self.of(name) for name in ("sts", "iam", "sqs", "kms", "lambda")
        )

    def of(self, service: str, credentials: Any = None) -> Any:
        given = dict(self._served.aws)
        if credentials is not None:
            given |= {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            }
        return boto3.client(service, **given, config=Config(retries={"max_attempts": 0}))

    def role(self, name: str, principal: dict[str, Any], *statements: dict[str, Any]) -> str:
        """Its ARN."""
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        arn: str = made["Role"]["Arn"]
        return arn


@pytest.fixture(scope="module")
def clients(lamb_of_module: harness.Lamb) -> Iterator[Clients]:
    with lamb_of_module.serving() as served:
        yield Clients(served)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allowing(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def refused(ask: Any, **members: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        ask(**members)
    answer = caught.value.response
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def test_the_owner_is_the_account_s_root(clients: Clients) -> None:
    told = clients.sts.get_caller_identity()
    assert {name: told[name] for name in ("UserId", "Account", "Arn")} == {
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
    }


def test_a_role_is_taken_on_and_may_do_what_it_may(clients: Clients) -> None:
    url = clients.sqs.create_queue(QueueName="inbox")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"
    arn = clients.role("sender", {"AWS": ACCOUNT}, allowing("sqs:SendMessage", on=queue))
    assumed = clients.sts.assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    role_id = clients.iam.get_role(RoleName="sender")["Role"]["RoleId"]
    assert assumed["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:me",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/sender/me",
    }
    assert "PackedPolicySize" not in assumed
    left = assumed["Credentials"]["Expiration"] - datetime.now(timezone.utc)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15, seconds=1)
    told = clients.of("sts", assumed["Credentials"]).get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (assumed["AssumedRoleUser"]["Arn"], f"{role_id}:me")
    sqs = clients.of("sqs", assumed["Credentials"])
    assert sqs.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    code, message, status = refused(sqs.receive_message, QueueUrl=url)
    assert (code, status) == ("AccessDeniedException", 403)
    assert f"{assumed['AssumedRoleUser']['Arn']} is not authorized to perform: sqs:ReceiveMessage" in message
    clients.iam.put_role_policy(
        RoleName="sender", PolicyName="p", PolicyDocument=policy(allowing("sqs:ReceiveMessage"))
    )
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDeniedException"


def test_a_session_policy_leaves_less(clients: Clients) -> None:
    arn = clients.role("all", {"AWS": ACCOUNT}, allowing("*"))
    assumed = clients.sts.assume_role(
        RoleArn=arn, RoleSessionName="less", Policy=policy(allowing("sqs:ListQueues"))
    )
    assert 0 < assumed["PackedPolicySize"] < 20
    sqs = clients.of("sqs", assumed["Credentials"])
    assert sqs.list_queues()
    code, message, _ = refused(sqs.create_queue, QueueName="new")
    assert code == "AccessDeniedException"
    assert "because no session policy allows the sqs:CreateQueue action" in message


def test_a_tag_of_the_session_is_a_condition_that_policies_can_ask(clients: Clients) -> None:
    only = {**allowing("sqs:ListQueues"), "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
    arn = clients.role("tagged", {"AWS": ACCOUNT}, only)
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    clients.iam.update_assume_role_policy(RoleName="tagged", PolicyDocument=policy(trust))

    def queues(team: str) -> Any:
        tags = [{"Key": "team", "Value": team}]
        assumed = clients.sts.assume_role(RoleArn=arn, RoleSessionName="me", Tags=tags)
        return clients.of("sqs", assumed["Credentials"]).list_queues

    assert queues("blue")()
    assert refused(queues("red"))[0] == "AccessDeniedException"


def test_a_role_that_does_not_trust_or_is_not_there_is_denied(clients: Clients) -> None:
    arn = clients.role("closed", {"Service": "lambda.amazonaws.com"})
    for each in (arn, f"arn:aws:iam::{ACCOUNT}:role/none"):
        assert refused(clients.sts.assume_role, RoleArn=each, RoleSessionName="me") == (
            "AccessDenied",
            (
                f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole "
                f"on resource: {each}"
            ),
            403,
        )


def test_what_cannot_be_meant_is_refused_in_sts_s_words(clients: Clients) -> None:
    arn = clients.role("brief", {"AWS": ACCOUNT})

    def ask(**members: Any) -> tuple[str, str, int]:
        return refused(clients.sts.assume_role, **{"RoleArn": arn, "RoleSessionName": "me", **members})

    assert ask(RoleArn="nothing-valid-in-here") == (
        "ValidationError",
        "nothing-valid-in-here is invalid",
        400,
    )
    assert ask(RoleSessionName="Session1:2") == (
        "ValidationError",
        (
            "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy "
            r"constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        ),
        400,
    )
    assert ask(DurationSeconds=3601)[:2] == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    assert ask(Policy="{}")[0] == "MalformedPolicyDocument"
    assert refused(clients.sts.get_session_token)[0] == "InvalidAction"


def test_a_function_is_a_session_of_its_role_and_decrypts_with_the_keys_that_it_may_use(
    clients: Clients, lamb_of_module: harness.Lamb
) -> None:
    mine, other = (clients.kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    arn = clients.role("opener", {"Service": "lambda.amazonaws.com"}, allowing("kms:Decrypt", on=mine))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, ASKING)
    clients.functions.create_function(
        FunctionName="asking",
        Runtime=lamb_of_module.runtime,
        Handler="app.handler",
        Role=arn,
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
        MemorySize=256,
    )
    clients.functions.get_waiter("function_active_v2").wait(FunctionName="asking", WaiterConfig={"Delay": 1})

    def invoke(key: str) -> dict[str, Any]:
        blob = clients.kms.encrypt(KeyId=key, Plaintext=b"s3cret")["CiphertextBlob"]
        event = json.dumps({"blob": base64.b64encode(blob).decode()})
        answer = clients.functions.invoke(FunctionName="asking", Payload=event)
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        return told

    role_id = clients.iam.get_role(RoleName="opener")["Role"]["RoleId"]
    assert invoke(mine) == {
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/opener/asking",
        "id": f"{role_id}:asking",
        "plain": "s3cret",
    }
    assert f"is not authorized to perform: kms:Decrypt on resource: {other}" in invoke(other)["error"]
