"""Texts of IAM policies: wildcards and policy variables, matched as IAM matches them.

`*` stands for any number of characters, `?` for one, `${key}` for what the request's context says of `key`,
`${key, 'default'}` for the default where it says nothing, and `${*}`, `${?}`, `${$}` for these characters.
Source: IAM user guide, reference_policies_variables and reference_policies_elements_resource.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Literal

Context = Mapping[str, tuple[str, ...]]
"""Values of condition keys by their names in lower case."""

Kind = Literal["text", "arn", "resource"]
"""Where a wildcard ends. `text`: nowhere. `arn`: at the colon of each of the first five parts. `resource`: as
`arn`, but the last `*` of a part goes on beyond the colon."""

_TOKEN = re.compile(r"\$\{([^}]*)\}|(\*)|(\?)|(:)|([^$*?:]+|\$)", re.DOTALL)
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'(.*)'\s*", re.DOTALL)
_PARTS = 6


def plain(text: str, context: Context | None) -> str | None:
    """`text` with its variables replaced; None where one of them has no value.

    `context` is None in documents of versions that know no variables.
    """
    if context is None or "${" not in text:
        return text
    said = ""
    for match in _TOKEN.finditer(text):
        value = match[0] if match[1] is None else _value(match[1], context)
        if value is None:
            return None
        said += value
    return said


def matches(pattern: str, value: str, context: Context | None, kind: Kind = "text") -> bool:
    """Whether `value` is what `pattern` describes. A variable without a value matches nothing."""
    if pattern == "*":
        return True
    if context is None or "${" not in pattern:
        return _compiled(pattern, kind).fullmatch(value) is not None
    source = _source(pattern, context, kind)
    return source is not None and re.fullmatch(source, value, re.DOTALL) is not None


def same_action(pattern: str, action: str) -> bool:
    """Whether an action, `lambda:InvokeFunction`, is what `pattern` describes; without regard to case."""
    return _compiled(pattern.lower(), "text").fullmatch(action.lower()) is not None


def as_tuple(value: object) -> tuple[object, ...]:
    """IAM takes one item wherever it takes a list."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def arn_in_full(pattern: str) -> str:
    """IAM fills the parts that are missing at the end of an ARN with `*`."""
    missing = _PARTS - sum(1 for match in _TOKEN.finditer(pattern) if match[4]) - 1
    return pattern if missing <= 0 or not pattern.startswith("arn:") else pattern + ":*" * missing


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str, kind: Kind) -> re.Pattern[str]:
    return re.compile(_source(pattern, None, kind) or "", re.DOTALL)


def _source(pattern: str, context: Context | None, kind: Kind) -> str | None:
    """A regular expression; None where a variable has no value."""
    tokens = list(_TOKEN.finditer(pattern))
    made, colons = [], 0
    for index, token in enumerate(tokens):
        ends = index + 1 == len(tokens) or bool(tokens[index + 1][4])
        bounded = kind != "text" and colons < _PARTS - 1
        if token[1] is not None and context is not None:
            value = _value(token[1], context)
            if value is None:
                return None
            made.append(re.escape(value))
        elif token[2]:
            made.append("[^:]*" if bounded and not (ends and kind == "resource") else ".*")
        elif token[3]:
            made.append("[^:]" if bounded else ".")
        else:
            colons += bool(token[4])
            made.append(re.escape(token[0]))
    return "".join(made)


def _value(variable: str, context: Context) -> str | None:
    if variable in {"*", "?", "$"}:
        return variable
    defaulted = _DEFAULT.fullmatch(variable)
    name, default = (variable.strip(), None) if defaulted is None else defaulted.groups()
    values = context.get(name.lower(), ())
    return values[0] if len(values) == 1 else default


def texts(value: object) -> Iterator[str]:
    """What a condition names, as text: JSON's numbers and truth values are taken, too."""
    for item in as_tuple(value):
        if isinstance(item, bool):
            yield "true" if item else "false"
        elif isinstance(item, str | int | float):
            yield str(item)
        else:
            raise TypeError(f"{item!r} is no value of a condition")
