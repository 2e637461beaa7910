"""Names, ARNs and qualifiers: how AWS spells them, and how each spelling is read."""

from __future__ import annotations

import functools
import hashlib
import re
from typing import NamedTuple

from lamb.model.errors import AccessDenied, InvalidParameterValue, ResourceNotFound, ValidationFailure
from lamb.model.limits import FUNCTION_NAME_MAX

LATEST = "$LATEST"

REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
# The two name patterns of the service model: control plane, and the "namespaced" operations
# (Get*, Invoke, Delete, policy), which also take dots and $LATEST.PUBLISHED.
CONTROL_NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?(" + REGION + r":)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
NAMESPACED_NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?(" + REGION + r":)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
ALIAS_PATTERN = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
VERSION_PATTERN = r"(\$LATEST|[0-9]+)"
ROLE_PATTERN = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"

_SPELLING = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>" + REGION + r"):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)


# Named tuples: an invocation looks these up in some ten tables, and data classes hash ten times as slowly.
class Place(NamedTuple):
    """The account (12 digits) and region a request is made in."""

    account: str = "123456789012"
    region: str = "us-east-1"


class FunctionKey(NamedTuple):
    """One function: its account, region and bare name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    def qualified(self, qualifier: str | None) -> str:
        """The ARN with `:qualifier` behind it, or the bare ARN for None."""
        return self.arn if qualifier is None else f"{self.arn}:{qualifier}"


class Reference(NamedTuple):
    """What a caller wrote: a function, and the qualifier if one was given."""

    key: FunctionKey
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """As invoked: qualified only if the caller qualified it."""
        return self.key.qualified(self.qualifier)

    @property
    def effective_arn(self) -> str:
        """With `$LATEST` spelled out where no qualifier was given."""
        return self.key.qualified(self.qualifier or LATEST)


def is_version_number(qualifier: str) -> bool:
    return qualifier.isascii() and qualifier.isdigit()


def parse_reference(
    text: str, place: Place, qualifier: str | None = None, *, namespaced: bool = True
) -> Reference:
    """Read a function name, partial ARN or ARN, with an optional separate qualifier.

    `namespaced` selects the pattern and length limit of the operation (256 or 140 characters).
    Raises ValidationFailure for a bad spelling, InvalidParameterValue for a name over 64
    characters or contradicting qualifiers, ResourceNotFound for another region and AccessDenied
    for another account.
    """
    pattern = NAMESPACED_NAME_PATTERN if namespaced else CONTROL_NAME_PATTERN
    longest = 256 if namespaced else 140
    violations = []
    if len(text) > longest:
        violations.append(f"Member must have length less than or equal to {longest}")
    if not text:
        violations.append("Member must have length greater than or equal to 1")
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None:
        violations.append(f"Member must satisfy regular expression pattern: {pattern}")
    if violations:
        raise ValidationFailure(
            *(f"Value '{text}' at 'functionName' failed to satisfy constraint: {v}" for v in violations)
        )
    parts = _SPELLING.fullmatch(text)
    if parts is None:  # the service pattern lets odd mixes through that name nothing
        raise ValidationFailure(
            f"Value '{text}' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
    name = parts["name"]
    if len(name) > FUNCTION_NAME_MAX:
        raise InvalidParameterValue(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {FUNCTION_NAME_MAX}"
        )
    if parts["region"] not in (None, place.region):
        raise ResourceNotFound(
            f"Functions from '{parts['region']}' are not reachable in this region ('{place.region}')"
        )
    if parts["account"] not in (None, place.account):
        raise AccessDenied("")
    written = parts["qualifier"]
    if written is not None and qualifier is not None and written != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return Reference(FunctionKey(place.account, place.region, name), qualifier or written)


@functools.lru_cache(maxsize=64)
def runtime_version_arn(region: str, runtime: str) -> str:
    """RuntimeVersionArn: AWS's ends in a hash that says nothing, and so does this one."""
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"
