from __future__ import annotations

import json

import pytest
from unit.core.entities import ACCOUNT, BASIC, allowing, make_policy, make_role, trust

from lamb.core import managed_policies, roles
from lamb.model.errors import InvalidParameterValue
from lamb.model.iam_errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
)
from lamb.model.requests import Page

ARN = f"arn:aws:iam::{ACCOUNT}:role/r"


def documents(plane, arn=ARN):
    with plane.core.database.reading() as tx:
        return roles.documents_of(tx, arn)


def test_a_role_is_kept_as_it_was_made(plane):
    made = make_role(plane, path="/a/b/", description="what", tags=[("k", "v")])
    assert made.arn == f"arn:aws:iam::{ACCOUNT}:role/a/b/r"
    assert made.id.startswith("AROA")
    assert len(made.id) == 21
    assert roles.get(plane.core, ACCOUNT, "r") == made


def test_two_roles_have_no_name_that_differs_in_case_alone(plane):
    make_role(plane, "Role")
    with pytest.raises(EntityAlreadyExists, match=r"^Role with name role already exists\.$"):
        make_role(plane, "role")


def test_a_role_belongs_to_its_account(plane):
    make_role(plane)
    with pytest.raises(NoSuchEntity, match=r"^The role with name r cannot be found\.$"):
        roles.get(plane.core, "210987654321", "r")
    make_role(plane, account="210987654321")


def test_a_role_made_anew_is_another_one(plane):
    before = make_role(plane)
    roles.delete(plane.core, ACCOUNT, "r")
    assert make_role(plane).id != before.id


def test_a_trust_policy_has_a_length(plane):
    with pytest.raises(LimitExceeded, match=r"^Cannot exceed quota for ACLSizePerRole: 2048$"):
        make_role(plane, trust=trust(AWS=[f"arn:aws:iam::{ACCOUNT}:role/{'x' * 60}"] * 25))


def test_white_space_does_not_count(plane):
    make_role(plane, trust=trust() + " " * 3000)


def test_a_malformed_trust_policy_changes_nothing(plane):
    before = make_role(plane)
    with pytest.raises(MalformedPolicyDocument):
        roles.update_trust(plane.core, ACCOUNT, "r", "{}")
    assert roles.get(plane.core, ACCOUNT, "r") == before


def test_what_is_not_given_stays_as_it_was(plane):
    make_role(plane, description="what")
    assert roles.update(plane.core, ACCOUNT, "r", max_session_s=7200).description == "what"
    role = roles.get(plane.core, ACCOUNT, "r")
    assert (role.description, role.max_session_s) == ("what", 7200)


def test_roles_are_listed_by_name_a_page_at_a_time(plane):
    for name in ("c", "a", "b", "d"):
        make_role(plane, name, path="/x/" if name != "d" else "/y/")
    page, marker = roles.list_roles(plane.core, ACCOUNT, "/x/", Page(max_items=2))
    assert [role.name for role in page] == ["a", "b"]
    page, marker = roles.list_roles(plane.core, ACCOUNT, "/x/", Page(marker, 2))
    assert ([role.name for role in page], marker) == (["c"], None)


# ------------------------------------------------------------------ tags


def test_a_tag_s_key_is_the_same_in_any_case(plane):
    make_role(plane, tags=[("Team", "a")])
    roles.tag(plane.core, ACCOUNT, "r", [("team", "b"), ("other", "c")])
    assert roles.get(plane.core, ACCOUNT, "r").tags == {"Team": "b", "other": "c"}
    roles.untag(plane.core, ACCOUNT, "r", ["TEAM", "none"])
    assert roles.get(plane.core, ACCOUNT, "r").tags == {"other": "c"}


def test_a_tag_is_given_once(plane):
    with pytest.raises(InvalidInput, match=r"^Duplicate tag keys found\."):
        make_role(plane, tags=[("k", "a"), ("K", "b")])


def test_a_role_has_fifty_tags_at_most(plane):
    make_role(plane, tags=[(f"k{number}", "") for number in range(50)])
    with pytest.raises(LimitExceeded, match=r"^The number of tags has reached the maximum limit\.$"):
        roles.tag(plane.core, ACCOUNT, "r", [("one more", "")])


# ------------------------------------------------------------------ policies


def test_what_a_role_may_do_stands_in_its_policies_and_those_it_has(plane):
    make_role(plane)
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing("s3:GetObject"))
    roles.attach(plane.core, ACCOUNT, "r", make_policy(plane, document=allowing("sns:Publish")))
    roles.attach(plane.core, ACCOUNT, "r", BASIC)
    actions = [document["Statement"][0]["Action"] for document in documents(plane)]
    assert actions == [
        "s3:GetObject",
        "sns:Publish",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ]


def test_a_role_without_policies_may_do_nothing_and_an_unknown_one_is_unknown(plane):
    make_role(plane)
    make_role(plane, "other", path="/x/")
    assert documents(plane) == []
    for arn in (
        f"arn:aws:iam::{ACCOUNT}:role/none",
        f"arn:aws:iam::{ACCOUNT}:role/other",
        "arn:aws:iam::210987654321:role/r",
        f"arn:aws:iam::{ACCOUNT}:policy/r",
        "no arn",
    ):
        assert documents(plane, arn) is None
    assert documents(plane, f"arn:aws:iam::{ACCOUNT}:role/x/other") == []


def test_the_default_version_of_a_policy_is_in_force(plane):
    make_role(plane)
    arn = make_policy(plane, document=allowing("sqs:One"))
    roles.attach(plane.core, ACCOUNT, "r", arn)
    managed_policies.create_version(plane.core, ACCOUNT, arn, allowing("sqs:Two"), default=False)
    assert documents(plane)[0]["Statement"][0]["Action"] == "sqs:One"
    managed_policies.set_default_version(plane.core, ACCOUNT, arn, "v2")
    assert documents(plane)[0]["Statement"][0]["Action"] == "sqs:Two"


def test_a_boundary_is_told_apart_from_what_is_allowed(plane):
    arn = make_policy(plane, document=allowing("sqs:*"))
    make_role(plane, boundary_arn=arn)
    with plane.core.database.reading() as tx:
        assert roles.boundary_of(tx, ARN) == json.loads(allowing("sqs:*"))
        assert roles.documents_of(tx, ARN) == []
    roles.set_boundary(plane.core, ACCOUNT, "r", None)
    with plane.core.database.reading() as tx:
        assert roles.boundary_of(tx, ARN) is None


def test_a_boundary_has_to_be_there(plane):
    with pytest.raises(
        NoSuchEntity, match=r"^Scope ARN: arn:aws:iam::aws:policy/None does not exist or is not"
    ):
        make_role(plane, boundary_arn="arn:aws:iam::aws:policy/None")


def test_a_policy_inside_a_role_is_replaced_shown_and_deleted(plane):
    make_role(plane)
    for action in ("sqs:One", "sqs:Two"):
        roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing(action))
    assert roles.list_inline(plane.core, ACCOUNT, "r") == ["inside"]
    assert roles.inline(plane.core, ACCOUNT, "r", "inside") == allowing("sqs:Two")
    roles.delete_inline(plane.core, ACCOUNT, "r", "inside")
    for ask in (roles.inline, roles.delete_inline):
        with pytest.raises(NoSuchEntity, match=r"^The role policy with name inside cannot be found\.$"):
            ask(plane.core, ACCOUNT, "r", "inside")


def test_the_policies_inside_a_role_have_a_length_together(plane):
    make_role(plane)
    long = allowing(resource="arn:aws:sqs:::" + "x" * 6000)
    roles.put_inline(plane.core, ACCOUNT, "r", "one", long)
    roles.put_inline(plane.core, ACCOUNT, "r", "one", long)
    with pytest.raises(LimitExceeded, match=r"^Maximum policy size of 10240 bytes exceeded for role r$"):
        roles.put_inline(plane.core, ACCOUNT, "r", "two", long)


def test_a_managed_policy_is_attached_once_and_detached_once(plane):
    make_role(plane)
    roles.attach(plane.core, ACCOUNT, "r", BASIC)
    roles.attach(plane.core, ACCOUNT, "r", BASIC)
    assert roles.list_attached(plane.core, ACCOUNT, "r") == [BASIC]
    roles.detach(plane.core, ACCOUNT, "r", BASIC)
    with pytest.raises(NoSuchEntity, match=f"^Policy {BASIC} was not found.$"):
        roles.detach(plane.core, ACCOUNT, "r", BASIC)


def test_a_policy_that_is_not_there_is_not_attached(plane):
    make_role(plane)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/none"
    with pytest.raises(NoSuchEntity, match=f"^Policy {arn} does not exist or is not attachable.$"):
        roles.attach(plane.core, ACCOUNT, "r", arn)


def test_what_is_no_arn_of_a_policy_is_refused(plane):
    make_role(plane)
    for ask in (roles.attach, roles.detach):
        with pytest.raises(InvalidInput, match=r"^ARN some-policy-but-no-arn is not valid\.$"):
            ask(plane.core, ACCOUNT, "r", "some-policy-but-no-arn")


def test_a_role_has_ten_managed_policies_at_most(plane):
    make_role(plane)
    arns = [make_policy(plane, f"p{number}") for number in range(11)]
    for arn in arns[:10]:
        roles.attach(plane.core, ACCOUNT, "r", arn)
    with pytest.raises(LimitExceeded, match=r"^Cannot exceed quota for PoliciesPerRole: 10$"):
        roles.attach(plane.core, ACCOUNT, "r", arns[10])


def test_a_role_with_policies_is_not_deleted(plane):
    make_role(plane)
    roles.put_inline(plane.core, ACCOUNT, "r", "inside", allowing())
    roles.attach(plane.core, ACCOUNT, "r", BASIC)
    with pytest.raises(DeleteConflict, match=r"^Cannot delete entity, must detach all policies first\.$"):
        roles.delete(plane.core, ACCOUNT, "r")
    roles.detach(plane.core, ACCOUNT, "r", BASIC)
    with pytest.raises(DeleteConflict, match=r"^Cannot delete entity, must delete policies first\.$"):
        roles.delete(plane.core, ACCOUNT, "r")
    roles.delete_inline(plane.core, ACCOUNT, "r", "inside")
    roles.delete(plane.core, ACCOUNT, "r")


def test_a_function_may_not_have_a_stored_role_that_keeps_lambda_out(plane):
    make_role(plane, "mine")
    make_role(plane, "others", trust=trust(Service="ec2.amazonaws.com"))
    refused = r"^The role defined for the function cannot be assumed by Lambda\.$"
    other = f"arn:aws:iam::{ACCOUNT}:role/others"
    with pytest.raises(InvalidParameterValue, match=refused):
        plane.create(role=other)
    plane.create(role=f"arn:aws:iam::{ACCOUNT}:role/mine")
    plane.settle()
    with pytest.raises(InvalidParameterValue, match=refused):
        plane.configure(role=other)
    assert plane.latest().configuration.role == f"arn:aws:iam::{ACCOUNT}:role/mine"


def test_a_function_may_have_a_role_that_nobody_stored(plane):
    plane.create(role=f"arn:aws:iam::{ACCOUNT}:role/somewhere-else")
    plane.settle()
    assert plane.configure(role=f"arn:aws:iam::{ACCOUNT}:role/elsewhere").configuration.role.endswith(
        "elsewhere"
    )
