"""Who may use a layer version, besides its own account."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lamb.core import found
from lamb.core.context import Core
from lamb.model.errors import PreconditionFailed, ResourceConflict, ResourceNotFound
from lamb.model.layer import LayerKey
from lamb.model.permission import Permission, ResourcePolicy, Statement, refuse_too_long, statement
from lamb.store import layers as rows
from lamb.store.database import Tx

_STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetLayerPolicy API to retrieve the latest Revision Id"
)


def add(
    core: Core, key: LayerKey, number: int, wanted: Permission, revision_id: str | None
) -> tuple[str, str]:
    """The statement as JSON, and the revision of the policy that has it now.

    Raises ResourceNotFound, ResourceConflict, PreconditionFailed, PolicyLengthExceeded.
    """
    with core.database.transaction() as tx:
        policy = _policy(tx, key, number)
        if any(each["Sid"] == wanted.sid for each in policy.statements):
            raise ResourceConflict(
                f"The statement id ({wanted.sid}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        _refuse_stale(policy, revision_id)
        added = statement(wanted, key.version_arn(number))
        revision = _set(tx, key, number, [*policy.statements, added])
    return json.dumps(added, separators=(",", ":")), revision


def get(core: Core, key: LayerKey, number: int) -> ResourcePolicy:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        policy = _policy(tx, key, number)
    if not policy.statements:
        raise ResourceNotFound("No policy is associated with the given resource.")
    return policy


def remove(core: Core, key: LayerKey, number: int, sid: str, revision_id: str | None) -> None:
    """Raises ResourceNotFound, PreconditionFailed."""
    with core.database.transaction() as tx:
        policy = _policy(tx, key, number)
        _refuse_stale(policy, revision_id)
        left = [each for each in policy.statements if each["Sid"] != sid]
        if len(left) == len(policy.statements):
            raise ResourceNotFound(f"Statement {sid} is not found in resource policy.")
        _set(tx, key, number, left)


def _policy(tx: Tx, key: LayerKey, number: int) -> ResourcePolicy:
    policy = rows.policy(tx, key, number) if abs(number) < 1 << 31 else None
    if policy is None:
        raise ResourceNotFound(f"Layer version {key.version_arn(number)} does not exist.")
    return policy


def _refuse_stale(policy: ResourcePolicy, revision_id: str | None) -> None:
    if revision_id is not None and revision_id != policy.revision_id:
        raise PreconditionFailed(_STALE)


def _set(tx: Tx, key: LayerKey, number: int, statements: Sequence[Statement]) -> str:
    changed = ResourcePolicy(found.new_revision(), statements)
    refuse_too_long(changed)
    rows.set_policy(tx, key, number, changed)
    return changed.revision_id
