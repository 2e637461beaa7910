from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.model.policy import Ask, evaluate

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop"
SESSION = "arn:aws:sts::123456789012:assumed-role/clerk/shop"
ROLE = "arn:aws:iam::123456789012:role/clerk"
INVOKE = Ask("lambda:InvokeFunction", FUNCTION, SESSION)


def document(*statements, version="2012-10-17"):
    return {"Version": version, "Statement": list(statements)}


def allow(action="lambda:*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="lambda:*", resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


# ------------------------------------------------------------------ the verdict


def test_nothing_said_is_a_denial():
    assert evaluate([], INVOKE) == "implicit-deny"
    assert evaluate([document()], INVOKE) == "implicit-deny"
    assert evaluate([document(allow("s3:*"))], INVOKE) == "implicit-deny"


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("deny_first", [True, False])
def test_an_explicit_deny_wins_wherever_it_stands(together, deny_first):
    statements = [deny(), allow()] if deny_first else [allow(), deny()]
    documents = [document(*statements)] if together else [document(one) for one in statements]
    assert evaluate(documents, INVOKE) == "explicit-deny"


def test_one_statement_needs_no_list():
    assert evaluate([{"Version": "2012-10-17", "Statement": allow()}], INVOKE) == "allow"


def test_what_cannot_be_understood_allows_nothing_and_denies():
    odd = {"Condition": {"StringResembles": {"aws:username": "a"}}}
    assert evaluate([document(allow(**odd))], INVOKE) == "implicit-deny"
    assert evaluate([document(allow(), deny(**odd))], INVOKE) == "explicit-deny"
    assert evaluate([document("Allow all", {"Effect": "allow"}), {}], INVOKE) == "implicit-deny"


# ------------------------------------------------------------------ actions and resources

ACTIONS = [
    ("*", True),
    ("lambda:*", True),
    ("lambda:InvokeFunction", True),
    ("LAMBDA:invokefunction", True),
    ("lambda:Invoke*", True),
    ("lambda:Invoke????????", True),
    (["s3:GetObject", "lambda:InvokeFunction"], True),
    ("lambda:Invoke", False),
    ("lambda:InvokeFunctionUrl", False),
    ("s3:*", False),
    ([], False),
]


@pytest.mark.parametrize(("pattern", "speaks"), ACTIONS)
def test_an_action_is_matched_without_case_and_with_wildcards(pattern, speaks):
    assert (evaluate([document(allow(pattern))], INVOKE) == "allow") is speaks
    inverse = {"Effect": "Allow", "NotAction": pattern, "Resource": "*"}
    assert (evaluate([document(inverse)], INVOKE) == "allow") is not speaks


RESOURCES = [
    ("*", True),
    (FUNCTION, True),
    ("arn:aws:lambda:us-east-1:123456789012:function:*", True),
    ("arn:aws:lambda:*:123456789012:function:sh?p", True),
    ("arn:aws:lambda:*", True),
    ("arn:aws:lambda", True),
    ("arn:aws:lambda:us-*-1:123456789012:function:shop", True),
    (["arn:aws:s3:::b", FUNCTION], True),
    (FUNCTION + ":prod", False),
    (FUNCTION.upper(), False),
    ("arn:aws:lambda:us-east-1:123456789012:function:?", False),
    ("arn:aws:lambda:us-east-1:210987654321:function:*", False),
    ("arn:aws:l*9012:function:shop", False),  # inside of a part, a wildcard ends at the colon
]


@pytest.mark.parametrize(("pattern", "speaks"), RESOURCES)
def test_a_resource_is_matched_to_the_letter_and_with_wildcards(pattern, speaks):
    assert (evaluate([document(allow(resource=pattern))], INVOKE) == "allow") is speaks
    inverse = {"Effect": "Allow", "Action": "*", "NotResource": pattern}
    assert (evaluate([document(inverse)], INVOKE) == "allow") is not speaks


def test_a_wildcard_at_the_end_reaches_qualifiers():
    ask = Ask("lambda:InvokeFunction", FUNCTION + ":prod")
    assert evaluate([document(allow(resource=FUNCTION))], ask) == "implicit-deny"
    assert evaluate([document(allow(resource=FUNCTION + "*"))], ask) == "allow"
    assert evaluate([document(allow(resource=FUNCTION + ":*"))], ask) == "allow"


# ------------------------------------------------------------------ principals

S3 = Ask("lambda:InvokeFunction", FUNCTION, principal_service="s3.amazonaws.com")
ANNA = Ask("lambda:InvokeFunction", FUNCTION, "arn:aws:iam::123456789012:user/staff/anna")
NOBODY = Ask("lambda:InvokeFunction", FUNCTION)
PRINCIPALS = [
    ("*", [S3, ANNA, INVOKE, NOBODY]),
    ({"AWS": "*"}, [S3, ANNA, INVOKE, NOBODY]),
    ({"AWS": "123456789012"}, [ANNA, INVOKE]),
    ({"AWS": ["arn:aws:iam::123456789012:root"]}, [ANNA, INVOKE]),
    ({"AWS": ["arn:aws:iam::210987654321:root", ROLE]}, [INVOKE]),
    ({"AWS": SESSION}, [INVOKE]),
    ({"AWS": "arn:aws:iam::123456789012:user/staff/anna"}, [ANNA]),
    ({"AWS": "arn:aws:iam::123456789012:user/*"}, []),
    ({"Service": "s3.amazonaws.com"}, [S3]),
    ({"Service": ["sns.amazonaws.com", "s3.amazonaws.com"], "AWS": ROLE}, [S3, INVOKE]),
    ({"Service": []}, []),
    ({"Federated": "cognito-identity.amazonaws.com"}, []),
    ("s3.amazonaws.com", []),
]


@pytest.mark.parametrize(("principal", "meant"), PRINCIPALS)
def test_a_policy_of_a_resource_names_its_principals(principal, meant):
    for ask in (S3, ANNA, INVOKE, NOBODY):
        assert (evaluate([document(allow(Principal=principal))], ask) == "allow") is (ask in meant)
        assert (evaluate([document(allow(NotPrincipal=principal))], ask) == "allow") is (ask not in meant)


def test_the_trust_policy_of_a_role_names_no_resource():
    trust = document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    )
    assert evaluate([trust], Ask("sts:AssumeRole", ROLE, principal_service="lambda.amazonaws.com")) == "allow"
    assert evaluate([trust], Ask("sts:AssumeRole", ROLE, SESSION)) == "implicit-deny"


def test_a_role_with_a_path_is_named_by_whoever_knows_it():
    role = "arn:aws:iam::123456789012:role/shops/clerk"
    documents = [document(allow(Principal={"AWS": role}))]
    assert evaluate(documents, INVOKE) == "implicit-deny"
    told = Ask(INVOKE.action, INVOKE.resource, SESSION, context={"aws:PrincipalArn": role})
    assert evaluate(documents, told) == "allow"


# ------------------------------------------------------------------ conditions

# Operator, its value, what the request has for the key, and whether that is right. None: it has not the key.
CONDITIONS = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "a*", "abc", False),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a", None, False),
    ("StringEquals", True, "true", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringEqualsIgnoreCase", "AbC", "aBc", True),
    ("StringNotEqualsIgnoreCase", "AbC", "aBc", False),
    ("StringLike", "a*c?", "abbcd", True),
    ("StringLike", "a*:c", "a:b:c", True),
    ("StringLike", "a?", "a", False),
    ("StringLike", "a.c", "abc", False),
    ("StringNotLike", "a*", "b", True),
    ("StringNotLike", "a*", "ab", False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("ArnLike", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket", True),
    ("ArnLike", "arn:aws:s3:::buck*", "arn:aws:s3:::bucket", True),
    ("ArnLike", "arn:*:s3:*:*:bucket", "arn:aws:s3:::bucket", True),
    ("ArnLike", "arn:aws:*:bucket", "arn:aws:s3:::bucket", False),
    ("ArnEquals", "arn:aws:sns:us-?ast-1:*:t", "arn:aws:sns:us-east-1:123456789012:t", True),
    ("ArnLike", "arn:aws:s3:::bucket", None, False),
    ("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", False),
    ("ArnNotEquals", "arn:aws:s3:::b", "arn:aws:s3:::bucket", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9.5", True),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericEquals", "10", "ten", False),
    ("DateEquals", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", True),
    ("DateLessThan", "2026-02-01", "2026-01-31T23:59:59Z", True),
    ("DateGreaterThan", "2026-02", "2026-02-01T00:00:01Z", True),
    ("DateGreaterThanEquals", "1769860800", "2026-01-31T12:00:00Z", True),
    ("DateNotEquals", "2026-01-31T12:00:00.25Z", "2026-01-31T12:00:00Z", True),
    ("DateLessThanEquals", "tomorrow", "2026-01-31T12:00:00Z", False),
    ("DateLessThan", "2026-13-01", "2026-01-31T12:00:00Z", False),
    ("Bool", "true", "true", True),
    ("Bool", False, "False", True),
    ("Bool", "true", "false", False),
    ("Bool", "true", None, False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
    ("IpAddress", "203.0.113.9", "203.0.113.9", True),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
    ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
    ("IpAddress", "no address", "198.51.100.1", False),
    ("Null", "true", None, True),
    ("Null", "true", "a", False),
    ("Null", False, "a", True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("b", "c"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c",), False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b", "c"], ("b", "c"), True),
    ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringNotEquals", ["a"], ("b", "c"), True),
    ("ForAllValues:StringNotEquals", ["a"], ("a", "c"), False),
    ("ForAnyValue:StringLikeIfExists", ["a*"], None, True),
    ("ForSome:StringEquals", ["a"], "a", False),
    ("StringEquals", {"a": "b"}, "a", False),
    ("StringEquals", "${aws:username}", "anna", True),
    ("StringLike", "${aws:username}*", "anna-1", True),
    ("StringEquals", "${aws:nobody}", "anna", False),
    ("StringEquals", "${aws:nobody, 'anna'}", "anna", True),
    ("StringLike", "${*}", "*", True),
    ("StringLike", "${*}", "a", False),
    ("StringEquals", "${$}{a}", "${a}", True),
]


@pytest.mark.parametrize(("operator", "wanted", "given_", "right"), CONDITIONS)
def test_a_condition_holds_or_does_not(operator, wanted, given_, right):
    context = {} if given_ is None else {"lambda:Key": given_}
    ask = Ask(ANNA.action, ANNA.resource, ANNA.principal_arn, context=context)
    statement = allow(Condition={operator: {"LAMBDA:key": wanted}})
    assert (evaluate([document(statement)], ask) == "allow") is right


def test_every_operator_and_every_key_must_hold():
    both = {"aws:SourceArn": "arn:aws:s3:::b", "aws:SourceAccount": "123456789012"}
    condition = {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    }
    documents = [document(allow(Principal={"Service": "s3.amazonaws.com"}, Condition=condition))]

    def asked(context):
        return evaluate(documents, Ask(S3.action, FUNCTION, None, S3.principal_service, context))

    assert asked(both) == "allow"
    for missing in both:
        assert asked({key: value for key, value in both.items() if key != missing}) == "implicit-deny"


def test_what_follows_from_the_principal_need_not_be_said():
    for key, value, ask in [
        ("aws:PrincipalArn", ROLE, INVOKE),
        ("aws:PrincipalAccount", "123456789012", INVOKE),
        ("aws:PrincipalType", "AssumedRole", INVOKE),
        ("aws:username", "anna", ANNA),
        ("aws:PrincipalIsAWSService", "true", S3),
        ("aws:PrincipalServiceName", "s3.amazonaws.com", S3),
    ]:
        statement = allow(Condition={"StringEquals": {key: value}})
        assert evaluate([document(statement)], ask) == "allow", key


def test_a_resource_may_have_variables_in_it():
    mine = "arn:aws:lambda:us-east-1:123456789012:function:${aws:username}-*"
    ask = Ask(ANNA.action, FUNCTION.replace("shop", "anna-shop"), ANNA.principal_arn)
    assert evaluate([document(allow(resource=mine))], ask) == "allow"
    assert evaluate([document(allow(resource=mine))], ANNA) == "implicit-deny"
    assert evaluate([document(allow(resource=mine))], INVOKE) == "implicit-deny"  # who has no user name
    assert evaluate([document(allow(resource=mine), version="2008-10-17")], ask) == "implicit-deny"


def test_a_wildcard_in_the_value_of_a_variable_is_a_letter():
    ask = Ask("s3:GetObject", "arn:aws:s3:::b/anna", context={"aws:PrincipalTag/team": "*"})
    assert (
        evaluate([document(allow("s3:*", "arn:aws:s3:::b/${aws:PrincipalTag/team}"))], ask) == "implicit-deny"
    )


# ------------------------------------------------------------------ whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PIECES = st.sampled_from(
    ["*", "?", "${aws:username}", "${", "$", "a", ":", "lambda", ".", "[", "\\", "\n", "${*}"]
)
PATTERNS = st.lists(PIECES, max_size=6).map("".join)
NAMES = ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={name: JSON | PATTERNS | st.lists(PATTERNS, max_size=3) for name in NAMES},
)


@given(st.lists(STATEMENTS, max_size=4), PATTERNS)
def test_any_document_gets_a_verdict_and_more_of_it_never_lifts_a_deny(statements, resource):
    ask = Ask("lambda:InvokeFunction", resource, SESSION)
    alone = [evaluate([document(one)], ask) for one in statements]
    together = evaluate([document(*statements)], ask)
    if "explicit-deny" in alone:
        assert together == "explicit-deny"
    else:
        assert together == ("allow" if "allow" in alone else "implicit-deny")


@given(st.text(alphabet="ab*?:.${}\\", max_size=12))
def test_a_text_matches_itself_when_every_special_letter_is_written_as_a_variable(text):
    escaped = "".join(f"${{{letter}}}" if letter in "*?$" else letter for letter in text)
    condition = {"StringLike": {"aws:key": escaped}}
    ask = Ask("lambda:InvokeFunction", FUNCTION, context={"aws:key": text})
    assert evaluate([document(allow(Condition=condition))], ask) == "allow"
