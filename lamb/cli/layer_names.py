"""Layer versions as people write them: `NAME:3`, `NAME` for the newest one, or an ARN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamb.cli.faults import UsageFault
from lamb.model.errors import ResourceNotFound

if TYPE_CHECKING:
    from lamb.cli.session import Session


def split(text: str) -> tuple[str, int | None]:
    """The layer, by name or ARN, and the number if one was given. Raises UsageFault."""
    name, _, number = text.rpartition(":")
    if not name or name.endswith(":layer"):
        return text, None
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise UsageFault(f"`{text}` is no layer version", hint="NAME:3, NAME for the newest one, or an ARN")
    return name, int(number)


def found(session: Session, text: str) -> tuple[str, int]:
    """The layer and its number, the newest one where none was given. Raises ResourceNotFound, UsageFault."""
    name, number = split(text)
    if number is None:
        number = session.client.layers.newest(name)
    if number is None:
        raise ResourceNotFound(
            f"There is no layer `{name}`", hint="`lamb layer publish` makes one; `lamb layer list` lists them"
        )
    return name, number


def arns(session: Session, texts: Sequence[str] | None) -> list[str] | None:
    """For `Layers` of a function; None where none were given."""
    if texts is None:
        return None
    settings = session.settings
    prefix = f"arn:aws:lambda:{settings.region}:{settings.account}:layer:"
    written = []
    for text in texts:
        name, number = found(session, text)
        written.append(f"{name if name.startswith('arn:') else prefix + name}:{number}")
    return written
