"""What an inspection has to say about one entry."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One remark. An error keeps the function from running or the package from being accepted."""

    severity: Severity
    code: str
    """Stable and kebab-case, such as `mode-unreadable`."""
    entry: str
    """The entry's name with unprintable characters escaped; empty when the whole archive is meant."""
    mode: int | None
    """Permission bits 0-07777 where the finding is about them."""
    expected: str
    """What is expected in place of it, such as `0644`; may be empty."""
    fix: str
    message: str
    """Says what the entry does or is: reads on after its name."""


def shown(name: str) -> str:
    """A hostile name that may be printed: nothing in it moves a cursor or turns the writing around."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


def error(code: str, name: str, message: str, fix: str, expected: str = "") -> Finding:
    return Finding("error", code, shown(name), None, shown(expected), fix, message)


def warning(code: str, name: str, message: str, fix: str, expected: str = "") -> Finding:
    return Finding("warning", code, shown(name), None, shown(expected), fix, message)


def note(code: str, name: str, message: str, fix: str = "", expected: str = "") -> Finding:
    return Finding("note", code, shown(name), None, shown(expected), fix, message)
