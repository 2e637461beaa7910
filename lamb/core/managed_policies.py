"""Managed policies: a customer's, with up to five versions, and AWS's own, which only AWS changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lamb.core import aws_policies, iam_tags, pages
from lamb.core.context import Core
from lamb.core.iam_change import changing_rights
from lamb.model import iam
from lamb.model.errors import AccessDenied
from lamb.model.iam import MANAGED_POLICY_MAX, POLICY_VERSIONS, ManagedPolicy, PolicyVersion, Role
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
from lamb.store import managed_policies as rows
from lamb.store import roles as role_rows
from lamb.store.database import Tx
from lamb.store.managed_policies import PolicyRow

_VERSION_ID = r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"


class PolicyView(NamedTuple):
    """A managed policy, and how many roles have it."""

    policy: ManagedPolicy
    attached: int
    bounding: int
    """Roles whose permissions boundary it is."""


class Wanted(NamedTuple):
    """Which policies ListPolicies is asked for."""

    scope: str = "All"
    """`All`, `AWS` or `Local`."""
    only_attached: bool = False
    path_prefix: str = "/"
    usage: str | None = None
    """`PermissionsPolicy`, `PermissionsBoundary`; None for either."""


def default_document(tx: Tx, arn: str) -> str | None:
    """The document in force; None where there is no such policy."""
    own = aws_policies.find(arn)
    if own is not None:
        return own.version.document
    row = _find(tx, arn)
    if row is None:
        return None
    versions = {version.number: version for version in rows.versions(tx, row.id)}
    return versions[row.policy.default_version].document


def exists(tx: Tx, account: str, arn: str) -> bool:
    """Whether a role of that account can have it. Raises InvalidInput for what is no policy's ARN."""
    entity = iam.parse_arn(arn)
    if entity is None or entity.kind != "policy":
        raise InvalidInput(f"ARN {arn} is not valid.")
    if aws_policies.find(arn) is not None:
        return True
    row = _find(tx, arn)
    return row is not None and row.policy.account == account


# ------------------------------------------------------------------ create, show, delete


def create(core: Core, policy: ManagedPolicy, document: str, tags: iam_tags.Tags) -> PolicyView:
    """`policy` with its name, path and description; the rest is filled in.

    Raises EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded, InvalidInput.
    """
    refuse_malformed(document)
    _refuse_long(document)
    named = iam_tags.added({}, tags)
    with core.database.transaction() as tx:
        if rows.taken(tx, policy.account, policy.name):
            raise EntityAlreadyExists(
                f"A policy called {policy.name} already exists. Duplicate names are not allowed."
            )
        made = policy._replace(
            id=iam.new_id("ANPA"),
            tags=named,
            default_version=1,
            created_ms=tx.now_ms,
            updated_ms=tx.now_ms,
        )
        rows.add(tx, made, document)
    return PolicyView(made, 0, 0)


def get(core: Core, account: str, arn: str) -> PolicyView:
    """Raises NoSuchEntity, InvalidInput."""
    own = aws_policies.find(arn)
    with core.database.reading() as tx:
        policy = own.policy if own is not None else _found(tx, account, arn).policy
        return _views(tx, account, [policy])[0]


def list_policies(
    core: Core, account: str, wanted: Wanted, page: Page
) -> tuple[list[PolicyView], str | None]:
    """By ARN, with the marker. Raises InvalidParameterValue for a marker that is none."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        listed = [] if wanted.scope == "Local" else aws_policies.listed(wanted.path_prefix)
        if wanted.scope != "AWS":
            listed += rows.listed(tx, account, wanted.path_prefix)
        views = _views(tx, account, [policy for policy in listed if policy.arn > after])
    kept = [view for view in views if _is_wanted(view, wanted)]
    kept.sort(key=lambda view: view.policy.arn)
    return pages.cut_at(kept, page.max_items or iam.PAGE_DEFAULT, lambda view: [view.policy.arn])


def delete(core: Core, account: str, arn: str) -> None:
    """Raises NoSuchEntity, DeleteConflict while roles or versions depend on it."""
    with core.database.transaction() as tx:
        row = _changeable(tx, account, arn)
        if role_rows.having(tx, account, arn) or role_rows.bounded_by(tx, account, arn):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        if len(rows.versions(tx, row.id)) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the "
                "policy's versions. The default version is deleted with the policy."
            )
        rows.delete(tx, row.id)


def entities(core: Core, account: str, arn: str) -> tuple[list[Role], list[Role]]:
    """The roles that have a policy, and those it bounds, by name. Raises NoSuchEntity."""
    with core.database.reading() as tx:
        if not exists(tx, account, arn):
            raise _not_found(arn)
        return role_rows.having(tx, account, arn), role_rows.bounded_by(tx, account, arn)


# ------------------------------------------------------------------ versions


def create_version(core: Core, account: str, arn: str, document: str, *, default: bool) -> PolicyVersion:
    """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    refuse_malformed(document)
    _refuse_long(document)
    with changing_rights(core) as tx:
        row = _changeable(tx, account, arn)
        if len(rows.versions(tx, row.id)) >= POLICY_VERSIONS:
            raise LimitExceeded(
                f"A managed policy can have up to {POLICY_VERSIONS} versions. Before you create a new "
                "version, you must delete an existing version."
            )
        version = rows.add_version(tx, row, document)
        if default:
            rows.set_default(tx, row.id, version.number)
    return version


def versions(core: Core, account: str, arn: str) -> tuple[list[PolicyVersion], int]:
    """The newest first, and the number of the default one. Raises NoSuchEntity."""
    own = aws_policies.find(arn)
    if own is not None:
        return [own.version], own.version.number
    with core.database.reading() as tx:
        row = _found(tx, account, arn)
        return rows.versions(tx, row.id), row.policy.default_version


def version(core: Core, account: str, arn: str, version_id: str) -> tuple[PolicyVersion, bool]:
    """With whether it is the default one. Raises NoSuchEntity, BadRequest."""
    number = _number(version_id)
    try:
        found, default = versions(core, account, arn)
    except NoSuchEntity:
        raise _no_version(arn, version_id) from None
    for each in found:
        if each.number == number:
            return each, each.number == default
    raise _no_version(arn, version_id)


def set_default_version(core: Core, account: str, arn: str, version_id: str) -> None:
    """Raises NoSuchEntity, BadRequest."""
    with changing_rights(core) as tx:
        row, number = _with_version(tx, account, arn, version_id)
        rows.set_default(tx, row.id, number)


def delete_version(core: Core, account: str, arn: str, version_id: str) -> None:
    """Raises NoSuchEntity, BadRequest, DeleteConflict for the default one."""
    with core.database.transaction() as tx:
        row, number = _with_version(tx, account, arn, version_id)
        if number == row.policy.default_version:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        rows.delete_version(tx, row.id, number)


# ------------------------------------------------------------------ tags


def tag(core: Core, account: str, arn: str, tags: iam_tags.Tags) -> None:
    """Raises NoSuchEntity, InvalidInput, LimitExceeded."""
    with core.database.transaction() as tx:
        row = _changeable(tx, account, arn)
        rows.set_tags(tx, row.id, iam_tags.added(row.policy.tags, tags))


def untag(core: Core, account: str, arn: str, keys: Sequence[str]) -> None:
    """Raises NoSuchEntity."""
    with core.database.transaction() as tx:
        row = _changeable(tx, account, arn)
        rows.set_tags(tx, row.id, iam_tags.without(row.policy.tags, keys))


# ------------------------------------------------------------------ found or not


def _find(tx: Tx, arn: str) -> PolicyRow | None:
    entity = iam.parse_arn(arn)
    if entity is None or entity.kind != "policy":
        return None
    row = rows.find(tx, entity.account, entity.name)
    return row if row is not None and row.policy.arn == arn else None


def _found(tx: Tx, account: str, arn: str) -> PolicyRow:
    entity = iam.parse_arn(arn)
    if entity is None or entity.kind != "policy":
        raise InvalidInput(f"ARN {arn} is not valid.")
    row = _find(tx, arn)
    if row is None or row.policy.account != account:
        raise _not_found(arn)
    return row


def _changeable(tx: Tx, account: str, arn: str) -> PolicyRow:
    if aws_policies.find(arn) is not None:
        raise AccessDenied(f"The policy {arn} is AWS's own: only AWS can change it")
    return _found(tx, account, arn)


def _not_found(arn: str) -> NoSuchEntity:
    hint = ""
    if arn.startswith("arn:aws:iam::aws:policy/"):
        hint = "lamb knows those of AWS's policies that functions often have; `aws iam list-policies` tells"
    return NoSuchEntity(f"Policy {arn} was not found.", hint=hint)


def _no_version(arn: str, version_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")


def _number(version_id: str) -> int:
    if not re.fullmatch(_VERSION_ID, version_id, re.ASCII):
        raise BadRequest(
            "1 validation error detected: Value at 'versionId' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_VERSION_ID}"
        )
    digits = version_id[1:].partition(".")[0]
    # No policy gets so many versions, and SQL could not hold the number.
    return int(digits) if len(digits) < 10 else 0


def _with_version(tx: Tx, account: str, arn: str, version_id: str) -> tuple[PolicyRow, int]:
    number = _number(version_id)
    try:
        row = _changeable(tx, account, arn)
    except NoSuchEntity:
        raise _no_version(arn, version_id) from None
    if number not in [each.number for each in rows.versions(tx, row.id)]:
        raise _no_version(arn, version_id)
    return row, number


def _refuse_long(document: str) -> None:
    if iam.size(document) > MANAGED_POLICY_MAX:
        raise LimitExceeded.quota("PolicySize", MANAGED_POLICY_MAX)


def _views(tx: Tx, account: str, policies: Sequence[ManagedPolicy]) -> list[PolicyView]:
    attached, bounding = role_rows.uses(tx, account)
    return [
        PolicyView(policy, attached.get(policy.arn, 0), bounding.get(policy.arn, 0)) for policy in policies
    ]


def _is_wanted(view: PolicyView, wanted: Wanted) -> bool:
    uses: dict[Any, int] = {
        None: view.attached + view.bounding,
        "PermissionsPolicy": view.attached,
        "PermissionsBoundary": view.bounding,
    }
    needed = wanted.only_attached or wanted.usage is not None
    return uses[wanted.usage] > 0 if needed else True
