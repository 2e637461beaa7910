"""Who may use a layer version, besides its own account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamb.core import found
from lamb.core.context import Core
from lamb.model.errors import (
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.layer import LayerKey
from lamb.model.limits import POLICY_MAX_BYTES
from lamb.store import layers as rows
from lamb.store.database import Tx
from lamb.store.layers import Policy

_STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetLayerPolicy API to retrieve the latest Revision Id"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """AddLayerVersionPermission."""

    statement_id: str
    action: str
    principal: str
    """An account, the ARN of its root, or `*`."""
    organization_id: str | None = None


def add(core: Core, key: LayerKey, number: int, grant: Grant, revision_id: str | None) -> tuple[str, str]:
    """The statement as JSON, and the revision of the policy that has it now.

    Raises ResourceNotFound, ResourceConflict, PreconditionFailed, PolicyLengthExceeded.
    """
    with core.database.transaction() as tx:
        policy = _policy(tx, key, number)
        if any(statement["Sid"] == grant.statement_id for statement in policy.statements):
            raise ResourceConflict(
                f"The statement id ({grant.statement_id}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        _refuse_stale(policy, revision_id)
        statement = _statement(grant, key.version_arn(number))
        revision = _set(tx, key, number, [*policy.statements, statement])
    return _json(statement), revision


def get(core: Core, key: LayerKey, number: int) -> tuple[str, str]:
    """The policy's document as JSON, and its revision. Raises ResourceNotFound."""
    with core.database.reading() as tx:
        policy = _policy(tx, key, number)
    if not policy.statements:
        raise ResourceNotFound("No policy is associated with the given resource.")
    return _document(policy.statements), policy.revision_id or ""


def remove(core: Core, key: LayerKey, number: int, statement_id: str, revision_id: str | None) -> None:
    """Raises ResourceNotFound, PreconditionFailed."""
    with core.database.transaction() as tx:
        policy = _policy(tx, key, number)
        _refuse_stale(policy, revision_id)
        left = [statement for statement in policy.statements if statement["Sid"] != statement_id]
        if len(left) == len(policy.statements):
            raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
        _set(tx, key, number, left)


def _policy(tx: Tx, key: LayerKey, number: int) -> Policy:
    policy = rows.policy(tx, key, number) if abs(number) < 1 << 31 else None
    if policy is None:
        raise ResourceNotFound(f"Layer version {key.version_arn(number)} does not exist.")
    return policy


def _refuse_stale(policy: Policy, revision_id: str | None) -> None:
    if revision_id is not None and revision_id != policy.revision_id:
        raise PreconditionFailed(_STALE)


def _set(tx: Tx, key: LayerKey, number: int, statements: Sequence[Mapping[str, Any]]) -> str:
    size = len(_document(statements).encode())
    if size > POLICY_MAX_BYTES:
        raise PolicyLengthExceeded(
            f"The final policy size ({size}) is bigger than the limit ({POLICY_MAX_BYTES})."
        )
    revision = found.new_revision()
    rows.set_policy(tx, key, number, Policy(statements, revision))
    return revision


def _statement(grant: Grant, arn: str) -> dict[str, Any]:
    principal: Any = grant.principal
    if principal != "*":
        root = f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal
        principal = {"AWS": root}
    statement = {
        "Sid": grant.statement_id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": grant.action,
        "Resource": arn,
    }
    if grant.organization_id is not None:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": grant.organization_id}}
    return statement


def _document(statements: Sequence[Mapping[str, Any]]) -> str:
    return _json({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)})


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
