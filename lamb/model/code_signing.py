"""Code signing configs: who may sign code. Kept and reported; lamb checks no signature."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lamb.model.names import Place

_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":code-signing-config:(?P<id>csc-[a-z0-9]{17})",
    re.ASCII,
)


class CodeSigningKey(NamedTuple):
    """One config of an account and region."""

    place: Place
    id: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.place.region}:{self.place.account}:code-signing-config:{self.id}"


class CodeSigningConfig(NamedTuple):
    key: CodeSigningKey
    publishers: Sequence[str]
    """ARNs of signing profile versions."""
    policy: str
    """UntrustedArtifactOnDeployment: `Warn` or `Enforce`."""
    description: str | None
    last_modified_ms: int
    tags: Mapping[str, str] = {}


class CodeSigningChanges(NamedTuple):
    """Members that a request gives; None means "not given"."""

    publishers: Sequence[str] | None = None
    policy: str | None = None
    description: str | None = None


def new_key(place: Place) -> CodeSigningKey:
    letters = string.ascii_lowercase + string.digits
    return CodeSigningKey(place, "csc-" + "".join(secrets.choice(letters) for _ in range(17)))


def parse_arn(arn: str) -> CodeSigningKey | None:
    parts = _ARN.fullmatch(arn)
    return None if parts is None else CodeSigningKey(Place(parts["account"], parts["region"]), parts["id"])
