"""Names of roles as people write them."""

from __future__ import annotations

from typing import overload

from lamb.cli.session import Session


@overload
def role_arn(session: Session, role: str) -> str: ...
@overload
def role_arn(session: Session, role: None) -> None: ...
@overload
def role_arn(session: Session, role: str | None) -> str | None: ...
def role_arn(session: Session, role: str | None) -> str | None:
    """The ARN of a role of this account; an ARN as it is."""
    if role is None or role.startswith("arn:"):
        return role
    return f"arn:aws:iam::{session.settings.account}:role/{role}"
