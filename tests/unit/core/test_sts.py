from __future__ import annotations

import json

import pytest
from unit.core.entities import ACCOUNT, allowing, make_policy, make_role, trust

from lamb.core import authorization, credentials, roles, sts
from lamb.core.sts import Wish
from lamb.model.errors import AccessDenied
from lamb.model.iam_errors import BadRequest, MalformedPolicyDocument
from lamb.model.policy import Ask
from lamb.model.sts_errors import PackedPolicyTooLarge, TagsRefused

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ARN = f"arn:aws:iam::{ACCOUNT}:role/r"
FUNCTION = f"arn:aws:sts::{ACCOUNT}:assumed-role/other/f"


def assume(plane, caller=ROOT, **members):
    wanted = {"role_arn": ARN, "session_name": "me", "duration_s": 900, **members}
    return sts.assume(plane.core, caller, Wish(**wanted))


def statement(action="sts:AssumeRole", principal=ROOT, **more):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, **more}


def trusting(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_session_has_the_name_the_role_and_the_time_that_were_asked_for(plane):
    role = make_role(plane, path="/p/", trust=trust(AWS=ACCOUNT))
    made = assume(plane, role_arn=role.arn)
    assert made.session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"
    assert made.packed_percent is None
    found = credentials.of_token(plane.core, made.credential.key_id, made.credential.token)
    assert (found.secret, found.session) == (made.credential.secret, made.session)
    assert found.session.role_id == role.id


@pytest.mark.parametrize(
    ("principal", "caller"),
    [
        ({"Service": "lambda.amazonaws.com"}, ROOT),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, ROOT),
        ({"AWS": "arn:aws:iam::123456789012:role/another"}, FUNCTION),
        ({"AWS": "210987654321"}, ROOT),
    ],
)
def test_who_is_not_trusted_is_denied(plane, principal, caller):
    make_role(plane, trust=trust(**principal))
    with pytest.raises(AccessDenied) as caught:
        assume(plane, caller)
    assert caught.value.message == (
        f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {ARN}"
    )


def test_a_role_that_is_not_there_is_denied_like_one_that_does_not_trust(plane):
    with pytest.raises(AccessDenied, match=f"sts:AssumeRole on resource: {ARN}$"):
        assume(plane)


def test_a_role_trusts_another_role_s_sessions(plane):
    make_role(plane, trust=trust(AWS="arn:aws:iam::123456789012:role/other"))
    assert assume(plane, FUNCTION).session.name == "me"


def test_a_condition_of_the_trust_is_kept(plane):
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    make_role(plane, trust=trusting(statement(Condition=condition)))
    with pytest.raises(AccessDenied):
        assume(plane)
    with pytest.raises(AccessDenied):
        assume(plane, external_id="other")
    assert assume(plane, external_id="secret")


@pytest.mark.parametrize(
    "arn", ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role",
            "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"],
)  # fmt: skip
def test_what_is_no_arn_is_invalid(plane, arn):
    with pytest.raises(BadRequest) as caught:
        assume(plane, role_arn=arn)
    assert caught.value.message == f"{arn} is invalid"


def test_a_session_is_not_longer_than_its_role_allows(plane):
    make_role(plane, trust=trust(AWS=["123456789012", FUNCTION]), max_session_s=7200)
    assert assume(plane, duration_s=7200)
    with pytest.raises(BadRequest, match="exceeds the MaxSessionDuration set for this role"):
        assume(plane, duration_s=7201)
    with pytest.raises(
        BadRequest, match="exceeds the 1 hour session limit for roles assumed by role chaining"
    ):
        assume(plane, FUNCTION, duration_s=3601)


def may(plane, made, action: str) -> bool:
    having = authorization.rights(plane.core, ARN)
    try:
        authorization.require(having, made.session, Ask(action, "*", made.session.arn), by_default=True)
    except AccessDenied:
        return False
    return True


def test_a_session_may_do_what_its_role_may_and_its_own_policies_allow(plane):
    make_role(plane, trust=trust(AWS=ACCOUNT))
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing("sqs:*"))
    managed = make_policy(plane, document=allowing("sqs:Receive*"))
    assert may(plane, assume(plane), "sqs:DeleteMessage")
    less = assume(plane, policy=allowing("sqs:Send*"), policy_arns=[managed])
    assert [
        may(plane, less, f"sqs:{name}") for name in ("SendMessage", "ReceiveMessage", "DeleteMessage")
    ] == [
        True,
        True,
        False,
    ]
    assert not may(plane, assume(plane, policy=allowing("*")), "sns:Publish")
    assert less.packed_percent in range(1, 20)


def test_a_session_of_a_role_that_is_gone_may_do_nothing(plane):
    make_role(plane, trust=trust(AWS=ACCOUNT))
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing("sqs:*"))
    made = assume(plane)
    roles.delete_inline(plane.core, ACCOUNT, "r", "inside")
    roles.delete(plane.core, ACCOUNT, "r")
    assert not may(plane, made, "sqs:SendMessage")
    # Nor is another role of that name anything to it.
    make_role(plane, trust=trust(AWS=ACCOUNT))
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing("sqs:*"))
    assert not may(plane, made, "sqs:SendMessage")
    assert may(plane, assume(plane), "sqs:SendMessage")


def test_session_policies_are_well_formed_there_and_short(plane):
    make_role(plane, trust=trust(AWS=ACCOUNT))
    with pytest.raises(MalformedPolicyDocument):
        assume(plane, policy="{}")
    with pytest.raises(BadRequest, match="does not exist or is not attachable"):
        assume(plane, policy_arns=[f"arn:aws:iam::{ACCOUNT}:policy/none"])
    with pytest.raises(BadRequest, match="ARN none is not valid"):
        assume(plane, policy_arns=["none"])
    with pytest.raises(PackedPolicyTooLarge):
        assume(plane, policy=allowing(resource="arn:aws:sqs:::" + "x" * 2048))


def test_tags_and_a_source_identity_have_to_be_trusted_too(plane):
    make_role(plane, trust=trust(AWS=ACCOUNT))
    with pytest.raises(AccessDenied, match="perform: sts:TagSession"):
        assume(plane, tags=[("k", "v")])
    with pytest.raises(AccessDenied, match="perform: sts:SetSourceIdentity"):
        assume(plane, source_identity="me")
    everything = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    roles.update_trust(plane.core, ACCOUNT, "r", trusting(statement(everything)))
    made = assume(plane, tags=[("k", "v")], transitive=["K"], source_identity="me")
    assert (made.tags, made.source_identity) == ({"k": "v"}, "me")
    roles.tag(plane.core, ACCOUNT, "r", [("k", "of the role"), ("team", "blue")])
    made = assume(plane, tags=[("K", "v")])
    found = credentials.of_token(plane.core, made.credential.key_id, made.credential.token)
    assert found.session.tags == {"k": "v", "team": "blue"}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"tags": [("k", "v"), ("K", "w")]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"tags": [("k", "v")], "transitive": ["other"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
    ],
)
def test_tags_that_contradict_each_other_are_refused(plane, members, message):
    make_role(plane, trust=trusting(statement(["sts:AssumeRole", "sts:TagSession"])))
    with pytest.raises(TagsRefused) as caught:
        assume(plane, **members)
    assert caught.value.message == message


def test_changes_of_rights_are_announced(plane):
    told = []
    plane.core.credentials_changed = lambda: told.append(1)
    make_role(plane)
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing())
    roles.attach(plane.core, ACCOUNT, "r", make_policy(plane))
    roles.set_boundary(plane.core, ACCOUNT, "r", None)
    assert len(told) == 4
    roles.tag(plane.core, ACCOUNT, "r", [("k", "v")])
    assert len(told) == 4
