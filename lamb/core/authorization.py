"""What a role may do. The owner may do everything, and is never asked about here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lamb.core import permissions, roles
from lamb.core.context import Core
from lamb.model.credentials import RoleSession
from lamb.model.errors import AccessDenied
from lamb.model.names import Reference
from lamb.model.policy import Ask, Document, evaluate


class Rights(NamedTuple):
    """The policies of one role."""

    documents: Sequence[Document] | None = None
    """None: no such role is stored, functions may name any. It may do what lamb lets every function do."""
    boundary: Document | None = None
    """What it does not allow is not allowed. None: no boundary."""
    role_id: str = ""
    """`AROA…` of the role that is stored."""


def rights(core: Core, role_arn: str) -> Rights:
    """As they are stored. Raises HomeUnusable."""
    with core.database.reading() as tx:
        role = roles.role_of(tx, role_arn)
        if role is None:
            return Rights()
        documents = roles.documents_of(tx, role_arn) or ()
        return Rights(tuple(documents), roles.boundary_of(tx, role_arn), role.id)


def require(having: Rights, session: RoleSession, ask: Ask, *, by_default: bool) -> None:
    """Raise AccessDenied, in IAM's words, unless the role allows what is asked.

    `by_default`: whether a role that is not stored may do it.
    """
    # A function may name any role; whoever took one on that is gone has nothing left.
    verdict = "allow" if by_default and session.function is not None else "implicit-deny"
    if having.documents is not None:
        # Another role of that name is none of who took on the one before.
        stranger = session.role_id not in ("", having.role_id)
        verdict = evaluate(() if stranger else having.documents, ask)
    if verdict != "allow":
        raise _denied(session, ask, verdict, "an identity-based policy", "no identity-based policy")
    if having.boundary is not None:
        verdict = evaluate([having.boundary], ask)
        if verdict != "allow":
            raise _denied(session, ask, verdict, "a permissions boundary", "no permissions boundary")
    if session.policies:
        verdict = evaluate(session.policies, ask)
        if verdict != "allow":
            raise _denied(session, ask, verdict, "a session policy", "no session policy")


def let_in(core: Core, reference: Reference, session: RoleSession, ask: Ask) -> bool:
    """Whether the policy of a function lets a role run it that has no such right of its own.

    Within an account either is enough. What the role is forbidden, or limited to, stays so.
    """
    with core.database.reading() as tx:
        having = roles.documents_of(tx, session.role_arn) or []
        limited = bool(session.policies) or roles.boundary_of(tx, session.role_arn) is not None
        if limited or evaluate(having, ask) == "explicit-deny":
            return False
        return permissions.allows(tx, reference, ask)


def _denied(session: RoleSession, ask: Ask, verdict: str, which: str, none: str) -> AccessDenied:
    reason = (
        f"with an explicit deny in {which}"
        if verdict == "explicit-deny"
        else f"because {none} allows the {ask.action} action"
    )
    return AccessDenied(
        f"User: {session.arn} is not authorized to perform: {ask.action} on resource: {ask.resource} {reason}"
    )
