from __future__ import annotations

import json

import pytest

from lamb.model.iam_errors import MalformedPolicyDocument
from lamb.model.policy_syntax import refuse_malformed, refuse_malformed_trust

STATEMENT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def policy(*statements, **members):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


def without(statement, *parts):
    return {part: value for part, value in statement.items() if part not in parts}


def said(check, document) -> str:
    with pytest.raises(MalformedPolicyDocument) as caught:
        check(document)
    return caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        policy(STATEMENT),
        policy(
            {**STATEMENT, "Sid": "A1", "Action": ["*", "s3:Get*"], "Condition": {"Bool": {"a:b": "true"}}}
        ),
        policy(without(STATEMENT, "Action") | {"NotAction": "iam:*"}, Id="x"),
        policy(without(STATEMENT, "Resource") | {"NotResource": ["arn:aws:sqs:*:*:q"]}),
        policy({**STATEMENT, "Resource": "arn:aws:s3:::b/${aws:username}/*"}),
        json.dumps({"Version": "2012-10-17", "Statement": STATEMENT}),
    ],
)
def test_a_policy_of_an_identity_is_taken(document):
    refuse_malformed(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        ("[" * 100_000, "Syntax errors in policy."),
        (policy(STATEMENT, Unknown=1), "Syntax errors in policy."),
        (json.dumps({"Version": "2012-10-17"}), "Syntax errors in policy."),
        (policy("x"), "Syntax errors in policy."),
        (policy({**STATEMENT, "Effect": "allow"}), "Syntax errors in policy."),
        (policy({**STATEMENT, "Unknown": 1}), "Syntax errors in policy."),
        (policy({**STATEMENT, "Action": [1]}), "Syntax errors in policy."),
        (policy({**STATEMENT, "NotAction": "a:b"}), "Syntax errors in policy."),
        (policy({**STATEMENT, "Condition": {"Bool": "x"}}), "Syntax errors in policy."),
        (
            policy(STATEMENT, Version="2008-10-17"),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            json.dumps({"Statement": [STATEMENT]}),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            policy({**STATEMENT, "Principal": "*"}),
            "Policy document should not specify a principal.",
        ),
        (policy(without(STATEMENT, "Action")), "Policy statement must contain actions."),
        (policy(without(STATEMENT, "Resource")), "Policy statement must contain resources."),
        (policy({**STATEMENT, "Resource": []}), "Policy statement must contain resources."),
        (
            policy({**STATEMENT, "Sid": "x"}, {**STATEMENT, "Sid": "x"}),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            policy({**STATEMENT, "Sid": "a b"}),
            (
                "Statement IDs (SID) must be alpha-numeric. "
                "Check that your input satisfies the regular expression [0-9A-Za-z]*"
            ),
        ),
        (
            policy({**STATEMENT, "Action": "SendMessage"}),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (policy({**STATEMENT, "Action": "a:b:c"}), "Actions/Condition can contain only one colon."),
        (policy({**STATEMENT, "Action": "a b:c"}), "Vendor a b is not valid"),
        (policy({**STATEMENT, "Resource": "q"}), 'Resource q must be in ARN format or "*".'),
        (policy({**STATEMENT, "Resource": "arn:aws:sqs"}), "The policy failed legacy parsing"),
        (
            policy({**STATEMENT, "Resource": "arn:moon:sqs:::q"}),
            'Partition "moon" is not valid for resource "arn:moon:sqs:::q".',
        ),
        (
            policy({**STATEMENT, "Resource": "arn:aws:s3:us-east-1::b"}),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            policy({**STATEMENT, "Resource": "arn:aws:iam:us-east-1::role/r"}),
            "IAM resource arn:aws:iam:us-east-1::role/r cannot contain region information.",
        ),
    ],
)
def test_a_malformed_policy_of_an_identity_is_refused(document, message):
    assert said(refuse_malformed, document) == message


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
        {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]},
        {"AWS": "arn:aws:iam::123456789012:role/a/b"},
        {"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"},
        {"AWS": "*"},
        {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
    ],
)
def test_a_trust_policy_is_taken(principal):
    refuse_malformed_trust(policy({**TRUST, "Principal": principal}))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (policy(TRUST, Version="2020-01-01"), "The policy must contain a valid version string"),
        (policy(), "Could not parse the policy: Statement is empty!"),
        (policy(without(TRUST, "Effect")), "Missing required field Effect"),
        (policy({**TRUST, "Effect": "Maybe"}), "Invalid effect: Maybe"),
        (policy(without(TRUST, "Principal")), "Missing required field Principal"),
        (policy({**TRUST, "Principal": {}}), "Missing required field Principal cannot be empty!"),
        (policy({**TRUST, "Principal": "me"}), "Principal must be a JSON object."),
        (policy({**TRUST, "NotPrincipal": {}}), "Allow with NotPrincipal is not allowed."),
        (policy({**TRUST, "Principal": {"Moon": "x"}}), 'Invalid principal in policy: "Moon"'),
        (
            policy({**TRUST, "Principal": {"Service": "lambda"}}),
            'Invalid principal in policy: "SERVICE":"lambda"',
        ),
        (policy({**TRUST, "Principal": {"AWS": "me"}}), 'Invalid principal in policy: "AWS":"me"'),
        (policy(without(TRUST, "Action")), "Missing required field Action"),
        (
            policy({**TRUST, "Action": ["sts:AssumeRole", "s3:*"]}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (policy({**TRUST, "Resource": "*"}), "Has prohibited field Resource"),
        (policy({**TRUST, "NotResource": "*"}), "AssumeRole policy must not contain resources."),
        (
            policy({**TRUST, "Sid": "x"}, {**TRUST, "Sid": "x"}),
            "The Statement Ids in the policy are not unique",
        ),
        (policy({**TRUST, "Unknown": 1}), "Syntax errors in policy."),
    ],
)
def test_a_malformed_trust_policy_is_refused(document, message):
    assert said(refuse_malformed_trust, document) == message
