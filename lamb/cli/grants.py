"""Permissions that commands give on the way, as AWS's console does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lamb.cli.session import Session
from lamb.model.errors import ResourceConflict, ResourceNotFound

_SID_MAX = 100


def grant(session: Session, function: str, body: Mapping[str, Any]) -> bool:
    """Add a statement to the policy of a function; whether it was not there yet."""
    try:
        session.client.permissions.add(function, body)
    except ResourceConflict:
        return False
    return True


def revoke(session: Session, function: str, sid: str) -> None:
    """Take a statement away; one that is not there is no error."""
    with suppress(ResourceNotFound):
        session.client.permissions.remove(function, sid)


def statement_id(*parts: str) -> str:
    """`sns-alarms`: of letters, digits, `-` and `_`, and not too long."""
    text = "-".join(part for part in parts if part)
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)[:_SID_MAX]
