"""CloudWatch's filter patterns: which log events are meant by `ERROR -"not this"` or `{ $.level = "ERROR" }`.

Source: CloudWatch Logs User Guide, "Filter pattern syntax". Regular expressions (`%…%`) are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lamb.model import log_conditions as conditions
from lamb.model.log_errors import InvalidParameter

Matches = Callable[[str], bool]

# An optional sign, then a phrase in quotes or whatever stands up to the next blank.
_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_WORD = re.compile(r"\w+")
# What a space-delimited event is made of: [a group], "another one", or a word.
_FIELD = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')


def compiled(pattern: str) -> Matches:
    """What tells, of a message, whether it matches. Raises InvalidParameter; an empty pattern is no error."""
    text = pattern.strip()
    if not text:
        return lambda _: True
    if text.startswith("{"):
        return _json(text)
    if text.startswith("["):
        return _delimited(text)
    return _terms(text)


# ------------------------------------------------------------------ terms


def _terms(text: str) -> Matches:
    """`all of these`, `-none`, `?any ?one`: case matters, and a term may be a part of a word."""
    signed: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            raise InvalidParameter(f"Invalid character(s) in term '{text[at:].strip()}'")
        sign, phrase, word = term.groups()
        if phrase is None and not _WORD.fullmatch(word):
            if len(word) > 1 and word[0] == word[-1] == "%":
                raise conditions.no_expressions(word)
            raise InvalidParameter(f"Invalid character(s) in term '{word}'")
        signed[sign].append(word if phrase is None else _unescaped(phrase))
        at = term.end()
    wanted, unwanted = signed[""], signed["-"]
    # "?" terms beside others are ignored, as the guide says.
    optional = [] if wanted or unwanted else signed["?"]

    def matches(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and not any(term in message for term in unwanted)
            and (not optional or any(term in message for term in optional))
        )

    return matches


def _unescaped(phrase: str) -> str:
    return re.sub(r"\\(.)", r"\1", phrase)


# ------------------------------------------------------------------ JSON


def _json(text: str) -> Matches:
    if not text.endswith("}"):
        raise conditions.invalid()
    condition = conditions.parsed(text[1:-1], conditions.path)

    def matches(message: str) -> bool:
        # Most of what does not match is no JSON at all.
        if not message.lstrip().startswith(("{", "[")):
            return False
        try:
            document: Any = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return condition(document)

    return matches


# ------------------------------------------------------------------ space-delimited


def _delimited(text: str) -> Matches:
    """`[ip, user, ..., status = 4*, bytes > 1000]`: as many fields, and each as it is said."""
    if not text.endswith("]"):
        raise conditions.invalid()
    parts = [part.strip() for part in conditions.split(text[1:-1], ",")]
    if not all(parts):
        raise conditions.invalid()
    gap = parts.index("...") if "..." in parts else None
    front = [_column(part) for part in (parts if gap is None else parts[:gap])]
    back = [] if gap is None else [_column(part) for part in parts[gap + 1 :]]

    def matches(message: str) -> bool:
        fields = [next(group for group in found if group is not None) for found in _groups(message)]
        if len(fields) < len(front) + len(back) or (gap is None and len(fields) > len(front)):
            return False
        behind = fields[len(fields) - len(back) :]
        return all(
            check(field)
            for check, field in zip([*front, *back], [*fields[: len(front)], *behind], strict=True)
        )

    return matches


def _groups(message: str) -> list[tuple[str | None, ...]]:
    return [match.groups() for match in _FIELD.finditer(message)]


def _column(part: str) -> conditions.Condition:
    """A name alone takes anything; else one or more conditions, all of that name."""
    if _WORD.fullmatch(part):
        return lambda _: True
    return conditions.parsed(part, conditions.name)
