"""What IAM policies say of a request: an explicit deny wins, then an allow, and nothing said is a denial.

A document is IAM's JSON, read: `Version`, `Statement` (one or a list) with `Effect`, `Action` or `NotAction`,
`Resource` or `NotResource`, `Principal` or `NotPrincipal` in policies of resources, and `Condition`. A
statement without a principal speaks of whoever has the policy; one without a resource, as in the trust policy
of a role, of the thing that the policy belongs to.

A document is expected to have been checked before it was stored. What cannot be understood all the same is
read to the caller's disadvantage: it allows nothing, and denies what the rest of its statement says.
Source: IAM user guide, reference_policies_evaluation-logic and reference_policies_elements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from lamb.model.policy_conditions import ConditionUnknown, contextual, hold
from lamb.model.policy_patterns import Context, arn_in_full, as_tuple, matches, same_action

Decision = Literal["allow", "explicit-deny", "implicit-deny"]
Document = Mapping[str, Any]

VERSION = "2012-10-17"
"""Of the policy language: the one that knows variables."""

_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>iam|sts)::(?P<account>\d{12}):(?P<kind>[\w-]+)/?(?P<name>.*)")


class Ask(NamedTuple):
    """One request, as policies see it."""

    action: str
    """`lambda:InvokeFunction`"""
    resource: str = "*"
    """The ARN; `*` for an action that is not about one thing."""
    principal_arn: str | None = None
    """Who asks: a user, a role, its session (`arn:aws:sts::…:assumed-role/…`), or an account's root."""
    principal_service: str | None = None
    """`s3.amazonaws.com`, where it is one of AWS's services that asks."""
    context: Mapping[str, str | tuple[str, ...]] = {}
    """Condition keys (in any case) and their values; what follows from the principal need not be here."""


def evaluate(documents: Sequence[Document], ask: Ask) -> Decision:
    """What these documents, taken together, say of a request.

    Policies of identities and of resources may be mixed where either is enough, as within one account.
    """
    context = {**_implied(ask), **contextual(ask.context)}
    decision: Decision = "implicit-deny"
    for document in documents:
        with_variables = document.get("Version") == VERSION
        for statement in as_tuple(document.get("Statement", ())):
            if not isinstance(statement, Mapping):
                continue
            denies = statement.get("Effect") == "Deny"
            if not denies and (decision == "allow" or statement.get("Effect") != "Allow"):
                continue
            if _applies(statement, ask, context, with_variables=with_variables, unsure=denies):
                if denies:
                    return "explicit-deny"
                decision = "allow"
    return decision


def principal_context(principal_arn: str | None, principal_service: str | None) -> dict[str, str]:
    """The condition keys that follow from who asks."""
    if principal_service is not None:
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal_service}
    said = {"aws:PrincipalIsAWSService": "false"}
    parts = _ARN.fullmatch(principal_arn or "")
    if principal_arn is None or parts is None:
        return said
    said["aws:PrincipalArn"] = _role_of_session(principal_arn) or principal_arn
    said["aws:PrincipalAccount"] = parts["account"]
    kind = {"assumed-role": "AssumedRole", "role": "AssumedRole", "user": "User", "root": "Account"}
    said["aws:PrincipalType"] = kind.get(parts["kind"], "Anonymous")
    if parts["kind"] == "user":
        said["aws:username"] = parts["name"].rpartition("/")[2]
    return said


def _implied(ask: Ask) -> dict[str, tuple[str, ...]]:
    return contextual(principal_context(ask.principal_arn, ask.principal_service))


def _applies(statement: Document, ask: Ask, context: Context, *, with_variables: bool, unsure: bool) -> bool:
    if not (
        _speaks_of_action(statement, ask.action)
        and _speaks_of_principal(statement, ask, context)
        and _speaks_of_resource(statement, ask.resource, context if with_variables else None)
    ):
        return False
    conditions = statement.get("Condition")
    if not conditions:
        return True
    try:
        return hold(conditions, context, with_variables=with_variables)
    except ConditionUnknown:
        return unsure


def _speaks_of_action(statement: Document, action: str) -> bool:
    def among(patterns: Any) -> bool:
        return any(same_action(str(pattern), action) for pattern in as_tuple(patterns))

    if "NotAction" in statement:
        return not among(statement["NotAction"])
    return "Action" in statement and among(statement["Action"])


def _speaks_of_resource(statement: Document, resource: str, variables: Context | None) -> bool:
    def among(patterns: Any) -> bool:
        return any(
            matches(arn_in_full(str(pattern)), resource, variables, "resource")
            for pattern in as_tuple(patterns)
        )

    if "NotResource" in statement:
        return not among(statement["NotResource"])
    return "Resource" not in statement or among(statement["Resource"])


def _speaks_of_principal(statement: Document, ask: Ask, context: Context) -> bool:
    if "NotPrincipal" in statement:
        return not _is_principal(statement["NotPrincipal"], ask, context)
    return "Principal" not in statement or _is_principal(statement["Principal"], ask, context)


def _is_principal(named: Any, ask: Ask, context: Context) -> bool:
    if named == "*":
        return True
    if not isinstance(named, Mapping):
        return False
    if ask.principal_service in (services := as_tuple(named.get("Service", ()))) and services:
        return True
    callers = as_tuple(named.get("AWS", ()))
    return "*" in callers or any(caller in callers for caller in _names(ask.principal_arn, context))


def _names(principal_arn: str | None, context: Context) -> set[str]:
    """What a policy may call a principal: itself, the role of its session, its account."""
    if principal_arn is None:
        return set()
    account = context.get("aws:principalaccount", ())
    roots = {f"arn:aws:iam::{number}:root" for number in account}
    return {principal_arn, *context.get("aws:principalarn", ()), *account, *roots}


def _role_of_session(principal_arn: str) -> str | None:
    """The role's ARN, without the path that a session's ARN does not tell; None for what is no session.

    Whoever knows the path says so in the context, as `aws:PrincipalArn`.
    """
    parts = _ARN.fullmatch(principal_arn)
    if parts is None or parts["service"] != "sts" or parts["kind"] != "assumed-role":
        return None
    return f"arn:aws:iam::{parts['account']}:role/{parts['name'].partition('/')[0]}"
