"""boto3's IAM client, unpatched, against `lamb serve`: only the endpoint and some keys are set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ALLOWING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:a b+ü"}],
}


@pytest.fixture(scope="module")
def iam(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    with lamb_of_module.serving() as served:
        yield boto3.client("iam", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """One for each test."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:60]


@pytest.fixture
def role(iam: Any, name: str) -> str:
    """Its name."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


@pytest.fixture
def policy(iam: Any, name: str) -> str:
    """Its ARN."""
    made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOWING))
    arn: str = made["Policy"]["Arn"]
    return arn


def refused(ask: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        ask()
    answer = caught.value.response
    assert answer["Error"]["Type"] == "Sender"
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


# ------------------------------------------------------------------ roles


def test_a_role_is_created_shown_changed_and_deleted(iam: Any, name: str) -> None:
    made = iam.create_role(
        RoleName=name,
        Path="/service-role/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="für alles",
        MaxSessionDuration=7200,
        Tags=[{"Key": "k", "Value": "v"}],
    )["Role"]
    assert made.pop("RoleId").startswith("AROA")
    assert abs((datetime.now(timezone.utc) - made.pop("CreateDate")).total_seconds()) < 60
    assert made == {
        "Path": "/service-role/",
        "RoleName": name,
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/service-role/{name}",
        "AssumeRolePolicyDocument": TRUST,
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    shown = iam.get_role(RoleName=name)["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"], shown["RoleLastUsed"]) == (
        "für alles",
        7200,
        {},
    )
    iam.update_role(RoleName=name, Description="", MaxSessionDuration=3600)
    shown = iam.update_role_description(RoleName=name, Description="again")["Role"]
    assert shown["Description"] == "again"
    assert iam.get_role(RoleName=name)["Role"]["MaxSessionDuration"] == 3600
    trust = {**TRUST, "Id": "other"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    iam.delete_role(RoleName=name)
    assert refused(lambda: iam.get_role(RoleName=name)) == (
        "NoSuchEntity",
        f"The role with name {name} cannot be found.",
        404,
    )


def test_the_waiter_for_a_role_ends(iam: Any, role: str) -> None:
    iam.get_waiter("role_exists").wait(RoleName=role)


def test_a_role_s_tags_are_set_listed_and_taken_away(iam: Any, role: str) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": ""}])
    page = iam.list_role_tags(RoleName=role, MaxItems=1)
    assert (page["Tags"], page["IsTruncated"]) == ([{"Key": "a", "Value": "1"}], True)
    page = iam.list_role_tags(RoleName=role, Marker=page["Marker"])
    assert (page["Tags"], page["IsTruncated"]) == ([{"Key": "b c", "Value": ""}], False)
    iam.untag_role(RoleName=role, TagKeys=["a", "none"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "b c", "Value": ""}]


def test_roles_are_paginated(iam: Any, name: str) -> None:
    for number in range(5):
        made = {"RoleName": f"{name[:50]}-{number}", "Path": f"/{name}/"}
        iam.create_role(**made, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "k", "Value": "v"}])
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix=f"/{name}/", MaxItems=2))
    assert [len(page["Roles"]) for page in pages] == [2, 2, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert "Tags" not in pages[0]["Roles"][0]
    code = refused(lambda: iam.list_roles(Marker="made up"))
    assert code == ("ValidationError", "Invalid Marker.", 400)


# ------------------------------------------------------------------ policies inside a role


def test_a_policy_inside_a_role_comes_back_as_it_was_put(iam: Any, role: str) -> None:
    for policy in ("one", "two"):
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(ALLOWING))
    shown = without_metadata(iam.get_role_policy(RoleName=role, PolicyName="one"))
    assert shown == {"RoleName": role, "PolicyName": "one", "PolicyDocument": ALLOWING}
    pages = list(iam.get_paginator("list_role_policies").paginate(RoleName=role, MaxItems=1))
    assert [page["PolicyNames"] for page in pages] == [["one"], ["two"]]
    assert refused(lambda: iam.delete_role(RoleName=role)) == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
        409,
    )
    iam.delete_role_policy(RoleName=role, PolicyName="one")
    assert refused(lambda: iam.get_role_policy(RoleName=role, PolicyName="one")) == (
        "NoSuchEntity",
        "The role policy with name one cannot be found.",
        404,
    )


# ------------------------------------------------------------------ managed policies


def test_aws_s_and_a_customer_s_policies_are_attached_and_detached(iam: Any, role: str, policy: str) -> None:
    for arn in (BASIC, policy):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    pages = list(iam.get_paginator("list_attached_role_policies").paginate(RoleName=role, MaxItems=1))
    assert [each for page in pages for each in page["AttachedPolicies"]] == [
        {"PolicyName": role, "PolicyArn": policy},
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC},
    ]
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=policy)
    assert [each["RoleName"] for each in entities["PolicyRoles"]] == [role]
    assert (entities["PolicyUsers"], entities["PolicyGroups"]) == ([], [])
    assert iam.list_entities_for_policy(PolicyArn=policy, EntityFilter="User")["PolicyRoles"] == []
    assert refused(lambda: iam.delete_policy(PolicyArn=policy))[0] == "DeleteConflict"
    for arn in (BASIC, policy):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.delete_policy(PolicyArn=policy)
    assert refused(lambda: iam.attach_role_policy(RoleName=role, PolicyArn=policy)) == (
        "NoSuchEntity",
        f"Policy {policy} does not exist or is not attachable.",
        404,
    )


def test_a_policy_is_created_shown_and_tagged(iam: Any, name: str) -> None:
    made = iam.create_policy(
        PolicyName=name,
        Path="/p/",
        PolicyDocument=json.dumps(ALLOWING),
        Description="what",
        Tags=[{"Key": "k", "Value": "v"}],
    )["Policy"]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p/{name}"
    assert made["PolicyId"].startswith("ANPA")
    assert {key: made[key] for key in ("Arn", "DefaultVersionId", "AttachmentCount", "IsAttachable")} == {
        "Arn": arn,
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "IsAttachable": True,
    }
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "other", "Value": "w"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["k"])
    shown = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (shown["Description"], shown["Tags"]) == ("what", [{"Key": "other", "Value": "w"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == shown["Tags"]
    assert [each["Arn"] for each in iam.list_policies(Scope="Local", PathPrefix="/p/")["Policies"]] == [arn]
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)


def test_versions_of_a_policy_are_made_listed_chosen_and_deleted(iam: Any, policy: str) -> None:
    other = {**ALLOWING, "Id": "other"}
    made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(other), SetAsDefault=True)[
        "PolicyVersion"
    ]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    shown = iam.get_policy_version(PolicyArn=policy, VersionId="v2")["PolicyVersion"]
    assert (shown["Document"], shown["IsDefaultVersion"]) == (other, True)
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    pages = list(iam.get_paginator("list_policy_versions").paginate(PolicyArn=policy, MaxItems=1))
    listed = [(each["VersionId"], each["IsDefaultVersion"]) for page in pages for each in page["Versions"]]
    assert listed == [("v2", False), ("v1", True)]
    iam.delete_policy_version(PolicyArn=policy, VersionId="v2")
    code, message, status = refused(lambda: iam.get_policy_version(PolicyArn=policy, VersionId="v2"))
    assert (code, status) == ("NoSuchEntity", 404)
    assert message == f"Policy {policy} version v2 does not exist or is not attachable."


def test_all_policies_are_paginated(iam: Any, policy: str) -> None:
    pages = list(iam.get_paginator("list_policies").paginate(MaxItems=40))
    arns = [each["Arn"] for page in pages for each in page["Policies"]]
    assert len(set(arns)) == len(arns) > 50
    assert {policy, BASIC} <= set(arns)


# ------------------------------------------------------------------ refusals


def test_what_is_malformed_is_refused_in_iam_s_words(iam: Any, role: str) -> None:
    def create(name: str = "x", trust: Any = TRUST, **members: Any) -> tuple[str, str, int]:
        document = json.dumps(trust)
        return refused(lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **members))

    assert create(role) == ("EntityAlreadyExists", f"Role with name {role} already exists.", 409)
    assert create(trust={}) == (
        "MalformedPolicyDocument",
        "Could not parse the policy: Statement is empty!",
        400,
    )
    assert create("x" * 65) == (
        "ValidationError",
        (
            "1 validation error detected: Value at 'roleName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64"
        ),
        400,
    )
    assert create("a b") == (
        "ValidationError",
        (
            "The specified value for roleName is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        ),
        400,
    )
    assert create(Path="x") == (
        "ValidationError",
        (
            "The specified value for path is invalid. "
            "It must begin and end with / and contain only alphanumeric characters and/or / characters."
        ),
        400,
    )
    assert create(MaxSessionDuration=50_000)[1] == (
        "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: "
        "Member must have value less than or equal to 43200"
    )
    assert create(Tags=[{"Key": "k", "Value": ""}, {"Key": "K", "Value": ""}])[0] == "InvalidInput"


def test_what_lamb_has_not_is_refused(iam: Any) -> None:
    assert refused(iam.list_users) == (
        "InvalidAction",
        "Could not find operation ListUsers for version 2010-05-08",
        400,
    )
