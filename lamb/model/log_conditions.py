"""Conditions in CloudWatch's filter patterns: `$.a.b = 1 && ($.c != "x*" || $.d NOT EXISTS)`."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lamb.model.log_errors import InvalidParameter

Condition = Callable[[Any], bool]
Value = Callable[[Any], Any]
"""Of a document, what a selector finds in it: `MISSING`, or a JSON value."""

MISSING = object()
_DEPTH_MAX = 50

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<sign>&&|\|\||!=|>=|<=|=|>|<|\(|\))
  | (?P<bare>(?:\[(?:"[^"]*"|'[^']*'|\d+|\*)\]|[^\s"&|!=<>()])+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([^.\[\]\s]+)|\.?\[(\d+|\*)\]|\.?\[(?:"([^"]*)"|'([^']*)')\]""")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt,
    "<=": operator.le,
}  # fmt: skip


def invalid() -> InvalidParameter:
    return InvalidParameter("Invalid filter pattern")


def no_expressions(term: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid filter pattern: lamb matches no regular expressions, as in {term}")


def split(text: str, separator: str) -> list[str]:
    """At `separator`, but not within quotes."""
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def path(text: str) -> Value:
    """`$.a.b[0].c`, `$.a["b"]`: `[*]` stands for any element."""
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            break
        name, index, *quoted = step.groups()
        if index is not None:
            steps.append(index if index == "*" else int(index))
        else:
            steps.append(next(part for part in (name, *quoted) if part is not None))
        at = step.end()
    if not text.startswith("$") or at < len(text) or not steps:
        raise invalid()

    def value(document: Any) -> Any:
        found = list(_walk(document, steps))
        return _Several(found) if len(found) > 1 else (found[0] if found else MISSING)

    return value


def name(text: str) -> Value:
    """In a space-delimited pattern, where each field has conditions of its own."""
    if not re.fullmatch(r"\w+", text):
        raise invalid()
    return lambda field: field


class _Several(list[Any]):
    """What `[*]` stands for: a comparison holds if it holds for one of them."""


def _walk(node: Any, steps: Sequence[str | int]) -> Iterator[Any]:
    if not steps:
        yield node
    elif steps[0] == "*" and isinstance(node, list):
        for item in node:
            yield from _walk(item, steps[1:])
    elif isinstance(steps[0], int):
        if isinstance(node, list) and steps[0] < len(node):
            yield from _walk(node[steps[0]], steps[1:])
    elif isinstance(node, dict) and steps[0] in node:
        yield from _walk(node[steps[0]], steps[1:])


def parsed(text: str, selector: Callable[[str], Value]) -> Condition:
    """A whole expression; `selector` reads what stands left of an operator. Raises InvalidParameter."""
    parser = _Parser(_tokens(text), selector)
    condition = parser.either(0)
    if parser.more:
        raise invalid()
    return condition


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise invalid()
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


class _Parser:
    """`||` binds less than `&&`."""

    def __init__(self, tokens: list[str], selector: Callable[[str], Value]) -> None:
        self._tokens = tokens
        self._selector = selector
        self._at = 0

    @property
    def more(self) -> bool:
        return self._at < len(self._tokens)

    def either(self, depth: int) -> Condition:
        conditions = [self._both(depth)]
        while self._take("||"):
            conditions.append(self._both(depth))
        return (
            conditions[0] if len(conditions) == 1 else lambda value: any(each(value) for each in conditions)
        )

    def _both(self, depth: int) -> Condition:
        conditions = [self._one(depth)]
        while self._take("&&"):
            conditions.append(self._one(depth))
        return (
            conditions[0] if len(conditions) == 1 else lambda value: all(each(value) for each in conditions)
        )

    def _one(self, depth: int) -> Condition:
        if self._take("("):
            if depth >= _DEPTH_MAX:
                raise invalid()
            condition = self.either(depth + 1)
            if not self._take(")"):
                raise invalid()
            return condition
        value, sign = self._selector(self._next()), self._next()
        if sign.upper() in ("IS", "NOT", "EXISTS"):
            return self._stated(value, sign.upper())
        if sign not in _COMPARED:
            raise invalid()
        return _comparison(value, sign, self._next())

    def _stated(self, value: Value, word: str) -> Condition:
        if word == "EXISTS":
            return lambda document: value(document) is not MISSING
        what = self._next().upper()
        if word == "NOT" and what == "EXISTS":
            return lambda document: value(document) is MISSING
        if word == "IS" and what in ("NULL", "TRUE", "FALSE"):
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}[what]
            return lambda document: any(each is wanted for each in _each(value(document)))
        raise invalid()

    def _take(self, token: str) -> bool:
        if self.more and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _next(self) -> str:
        if not self.more:
            raise invalid()
        self._at += 1
        return self._tokens[self._at - 1]


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, _Several) else [value]


def _comparison(value: Value, sign: str, operand: str) -> Condition:
    test = _test(sign, operand)
    return lambda document: any(test(each) for each in _each(value(document)) if each is not MISSING)


def _test(sign: str, operand: str) -> Condition:
    compare = _COMPARED[sign]
    if not operand.startswith('"') and _NUMBER.fullmatch(operand):
        number = float(operand)

        def by_number(value: Any) -> bool:
            found = _number(value)
            return sign == "!=" if found is None else compare(found, number)

        return by_number
    if sign not in ("=", "!=") or operand in _COMPARED or operand in ("&&", "||", "(", ")"):
        raise invalid()
    if operand[0] == operand[-1] == "%" and len(operand) > 1:
        raise no_expressions(operand)
    pattern = re.sub(r"\\(.)", r"\1", operand[1:-1]) if operand.startswith('"') else operand
    # Only `*` means more than itself, whatever fnmatch makes of other characters.
    wild = re.compile(fnmatch.translate(re.sub(r"([?\[])", r"[\1]", pattern)))
    return lambda value: (wild.match(_text(value)) is not None) == (sign == "=")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return float(value) if abs(value) < 1e308 else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "null" if value is None else str(value)
