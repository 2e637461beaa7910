"""The application log level, for what functions print: JSON objects have one (SEMANTICS §19.2).

Log records are not our concern: AWS's runtime client drops what is below the level before it is written.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Python's words for two of them, too: AWS's own runtime client writes these into its records.
_RANKS = {
    "TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "WARNING": 3, "ERROR": 4, "FATAL": 5, "CRITICAL": 5,
}  # fmt: skip
_RFC_3339 = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def passes(line: bytes, least: str) -> bool:
    """Whether a printed line is at that level or above. Text has no level, and always passes."""
    if not line.lstrip().startswith(b"{"):
        return True
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return True
    return _RANKS[_level(document)] >= _RANKS[least]


def _level(document: dict[str, Any]) -> str:
    """INFO, unless the document names a level and, as AWS wants it, a time."""
    level, timestamp = document.get("level"), document.get("timestamp")
    known = isinstance(level, str) and level.upper() in _RANKS
    timed = isinstance(timestamp, str) and _RFC_3339.fullmatch(timestamp)
    return str(level).upper() if known and timed else "INFO"
