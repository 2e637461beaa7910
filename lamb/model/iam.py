"""Roles and managed policies, as IAM names them and what IAM limits."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

# IAM and STS quotas, "IAM entity character limits": without white space
TRUST_POLICY_MAX = 2048
INLINE_POLICIES_MAX = 10_240
MANAGED_POLICY_MAX = 6144
# The same page: "Managed policies attached to an IAM role", "Versions of a managed policy that can be stored"
POLICIES_PER_ROLE = 10
POLICY_VERSIONS = 5
TAGS_MAX = 50
# API reference: "If you do not include this parameter, the number of items defaults to 100"
PAGE_DEFAULT = 100

AWS_ACCOUNT = "aws"
"""Whose managed policies are AWS's own."""

_ARN = re.compile(
    r"arn:aws[a-z-]*:iam::(?P<account>\d{12}|aws):(?P<kind>role|policy)(?P<path>/|/.*/)(?P<name>[^/]+)"
)
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Role(NamedTuple):
    """A role; its policies are kept beside it."""

    account: str
    name: str
    path: str
    id: str
    """Unique for ever: `AROA` and 17 more."""
    trust: str
    """AssumeRolePolicyDocument: JSON, as it was given."""
    description: str | None
    max_session_s: int
    boundary_arn: str | None
    """Of the managed policy that bounds what the role may do."""
    tags: Mapping[str, str]
    created_ms: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"


class ManagedPolicy(NamedTuple):
    """A policy of its own, of a customer or of AWS; its documents are its versions."""

    account: str
    """`aws` for AWS's own."""
    name: str
    path: str
    id: str
    """Unique for ever: `ANPA` and 17 more."""
    description: str | None
    tags: Mapping[str, str]
    default_version: int
    created_ms: int
    updated_ms: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"


class PolicyVersion(NamedTuple):
    """One document of a managed policy; never changed."""

    number: int
    document: str
    created_ms: int

    @property
    def id(self) -> str:
        return f"v{self.number}"


class Entity(NamedTuple):
    """What an ARN of IAM names."""

    account: str
    kind: str
    """`role` or `policy`."""
    path: str
    name: str


def parse_arn(arn: str) -> Entity | None:
    """None for what is no ARN of a role or a policy."""
    found = _ARN.fullmatch(arn)
    return None if found is None else Entity(**found.groupdict())


def new_id(prefix: str) -> str:
    """`AROA` for a role, `ANPA` for a managed policy."""
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(17))


def derived_id(prefix: str, arn: str) -> str:
    """The same for the same ARN: of what is stored nowhere."""
    return prefix + base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17]


def size(document: str) -> int:
    """As IAM counts a policy: characters that are no white space."""
    return len("".join(document.split()))
