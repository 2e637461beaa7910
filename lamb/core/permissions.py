"""Resource policies: who besides the owner may invoke a function, version or alias (SEMANTICS §26)."""

from __future__ import annotations

from lamb.core import found
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.names import LATEST, Place, Reference, parse_reference
from lamb.model.permission import (
    INVOKE_ACTION,
    Permission,
    ResourcePolicy,
    Statement,
    refuse_too_long,
    statement,
)
from lamb.model.policy import Ask, evaluate
from lamb.store import functions
from lamb.store import policies as rows
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow

_STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetPolicy API to retrieve the latest Revision Id"
)


def add(core: Core, ref: Reference, wanted: Permission, revision_id: str | None = None) -> Statement:
    """One statement more; it, as it stands in the policy.

    Raises ResourceNotFound, ResourceConflict for a statement id that is taken, PreconditionFailed,
    InvalidParameterValue, PolicyLengthExceeded.
    """
    refuse_broken_text(wanted)
    if ref.qualifier == LATEST:
        raise InvalidParameterValue("We currently do not support adding policies for $LATEST.")
    with core.database.transaction() as tx:
        function = _holder(tx, ref)
        before = rows.find(tx, function.id, label(ref))
        _refuse_stale(revision_id, before)
        statements = () if before is None else before.statements
        if any(there["Sid"] == wanted.sid for there in statements):
            raise ResourceConflict(
                f"The statement id ({wanted.sid}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        added = statement(wanted, ref.arn)
        policy = ResourcePolicy(found.new_revision(), [*statements, added])
        refuse_too_long(policy)
        rows.put(tx, function.id, label(ref), policy)
    return added


def get(core: Core, ref: Reference) -> ResourcePolicy:
    """Raises ResourceNotFound, with the same words for whatever is missing."""
    with core.database.reading() as tx:
        policy = find(tx, ref)
    if policy is None:
        raise ResourceNotFound
    return policy


def remove(core: Core, ref: Reference, sid: str, revision_id: str | None = None) -> None:
    """One statement less; with the last one the policy goes. Raises ResourceNotFound, PreconditionFailed."""
    with core.database.transaction() as tx:
        function = functions.find(tx, ref.key)
        if function is None:
            raise ResourceNotFound(f"No policy found for: {ref.key.arn}")
        policy = rows.find(tx, function.id, label(ref))
        if policy is None:
            raise ResourceNotFound("No policy is associated with the given resource.")
        left = [there for there in policy.statements if there["Sid"] != sid]
        if len(left) == len(policy.statements):
            raise ResourceNotFound(f"Statement {sid} is not found in resource policy.")
        _refuse_stale(revision_id, policy)
        rows.put(tx, function.id, label(ref), ResourcePolicy(found.new_revision(), left))


def find(tx: Tx, ref: Reference) -> ResourcePolicy | None:
    """The policy of exactly this reference: a version or alias has none of its function's statements."""
    function = functions.find(tx, ref.key)
    return None if function is None else rows.find(tx, function.id, label(ref))


def allows(tx: Tx, ref: Reference, ask: Ask) -> bool:
    """Whether the policy of this very reference allows it; `ask.resource` is filled in here."""
    policy = find(tx, ref)
    if policy is None:
        return False
    # No policy can be written for `$LATEST`: spelled out, it is the function itself.
    resource = ref.key.arn if label(ref) == LATEST else ref.arn
    return evaluate([policy.document], ask._replace(resource=resource)) == "allow"


def refuse_service(tx: Tx, arn: str, service: str, source_arn: str) -> None:
    """Raise AccessDenied where a function (its ARN, qualified or not) does not let a service run it.

    `service`: `sns.amazonaws.com`; `source_arn`: the topic, bucket or rule on whose behalf it comes.
    """
    parts, source = arn.split(":"), source_arn.split(":")
    ref = parse_reference(arn, Place(parts[4], parts[3]))
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source[4] if len(source) > 4 else ""}
    if not allows(tx, ref, Ask(INVOKE_ACTION, principal_service=service, context=context)):
        raise AccessDenied(
            f"The resource policy of {arn} does not let {service} invoke it for {source_arn}",
            hint=f"`lamb permission add {arn.rpartition(':function:')[2]} --principal {service} "
            f"--source-arn {source_arn}`",
        )


def label(ref: Reference) -> str:
    """Under which a qualifier's policy is kept."""
    return ref.qualifier or LATEST


def _holder(tx: Tx, ref: Reference) -> FunctionRow:
    """The function of a reference whose version or alias is there."""
    function = found.function(tx, ref.key)
    if ref.qualifier is None:
        return function
    if found.number_of(ref.qualifier) is not None:
        found.version(tx, ref.key, ref.qualifier)
    elif found.alias(tx, function, ref.qualifier) is None:
        raise ResourceNotFound(f"Cannot find alias arn: {ref.arn}")
    return function


def _refuse_stale(revision_id: str | None, policy: ResourcePolicy | None) -> None:
    if revision_id is not None and (policy is None or policy.revision_id != revision_id):
        raise PreconditionFailed(_STALE)
