"""Who a caller is to IAM: the root of an account, or the session of a role."""

from __future__ import annotations

from typing import NamedTuple

from lamb.api.neighbour import Request
from lamb.core.roles import role_id


class Identity(NamedTuple):
    """What GetCallerIdentity tells, beside the account."""

    arn: str
    user_id: str


async def of(request: Request) -> Identity:
    """A function calls as a session of its role that is called like the function."""
    account, session = request.place.account, request.principal.session
    if session is None:
        return Identity(f"arn:aws:iam::{account}:root", account)
    known = session.role_id or await request.services.run(role_id, request.services.core, session.role_arn)
    return Identity(session.arn, f"{known}:{session.name}")
