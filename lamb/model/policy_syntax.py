"""The grammar of policies, with what IAM says of those that break it.

Source: the IAM user guide's "Grammar of the IAM JSON policy language", and texts that AWS answers with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lamb.model.iam_errors import MalformedPolicyDocument

_TOP = {"Version", "Id", "Statement"}
_PARTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
}  # fmt: skip
_VERSIONS = ("2008-10-17", "2012-10-17")
_VENDOR = re.compile(r"[a-zA-Z0-9.-]+")
_SID = re.compile(r"[0-9A-Za-z]*")
_PARTITION = re.compile(r"aws[a-z-]*|\*")
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
# A whole account, a user or role or session of it, or anybody.
_AWS = re.compile(
    r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/.+)|A[A-Z]{3}[A-Z2-7]{12,}"
)


def refuse_malformed(document: str) -> None:
    """Raise MalformedPolicyDocument for what is no policy of an identity."""
    policy = _parsed(document, "Syntax errors in policy.")
    if policy.get("Version") != _VERSIONS[-1]:
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    statements = _statements(policy)
    if statements is None or not all(_is_statement(statement) for statement in statements):
        raise MalformedPolicyDocument
    for statement in statements:
        _refuse_identity_statement(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) < len(sids):
        raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")


def refuse_malformed_trust(document: str) -> None:
    """Raise MalformedPolicyDocument for what is no policy of who may assume a role."""
    policy = _parsed(document, "This policy contains invalid Json")
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise MalformedPolicyDocument("The policy must contain a valid version string")
    statements = _statements(policy)
    if not statements:
        raise MalformedPolicyDocument("Could not parse the policy: Statement is empty!")
    for statement in statements:
        _refuse_trust_statement(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) < len(sids):
        raise MalformedPolicyDocument("The Statement Ids in the policy are not unique")


def texts(value: Any) -> list[str]:
    """What stands where one text or several may; nothing of another type."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _parsed(document: str, otherwise: str) -> dict[str, Any]:
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        raise MalformedPolicyDocument(otherwise)
    if policy.keys() - _TOP:
        raise MalformedPolicyDocument
    return policy


def _statements(policy: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """None for what is no list of statements, nor a statement."""
    given = policy.get("Statement")
    statements: list[Any] = given if isinstance(given, list) else [given]
    return statements if all(isinstance(statement, dict) for statement in statements) else None


def _is_statement(statement: Mapping[str, Any]) -> bool:
    """Whether its parts are known ones, each of its type."""
    condition = statement.get("Condition", {})
    return (
        statement.keys() <= _PARTS
        and statement.get("Effect") in ("Allow", "Deny")
        and isinstance(statement.get("Sid", ""), str)
        and isinstance(condition, dict)
        and all(isinstance(keys, dict) for keys in condition.values())
        and not ({"Action", "NotAction"} <= statement.keys())
        and not ({"Resource", "NotResource"} <= statement.keys())
        and all(
            _are_texts(statement[part])
            for part in _PARTS & statement.keys()
            if "Action" in part or "Resource" in part
        )
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and len(texts(value)) == len(value))


# ------------------------------------------------------------------ identities


def _refuse_identity_statement(statement: Mapping[str, Any]) -> None:
    if "Principal" in statement or "NotPrincipal" in statement:
        raise MalformedPolicyDocument("Policy document should not specify a principal.")
    if not _SID.fullmatch(statement.get("Sid", "")):
        raise MalformedPolicyDocument(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )
    actions, resources = list(_named(statement, "Action")), list(_named(statement, "Resource"))
    if not actions:
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    if not resources:
        raise MalformedPolicyDocument("Policy statement must contain resources.")
    for resource in resources:
        _refuse_resource(resource)
    for action in actions:
        _refuse_action(action)


def _named(statement: Mapping[str, Any], part: str) -> Iterator[str]:
    for name in (part, f"Not{part}"):
        yield from texts(statement.get(name, []))


def _refuse_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, rest = action.partition(":")
    if not colon:
        raise MalformedPolicyDocument(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )
    if ":" in rest:
        raise MalformedPolicyDocument("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor):
        raise MalformedPolicyDocument(f"Vendor {vendor} is not valid")


def _refuse_resource(resource: str) -> None:
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn":
        raise MalformedPolicyDocument(f'Resource {resource} must be in ARN format or "*".')
    if len(parts) < 6:
        # AWS says no more of these either.
        raise MalformedPolicyDocument("The policy failed legacy parsing")
    _, partition, vendor, region, *_ = parts
    if not _PARTITION.fullmatch(partition):
        raise MalformedPolicyDocument(f'Partition "{partition}" is not valid for resource "{resource}".')
    if vendor == "iam" and region:
        raise MalformedPolicyDocument(f"IAM resource {resource} cannot contain region information.")
    if vendor == "s3" and region:
        raise MalformedPolicyDocument(f"Resource {resource} can not contain region information.")


# ------------------------------------------------------------------ trust


def _refuse_trust_statement(statement: Mapping[str, Any]) -> None:
    effect = statement.get("Effect")
    if effect is None:
        raise MalformedPolicyDocument("Missing required field Effect")
    if effect not in ("Allow", "Deny"):
        raise MalformedPolicyDocument(f"Invalid effect: {effect}")
    if "NotPrincipal" in statement:
        raise MalformedPolicyDocument(
            "Allow with NotPrincipal is not allowed."
            if effect == "Allow"
            else "AssumeRole policy must not contain NotPrincipal field."
        )
    _refuse_principal(statement)
    actions = list(_named(statement, "Action"))
    if not actions:
        raise MalformedPolicyDocument("Missing required field Action")
    if not all(action.lower().startswith("sts:") for action in actions):
        raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")
    if "Resource" in statement:
        raise MalformedPolicyDocument("Has prohibited field Resource")
    if "NotResource" in statement:
        raise MalformedPolicyDocument("AssumeRole policy must not contain resources.")
    if not _is_statement(statement):
        raise MalformedPolicyDocument


def _refuse_principal(statement: Mapping[str, Any]) -> None:
    if "Principal" not in statement:
        raise MalformedPolicyDocument("Missing required field Principal")
    principal = statement["Principal"]
    if principal == "*":
        return
    if not isinstance(principal, dict):
        raise MalformedPolicyDocument("Principal must be a JSON object.")
    if not principal:
        raise MalformedPolicyDocument("Missing required field Principal cannot be empty!")
    for kind, named in principal.items():
        if kind not in _PRINCIPALS or not _are_texts(named):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind}"')
        valid = {"AWS": _AWS, "Service": _SERVICE}.get(kind)
        for name in texts(named):
            if valid is not None and not valid.fullmatch(name):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind.upper()}":"{name}"')
