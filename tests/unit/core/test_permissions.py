from __future__ import annotations

import json
import re

import pytest
from unit.core.plane import ARN, Plane, key, ref

from lamb.core import aliases, functions, permissions
from lamb.model.errors import (
    InvalidParameterValue,
    LambError,
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.permission import Permission

BUCKET = "arn:aws:s3:::pictures"


def permission(sid: str = "s3", **members) -> Permission:
    given = {"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com", **members}
    return Permission(sid, **given)


def add(plane: Plane, sid: str = "s3", qualifier: str | None = None, revision_id=None, **members):
    return permissions.add(plane.core, ref(qualifier=qualifier), permission(sid, **members), revision_id)


def sids(plane: Plane, qualifier: str | None = None) -> list[str]:
    try:
        policy = permissions.get(plane.core, ref(qualifier=qualifier))
    except ResourceNotFound:
        return []
    return [statement["Sid"] for statement in policy.statements]


def refused(ask, kind: type[LambError]) -> str:
    with pytest.raises(kind) as caught:
        ask()
    return caught.value.message


# ------------------------------------------------------------------ statements


def test_a_statement_says_who_may_do_what_from_where(plane):
    plane.create()
    assert add(plane, source_arn=BUCKET, source_account="111122223333") == {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "111122223333"},
            "ArnLike": {"AWS:SourceArn": BUCKET},
        },
    }


def test_without_conditions_there_is_no_condition(plane):
    plane.create()
    assert "Condition" not in add(plane)


@pytest.mark.parametrize(
    ("members", "condition"),
    [
        ({"event_source_token": "amzn1.ask"}, {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask"}}),
        ({"url_auth_type": "NONE"}, {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        ({"organization_id": "o-1234567890"}, {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        ({"invoked_via_url": True}, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        ({"invoked_via_url": False}, {"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}),
    ],
)
def test_each_condition_has_the_spelling_of_its_key(plane, members, condition):
    plane.create()
    assert add(plane, **members)["Condition"] == condition


@pytest.mark.parametrize(
    ("written", "stands"),
    [
        ("*", "*"),
        ("111122223333", {"AWS": "arn:aws:iam::111122223333:root"}),
        ("arn:aws:iam::111122223333:root", {"AWS": "arn:aws:iam::111122223333:root"}),
        ("arn:aws:iam::111122223333:role/a/b", {"AWS": "arn:aws:iam::111122223333:role/a/b"}),
        ("sns.amazonaws.com", {"Service": "sns.amazonaws.com"}),
        ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
    ],
)
def test_a_principal_stands_in_the_policy_as_aws_writes_it(plane, written, stands):
    plane.create()
    assert add(plane, principal=written)["Principal"] == stands


@pytest.mark.parametrize(
    "written", ["somebody", "invalid.nonaws.com", "12345", "arn:aws:s3:::bucket", ".com"]
)
def test_a_principal_that_is_none_is_refused(plane, written):
    plane.create()
    words = refused(lambda: add(plane, principal=written), InvalidParameterValue)
    assert words == "The provided principal was invalid. Please check the principal and try again."
    assert sids(plane) == []


# ------------------------------------------------------------------ policies


def test_a_policy_is_a_document_with_the_statements_in_their_order(plane):
    plane.create()
    first, second = add(plane, "one"), add(plane, "two", source_arn=BUCKET)
    document = json.loads(permissions.get(plane.core, ref()).text)
    assert document == {"Version": "2012-10-17", "Id": "default", "Statement": [first, second]}
    assert list(document) == ["Version", "Id", "Statement"]


def test_each_qualifier_has_a_policy_of_its_own(plane):
    plane.create(publish=True)
    plane.alias()
    for qualifier in (None, "1", "live"):
        assert add(plane, "same", qualifier)["Resource"] == ref(qualifier=qualifier).arn
    add(plane, "more", "live")
    assert (sids(plane), sids(plane, "1"), sids(plane, "live")) == (["same"], ["same"], ["same", "more"])


def test_publishing_copies_no_policy(plane):
    plane.create()
    add(plane)
    plane.publish()
    assert sids(plane, "1") == []


def test_a_policy_has_a_revision_of_its_own_that_guards_it(plane):
    plane.create()
    function = plane.latest().revision_id
    mismatch = refused(lambda: add(plane, revision_id=function), PreconditionFailed)
    assert mismatch.endswith("Call the GetPolicy API to retrieve the latest Revision Id")
    add(plane, "one")
    before = permissions.get(plane.core, ref()).revision_id
    add(plane, "two", revision_id=before)
    after = permissions.get(plane.core, ref()).revision_id
    assert before != after
    assert plane.latest().revision_id == function
    refused(lambda: add(plane, "three", revision_id=before), PreconditionFailed)
    refused(lambda: permissions.remove(plane.core, ref(), "one", before), PreconditionFailed)
    permissions.remove(plane.core, ref(), "one", after)
    assert sids(plane) == ["two"]


def test_a_statement_id_is_used_once(plane):
    plane.create()
    add(plane)
    assert refused(lambda: add(plane), ResourceConflict) == (
        "The statement id (s3) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )


def test_a_policy_has_an_end(plane):
    plane.create()
    for number in range(20):
        add(plane, str(number), source_arn=BUCKET + "x" * 700)
    words = refused(lambda: add(plane, "more", source_arn=BUCKET + "x" * 4000), PolicyLengthExceeded)
    assert re.fullmatch(r"The final policy size \(2\d{4}\) is bigger than the limit \(20480\)\.", words)
    assert len(permissions.get(plane.core, ref()).text.encode()) <= 20_480


def test_the_unpublished_version_has_no_policy_of_its_own(plane):
    plane.create()
    words = refused(lambda: add(plane, qualifier="$LATEST"), InvalidParameterValue)
    assert words == "We currently do not support adding policies for $LATEST."


def test_what_is_missing_is_said_differently_by_each_operation(plane):
    assert refused(lambda: add(plane), ResourceNotFound) == f"Function not found: {ARN}"
    remove = lambda **q: permissions.remove(plane.core, ref(**q), "sid")  # noqa: E731 - three times below
    assert refused(remove, ResourceNotFound) == f"No policy found for: {ARN}"
    there_is_none = "The resource you requested does not exist."
    assert refused(lambda: permissions.get(plane.core, ref()), ResourceNotFound) == there_is_none
    plane.create()
    assert refused(lambda: permissions.get(plane.core, ref()), ResourceNotFound) == there_is_none
    assert refused(lambda: add(plane, qualifier="7"), ResourceNotFound) == f"Function not found: {ARN}:7"
    words = refused(lambda: add(plane, qualifier="live"), ResourceNotFound)
    assert words == f"Cannot find alias arn: {ARN}:live"
    assert refused(remove, ResourceNotFound) == "No policy is associated with the given resource."
    add(plane)
    assert refused(remove, ResourceNotFound) == "Statement sid is not found in resource policy."


def test_with_its_last_statement_a_policy_is_gone(plane):
    plane.create()
    add(plane)
    permissions.remove(plane.core, ref(), "s3")
    refused(lambda: permissions.get(plane.core, ref()), ResourceNotFound)
    words = refused(lambda: permissions.remove(plane.core, ref(), "s3"), ResourceNotFound)
    assert words == "No policy is associated with the given resource."


def test_a_policy_goes_with_its_function_version_or_alias(plane):
    plane.create(publish=True)
    plane.publish_new("y = 2\n")
    plane.alias("live", "2")
    for qualifier in (None, "1", "live"):
        add(plane, qualifier=qualifier)
    functions.delete(plane.core, ref(qualifier="1"))
    assert sids(plane, "1") == []
    aliases.delete(plane.core, key(), "live")
    plane.alias("live", "2")
    assert (sids(plane, "live"), sids(plane)) == ([], ["s3"])
    functions.delete(plane.core, ref())
    plane.create()
    assert sids(plane) == []
