"""Forgetting entries where they stand: their bytes become blanks, and everybody's positions hold."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from lamb.logs.journal import Entry, Group, Journal

# One line of blanks is not longer than that: readers take lines whole.
_BLANK_LINE = b" " * 4095 + b"\n"


def erase(journal: Journal, group: Group, gone: Callable[[Entry], bool]) -> list[int]:
    """Blank the entries that are `gone`; the segments in which no entry is left.

    Reads and rewrites files: call it in a thread, with nothing of the group pending, and give the answer to
    `Journal.drop`. What is appended meanwhile stays.
    """
    return [number for number in journal.segments(group) if _blank(journal.path(group, number), gone)]


def _blank(path: Path, gone: Callable[[Entry], bool]) -> bool:
    """Whether nothing is left in the file."""
    left, offset = False, 0
    try:
        with path.open("rb") as lines:
            fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                for line in lines:
                    entry = _entry(line)
                    if entry is not None and gone(entry):
                        os.pwrite(fd, _blanks(len(line)), offset)
                    elif not line.isspace():
                        left = True
                    offset += len(line)
            finally:
                os.close(fd)
    except FileNotFoundError:  # dropped meanwhile, because the group grew
        return False
    return not left


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry(*json.loads(line))
    except (ValueError, TypeError):
        return None


def _blanks(length: int) -> bytes:
    whole, rest = divmod(length, len(_BLANK_LINE))
    return _BLANK_LINE * whole + (b" " * (rest - 1) + b"\n" if rest else b"")
