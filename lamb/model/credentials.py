"""Who signs requests: access keys of the owner, and sessions of roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lamb.model.names import FunctionKey

ACCOUNT = re.compile(r"\d{12}", re.ASCII)
"""An access key id of this form is no key: it names an account, and the default key's secret signs for it."""


class RoleSession(NamedTuple):
    """A role that somebody has taken on: a function's environment, or whoever called AssumeRole."""

    role_arn: str
    name: str
    """Of the session; a function's is called as the function."""
    role_id: str = ""
    """`AROA…`, where the role is stored."""
    function: FunctionKey | None = None
    """The function whose environment has these credentials."""
    policies: tuple[Mapping[str, Any], ...] = ()
    """Session policies: nothing that they do not allow is allowed. None of them limits nothing."""
    tags: Mapping[str, str] = {}
    """Of the role and of the session: `aws:PrincipalTag/…` to policies."""

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    @property
    def arn(self) -> str:
        """`arn:aws:sts::<account>:assumed-role/<role>/<session>`; the path of the role is not in it."""
        role = self.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{self.account}:assumed-role/{role}/{self.name}"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request is signed with."""

    key_id: str
    secret: str = field(repr=False)
    account: str
    token: str | None = field(default=None, repr=False)
    """Has to come along with every request; None for a key of the owner."""
    session: RoleSession | None = None
    """None: the owner, who may do everything in the account."""
    expires_ms: int | None = None
    """By the machine's clock; None: as long as it is known."""


class AccessKey(NamedTuple):
    """A key of the owner as it is listed: without its secret."""

    key_id: str
    account: str
    description: str
    created_ms: int
    is_default: bool = False
    """The one that `lamb env` shows, and whose secret signs for other accounts."""
