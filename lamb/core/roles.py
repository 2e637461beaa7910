"""Roles: create, show, change, delete; what they may do is in their policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lamb.core import iam_tags, managed_policies, pages
from lamb.core.context import Core
from lamb.core.iam_change import changing_rights
from lamb.model import iam
from lamb.model.errors import InvalidParameterValue
from lamb.model.iam import INLINE_POLICIES_MAX, POLICIES_PER_ROLE, TRUST_POLICY_MAX, Role
from lamb.model.iam_errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from lamb.model.names import Place
from lamb.model.policy import Ask, evaluate
from lamb.model.policy_syntax import refuse_malformed, refuse_malformed_trust
from lamb.model.requests import Page
from lamb.store import roles as rows
from lamb.store.database import Tx
from lamb.store.roles import RoleRow

Document = dict[str, Any]

_ALL = 1 << 30

# ------------------------------------------------------------------ for those who ask what a role may do


def role_of(tx: Tx, role_arn: str) -> Role | None:
    """None when no such role is stored: functions may name any."""
    row = _of_arn(tx, role_arn)
    return None if row is None else row.role


def refuse_unassumable(tx: Tx, role_arn: str) -> None:
    """Raise InvalidParameterValue for a stored role whose trust policy keeps Lambda out."""
    role = role_of(tx, role_arn)
    if role is None:
        return
    ask = Ask("sts:AssumeRole", role.arn, principal_service="lambda.amazonaws.com")
    if evaluate([json.loads(role.trust)], ask) != "allow":
        raise InvalidParameterValue(
            "The role defined for the function cannot be assumed by Lambda.",
            hint=f"The trust policy of {role.name} has to allow sts:AssumeRole to lambda.amazonaws.com",
        )


def documents_of(tx: Tx, role_arn: str) -> list[Document] | None:
    """The policies of a role, those inside it and those attached; None when no such role is stored."""
    row = _of_arn(tx, role_arn)
    if row is None:
        return None
    attached = [managed_policies.default_document(tx, arn) for arn in rows.attached(tx, row.id)]
    texts = [*rows.inline(tx, row.id).values(), *attached]
    return [json.loads(text) for text in texts if text is not None]


def role_id(core: Core, role_arn: str) -> str:
    """`AROA…`: the role's own, or one that a role which is not stored always has."""
    with core.database.reading() as tx:
        role = role_of(tx, role_arn)
    return iam.derived_id("AROA", role_arn) if role is None else role.id


def boundary_of(tx: Tx, role_arn: str) -> Document | None:
    """The permissions boundary of a role: nothing that it does not allow is allowed. None without one."""
    row = _of_arn(tx, role_arn)
    if row is None or row.role.boundary_arn is None:
        return None
    text = managed_policies.default_document(tx, row.role.boundary_arn)
    # A policy that is gone allows nothing.
    return {"Version": "2012-10-17", "Statement": []} if text is None else json.loads(text)


# ------------------------------------------------------------------ create, show, change, delete


def create(core: Core, role: Role, tags: iam_tags.Tags) -> Role:
    """`role` as it is asked for; its id and time are filled in.

    Raises EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded, InvalidInput, NoSuchEntity.
    """
    _refuse_trust(role.trust)
    named = iam_tags.added({}, tags)
    with changing_rights(core) as tx:
        if rows.taken(tx, role.account, role.name):
            raise EntityAlreadyExists(f"Role with name {role.name} already exists.")
        _refuse_boundary(tx, role.account, role.boundary_arn)
        made = role._replace(id=iam.new_id("AROA"), tags=named, created_ms=tx.now_ms)
        rows.add(tx, made)
    return made


def get(core: Core, account: str, name: str) -> Role:
    """Raises NoSuchEntity."""
    with core.database.reading() as tx:
        return _found(tx, account, name).role


def list_roles(core: Core, account: str, path_prefix: str, page: Page) -> tuple[list[Role], str | None]:
    """By name, with the marker. Raises InvalidParameterValue for a marker that is none."""
    (after,) = pages.start(page, [""])
    most = page.max_items or iam.PAGE_DEFAULT
    with core.database.reading() as tx:
        listed = rows.page(tx, account, path_prefix, after, most + 1)
    return pages.cut_at(listed, most, lambda role: [role.name])


def names(core: Core, place: Place) -> list[str]:
    """All of an account's, in order."""
    with core.database.reading() as tx:
        return [role.name for role in rows.page(tx, place.account, "/", "", _ALL)]


def update(core: Core, account: str, name: str, **changes: Any) -> Role:
    """`description` and `max_session_s`, as far as they are given; the role after it. Raises NoSuchEntity."""
    with core.database.transaction() as tx:
        row = _found(tx, account, name)
        if changes:
            rows.change(tx, row.id, **changes)
    return row.role._replace(**changes)


def update_trust(core: Core, account: str, name: str, trust: str) -> None:
    """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    with core.database.transaction() as tx:
        row = _found(tx, account, name)
        _refuse_trust(trust)
        rows.change(tx, row.id, trust=trust)


def set_boundary(core: Core, account: str, name: str, policy_arn: str | None) -> None:
    """None takes it away. Raises NoSuchEntity."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        _refuse_boundary(tx, account, policy_arn)
        rows.change(tx, row.id, boundary_arn=policy_arn)


def delete(core: Core, account: str, name: str) -> None:
    """Raises NoSuchEntity, DeleteConflict while it has policies."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        if rows.attached(tx, row.id):
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if rows.inline(tx, row.id):
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        rows.delete(tx, row.id)


# ------------------------------------------------------------------ tags


def tag(core: Core, account: str, name: str, tags: iam_tags.Tags) -> None:
    """Raises NoSuchEntity, InvalidInput, LimitExceeded."""
    with core.database.transaction() as tx:
        row = _found(tx, account, name)
        rows.change(tx, row.id, tags=iam_tags.added(row.role.tags, tags))


def untag(core: Core, account: str, name: str, keys: Sequence[str]) -> None:
    """Raises NoSuchEntity."""
    with core.database.transaction() as tx:
        row = _found(tx, account, name)
        rows.change(tx, row.id, tags=iam_tags.without(row.role.tags, keys))


# ------------------------------------------------------------------ policies inside the role


def put_inline(core: Core, account: str, name: str, policy: str, document: str) -> None:
    """Raises NoSuchEntity, MalformedPolicyDocument, LimitExceeded."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        refuse_malformed(document)
        others = {key: text for key, text in rows.inline(tx, row.id).items() if key != policy}
        if sum(map(iam.size, [*others.values(), document])) > INLINE_POLICIES_MAX:
            raise LimitExceeded(
                f"Maximum policy size of {INLINE_POLICIES_MAX} bytes exceeded for role {name}"
            )
        rows.put_inline(tx, row.id, policy, document)


def inline(core: Core, account: str, name: str, policy: str) -> str:
    """The document. Raises NoSuchEntity."""
    with core.database.reading() as tx:
        document = rows.inline(tx, _found(tx, account, name).id).get(policy)
    if document is None:
        raise _no_inline(policy)
    return document


def list_inline(core: Core, account: str, name: str) -> list[str]:
    """Names, in order. Raises NoSuchEntity."""
    with core.database.reading() as tx:
        return list(rows.inline(tx, _found(tx, account, name).id))


def delete_inline(core: Core, account: str, name: str, policy: str) -> None:
    """Raises NoSuchEntity."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        if policy not in rows.inline(tx, row.id):
            raise _no_inline(policy)
        rows.delete_inline(tx, row.id, policy)


# ------------------------------------------------------------------ managed policies of the role


def attach(core: Core, account: str, name: str, policy_arn: str) -> None:
    """One that is attached already is no error. Raises NoSuchEntity, LimitExceeded."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        if not managed_policies.exists(tx, account, policy_arn):
            raise NoSuchEntity(f"Policy {policy_arn} does not exist or is not attachable.")
        present = rows.attached(tx, row.id)
        if policy_arn in present:
            return
        if len(present) >= POLICIES_PER_ROLE:
            raise LimitExceeded.quota("PoliciesPerRole", POLICIES_PER_ROLE)
        rows.attach(tx, row.id, policy_arn)


def detach(core: Core, account: str, name: str, policy_arn: str) -> None:
    """Raises NoSuchEntity."""
    with changing_rights(core) as tx:
        row = _found(tx, account, name)
        managed_policies.exists(tx, account, policy_arn)
        if policy_arn not in rows.attached(tx, row.id):
            raise NoSuchEntity(f"Policy {policy_arn} was not found.")
        rows.detach(tx, row.id, policy_arn)


def list_attached(core: Core, account: str, name: str) -> list[str]:
    """ARNs, in order. Raises NoSuchEntity."""
    with core.database.reading() as tx:
        return rows.attached(tx, _found(tx, account, name).id)


# ------------------------------------------------------------------ found or not


def _of_arn(tx: Tx, arn: str) -> RoleRow | None:
    entity = iam.parse_arn(arn)
    if entity is None or entity.kind != "role":
        return None
    row = rows.find(tx, entity.account, entity.name)
    return row if row is not None and row.role.arn == arn else None


def _found(tx: Tx, account: str, name: str) -> RoleRow:
    row = rows.find(tx, account, name)
    if row is None:
        raise NoSuchEntity(f"The role with name {name} cannot be found.")
    return row


def _no_inline(policy: str) -> NoSuchEntity:
    return NoSuchEntity(f"The role policy with name {policy} cannot be found.")


def _refuse_trust(trust: str) -> None:
    refuse_malformed_trust(trust)
    if iam.size(trust) > TRUST_POLICY_MAX:
        raise LimitExceeded.quota("ACLSizePerRole", TRUST_POLICY_MAX)


def _refuse_boundary(tx: Tx, account: str, policy_arn: str | None) -> None:
    if policy_arn is not None and not managed_policies.exists(tx, account, policy_arn):
        raise NoSuchEntity(f"Scope ARN: {policy_arn} does not exist or is not attachable.")
