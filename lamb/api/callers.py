"""Who a caller is to IAM: the root of an account, or the session of a role."""

from __future__ import annotations

from typing import NamedTuple

from lamb.api.neighbour import Request
from lamb.core import functions
from lamb.core.roles import role_id
from lamb.model.names import Reference


class Identity(NamedTuple):
    """What GetCallerIdentity tells, beside the account."""

    arn: str
    user_id: str


async def of(request: Request) -> Identity:
    """A function calls as a session of its role that is called like the function."""
    account, function = request.place.account, request.principal.function
    if function is None:
        return Identity(f"arn:aws:iam::{account}:root", account)
    core = request.services.core
    view = await request.services.run(functions.get, core, Reference(function))
    role = view.version.configuration.role
    name = role.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{function.name}"
    return Identity(arn, f"{await request.services.run(role_id, core, role)}:{function.name}")
