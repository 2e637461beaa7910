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
    """The owner of the home is the root of the account; a function is a session that is called like it."""
    session = request.principal.session
    if session is None:
        account = request.place.account
        return Identity(f"arn:aws:iam::{account}:root", account)
    services = request.services
    unique = session.role_id or await services.run(role_id, services.core, session.role_arn)
    return Identity(session.arn, f"{unique}:{session.name}")
