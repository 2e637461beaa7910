"""Function URLs: an HTTP address of a function or of one of its aliases."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any, NamedTuple

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 32


class FunctionUrl(NamedTuple):
    """FunctionUrlConfig, without the ARN of what it belongs to."""

    qualifier: str
    """`$LATEST` for the function itself, or an alias."""
    id: str
    """The first part of the host name; never used twice, and never changed."""
    auth_type: str
    """`NONE` or `AWS_IAM`."""
    created_ms: int
    last_modified_ms: int
    invoke_mode: str = "BUFFERED"
    """Or `RESPONSE_STREAM`."""
    cors: Mapping[str, Any] | None = None
    """With the keys of AWS's Cors; None where lamb leaves CORS to the function."""


class UrlChanges(NamedTuple):
    """Members that a request gives; None means "not given"."""

    auth_type: str | None = None
    invoke_mode: str | None = None
    cors: Mapping[str, Any] | None = None
    """{} takes the settings away."""


def new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def host_name(url_id: str, region: str) -> str:
    """Below `localhost`, which is this machine to browsers and curl, whatever stands before it."""
    return f"{url_id}.lambda-url.{region}.localhost"


def id_of(host: str) -> str | None:
    """The id in a Host header of any service's spelling: `<id>.lambda-url.<region>.…`; None in others."""
    url_id, mark, _ = host.partition(".lambda-url.")
    return url_id if mark and "." not in url_id else None
