from __future__ import annotations

import json

import pytest
from unit.core.entities import ACCOUNT, BASIC, allowing, make_policy, make_role

from lamb.core import aws_policies, managed_policies, roles
from lamb.core.managed_policies import Wanted
from lamb.model.errors import AccessDenied
from lamb.model.iam_errors import (
    BadRequest,
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from lamb.model.policy_syntax import refuse_malformed
from lamb.model.requests import Page

FIRST = Page()


def add_version(plane, arn, action="sqs:Next", *, default=False):
    return managed_policies.create_version(plane.core, ACCOUNT, arn, allowing(action), default=default).id


def arns(plane, wanted, page=FIRST):
    views, marker = managed_policies.list_policies(plane.core, ACCOUNT, wanted, page)
    return [view.policy.arn for view in views], marker


def test_a_policy_is_shown_with_the_roles_that_have_it(plane):
    arn = make_policy(plane, path="/a/")
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/a/p"
    make_role(plane, "one", boundary_arn=arn)
    make_role(plane, "two")
    roles.attach(plane.core, ACCOUNT, "two", arn)
    view = managed_policies.get(plane.core, ACCOUNT, arn)
    assert (view.attached, view.bounding, view.policy.default_version) == (1, 1, 1)
    having, bounded = managed_policies.entities(plane.core, ACCOUNT, arn)
    assert ([role.name for role in having], [role.name for role in bounded]) == (["two"], ["one"])


def test_two_policies_have_no_name_that_differs_in_case_alone(plane):
    make_policy(plane, "Policy")
    with pytest.raises(
        EntityAlreadyExists, match=r"^A policy called policy already exists\. Duplicate names"
    ):
        make_policy(plane, "policy")


def test_a_policy_has_a_length(plane):
    with pytest.raises(LimitExceeded, match=r"^Cannot exceed quota for PolicySize: 6144$"):
        make_policy(plane, document=allowing(resource="arn:aws:sqs:::" + "x" * 6144))


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        (f"arn:aws:iam::{ACCOUNT}:policy/none", NoSuchEntity),
        (f"arn:aws:iam::{ACCOUNT}:policy/x/p", NoSuchEntity),
        ("arn:aws:iam::210987654321:policy/p", NoSuchEntity),
        ("arn:aws:iam::aws:policy/None", NoSuchEntity),
        ("arn:aws:iam::aws:role/None", InvalidInput),
        ("a string that is no arn", InvalidInput),
    ],
)
def test_a_policy_that_is_not_there_is_not_shown(plane, arn, error):
    make_policy(plane)
    with pytest.raises(error):
        managed_policies.get(plane.core, ACCOUNT, arn)


def test_a_policy_has_five_versions_at_most_and_numbers_are_not_used_twice(plane):
    arn = make_policy(plane)
    assert [add_version(plane, arn) for _ in range(4)] == ["v2", "v3", "v4", "v5"]
    with pytest.raises(LimitExceeded, match=r"^A managed policy can have up to 5 versions\."):
        add_version(plane, arn)
    managed_policies.delete_version(plane.core, ACCOUNT, arn, "v5")
    assert add_version(plane, arn, default=True) == "v6"
    versions, default = managed_policies.versions(plane.core, ACCOUNT, arn)
    assert ([version.number for version in versions], default) == ([6, 4, 3, 2, 1], 6)


def test_the_default_version_goes_with_its_policy_alone(plane):
    arn = make_policy(plane)
    add_version(plane, arn)
    with pytest.raises(DeleteConflict, match=r"^Cannot delete the default version of a policy\.$"):
        managed_policies.delete_version(plane.core, ACCOUNT, arn, "v1")
    with pytest.raises(DeleteConflict, match=r"^This policy has more than one version\."):
        managed_policies.delete(plane.core, ACCOUNT, arn)
    managed_policies.delete_version(plane.core, ACCOUNT, arn, "v2")
    managed_policies.delete(plane.core, ACCOUNT, arn)
    with pytest.raises(NoSuchEntity, match=f"^Policy {arn} was not found.$"):
        managed_policies.get(plane.core, ACCOUNT, arn)


def test_a_policy_that_a_role_has_is_not_deleted(plane):
    arn = make_policy(plane)
    make_role(plane)
    roles.attach(plane.core, ACCOUNT, "r", arn)
    with pytest.raises(DeleteConflict, match=r"^Cannot delete a policy attached to entities\.$"):
        managed_policies.delete(plane.core, ACCOUNT, arn)


def test_a_version_that_is_none_is_refused(plane):
    arn = make_policy(plane)
    for ask in (
        managed_policies.version,
        managed_policies.set_default_version,
        managed_policies.delete_version,
    ):
        for version_id in ("v2", "v99999999999999999999"):
            with pytest.raises(
                NoSuchEntity, match=f"version {version_id} does not exist or is not attachable"
            ):
                ask(plane.core, ACCOUNT, arn, version_id)
        with pytest.raises(NoSuchEntity, match="none version v1 does not exist or is not attachable"):
            ask(plane.core, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:policy/none", "v1")
        with pytest.raises(BadRequest, match="Value at 'versionId' failed"):
            ask(plane.core, ACCOUNT, arn, "1")


def test_policies_are_listed_by_whose_they_are_and_by_use(plane):
    mine = [make_policy(plane, name) for name in ("a", "b")]
    make_role(plane, boundary_arn=mine[1])
    roles.attach(plane.core, ACCOUNT, "r", BASIC)
    assert arns(plane, Wanted("Local")) == (mine, None)
    assert arns(plane, Wanted(only_attached=True)) == ([mine[1], BASIC], None)
    assert arns(plane, Wanted(usage="PermissionsPolicy")) == ([BASIC], None)
    assert arns(plane, Wanted(usage="PermissionsBoundary")) == ([mine[1]], None)
    assert BASIC in arns(plane, Wanted("AWS", path_prefix="/service-role/"))[0]
    assert mine[0] not in arns(plane, Wanted("AWS"))[0]


def test_a_list_goes_on_where_a_page_ended(plane):
    everything, _ = arns(plane, Wanted(), Page(max_items=1000))
    found, marker = arns(plane, Wanted(), Page(max_items=40))
    while marker:
        more, marker = arns(plane, Wanted(), Page(marker, 40))
        found += more
    assert found == everything


def test_aws_s_own_policies_are_shown_and_nobody_changes_them(plane):
    own, default = managed_policies.version(plane.core, ACCOUNT, BASIC, "v1")
    assert default
    assert json.loads(own.document)["Statement"][0]["Effect"] == "Allow"
    for change in (
        lambda: managed_policies.delete(plane.core, ACCOUNT, BASIC),
        lambda: add_version(plane, BASIC),
        lambda: managed_policies.tag(plane.core, ACCOUNT, BASIC, [("k", "v")]),
    ):
        with pytest.raises(AccessDenied, match="only AWS can change it"):
            change()


def test_aws_s_own_policies_are_well_formed():
    policies = aws_policies.listed("/")
    assert len(policies) > 50
    for policy in policies:
        own = aws_policies.find(policy.arn)
        refuse_malformed(own.version.document)
