"""Which records a mapping's filters let through: Lambda's event patterns, as pure functions.

A pattern is `{"key": [condition, …] or {nested}, …}`: every key must match, by any of its conditions;
`"$or": [{…}, {…}]` holds alternatives. A condition is a value, or `{operator: operand}`.
Under the *data key* of a source (`body` of a queue's messages, `data` of a stream's records) stands what the
sender wrote: a nested pattern looks into it as JSON, a list of conditions takes it as text.
Numbers are compared as they are spelled: 300 is not 300.0.
Source: the Lambda developer guide, invocation-eventfiltering and with-sqs-filtering.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

REFUSAL = "Invalid filter pattern definition."

_OR = "$or"
_ABSENT = object()
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UPPER = ("<", "<=")
_TEXTUAL: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.casefold() == wanted.casefold(),
}


class PatternRefused(Exception):
    """Invalid filter pattern definition."""


class Number(NamedTuple):
    """A JSON number, as it is spelled."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text)


class DataKey(NamedTuple):
    """Where a source's records hold what was sent."""

    name: str
    json_only: bool = False
    """Whether patterns can look into it only: the data of streams has to be JSON."""


class Pattern(NamedTuple):
    """One filter, read and found good."""

    document: Mapping[str, Any]
    data_key: str

    def matches(self, record: Mapping[str, Any]) -> bool:
        """`record`: what the function would be given, with the data as text."""
        return _matches(self.document, record, self.data_key)


# ------------------------------------------------------------------ reading


def compile_pattern(text: str, data: DataKey) -> Pattern:
    """The pattern of its JSON text. Raises PatternRefused."""
    try:
        document = _loads(text)
        _refuse_object(document)
        _refuse_data(document, data)
    except (ValueError, RecursionError) as error:
        raise PatternRefused(REFUSAL) from error
    return Pattern(document, data.name)


def lets_through(patterns: Sequence[Pattern], record: Mapping[str, Any]) -> bool:
    """Whether any of the filters matches; without filters, everything goes through."""
    return not patterns or any(pattern.matches(record) for pattern in patterns)


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _refuse_object(document: Any) -> None:
    if not isinstance(document, dict) or not document:
        raise PatternRefused(REFUSAL)
    for key, wanted in document.items():
        if key == _OR and _is_alternatives(wanted):
            for alternative in wanted:
                _refuse_object(alternative)
        elif isinstance(wanted, list):
            if not wanted:
                raise PatternRefused(REFUSAL)
            for condition in wanted:
                _refuse_condition(condition)
        else:
            _refuse_object(wanted)


def _is_alternatives(wanted: object) -> bool:
    return isinstance(wanted, list) and len(wanted) > 1 and all(isinstance(each, dict) for each in wanted)


def _refuse_data(document: Mapping[str, Any], data: DataKey) -> None:
    for key, wanted in document.items():
        if key == _OR and _is_alternatives(wanted):
            for alternative in wanted:
                _refuse_data(alternative, data)
        elif key == data.name and data.json_only and not isinstance(wanted, dict):
            raise PatternRefused(REFUSAL)


def _refuse_condition(condition: object) -> None:
    # A Number is a tuple: no list, and no object.
    if isinstance(condition, list):
        raise PatternRefused(REFUSAL)
    if not isinstance(condition, dict):
        return
    if len(condition) != 1:
        raise PatternRefused(REFUSAL)
    ((name, operand),) = condition.items()
    accepted = _ACCEPTED.get(name)
    if accepted is None or not accepted(operand):
        raise PatternRefused(REFUSAL)


def _is_text(operand: object) -> bool:
    return isinstance(operand, str)


def _is_values(operand: object) -> bool:
    """What `anything-but` takes: values, or one prefix or suffix."""
    if isinstance(operand, dict):
        return len(operand) == 1 and all(n in _TEXTUAL and isinstance(o, str) for n, o in operand.items())
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and all(isinstance(value, (str, Number)) for value in values)


def _is_range(operand: object) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    signs, bounds = operand[::2], operand[1::2]
    if not all(isinstance(sign, str) and sign in _COMPARED for sign in signs):
        return False
    if not all(isinstance(bound, Number) and math.isfinite(bound.value) for bound in bounds):
        return False
    if len(operand) == 2:
        return True
    rising: bool = bounds[0].value < bounds[1].value
    return signs[0] in (">", ">=") and signs[1] in _UPPER and rising


_ACCEPTED: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(_TEXTUAL, _is_text),
    "anything-but": _is_values,
    "numeric": _is_range,
    "exists": lambda operand: isinstance(operand, bool),
}


# ------------------------------------------------------------------ matching


def _matches(pattern: Mapping[str, Any], record: Mapping[str, Any], data_key: str | None) -> bool:
    for key, wanted in pattern.items():
        if key == _OR and _is_alternatives(wanted):
            if not any(_matches(alternative, record, data_key) for alternative in wanted):
                return False
        elif key == data_key and isinstance(record.get(key), str):
            if not _data_matches(wanted, record[key]):
                return False
        elif not _key_matches(wanted, record.get(key, _ABSENT)):
            return False
    return True


def _data_matches(wanted: Any, text: str) -> bool:
    """A pattern for JSON drops what is plain text, and the other way round."""
    document = _parsed(text)
    is_json = isinstance(document, (dict, list))
    if isinstance(wanted, dict):
        return is_json and _key_matches(wanted, document)
    return not is_json and _any_holds(wanted, text)


def _parsed(text: str) -> Any:
    try:
        return _loads(text)
    except (ValueError, RecursionError):
        return _ABSENT


def _key_matches(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        # Of an array of objects, one has to satisfy the whole of the nested pattern.
        inside = value if isinstance(value, list) else [value]
        return any(_matches(wanted, each if isinstance(each, dict) else {}, None) for each in inside)
    if isinstance(value, list):
        leaves = [leaf for leaf in value if not isinstance(leaf, (dict, list))]
        return any(_any_holds(wanted, leaf) for leaf in leaves or [_ABSENT])
    # Conditions are about leaves: an object is not there for them.
    return _any_holds(wanted, _ABSENT if isinstance(value, dict) else value)


def _any_holds(conditions: Sequence[Any], leaf: Any) -> bool:
    return any(_holds(condition, leaf) for condition in conditions)


def _holds(condition: Any, leaf: Any) -> bool:
    if not isinstance(condition, dict):
        return leaf is not _ABSENT and _same(condition, leaf)
    ((name, operand),) = condition.items()
    if name == "exists":
        return (leaf is not _ABSENT) is operand
    if leaf is _ABSENT:
        return False
    if name == "anything-but":
        return _is_anything_but(leaf, operand)
    if name == "numeric":
        return _in_range(leaf, operand)
    return isinstance(leaf, str) and _TEXTUAL[name](leaf, operand)


def _is_anything_but(leaf: Any, operand: Any) -> bool:
    if isinstance(operand, dict):
        ((name, text),) = operand.items()
        return not (isinstance(leaf, str) and _TEXTUAL[name](leaf, text))
    values = operand if isinstance(operand, list) else [operand]
    return not any(_same(value, leaf) for value in values)


def _same(wanted: Any, leaf: Any) -> bool:
    """Equal, and of the same JSON type; numbers by their spelling."""
    if isinstance(wanted, Number):
        number = _number(leaf)
        return number is not None and number.text == wanted.text
    return type(wanted) is type(leaf) and bool(wanted == leaf)


def _in_range(leaf: Any, operand: Sequence[Any]) -> bool:
    number = _number(leaf)
    if number is None:
        return False
    bounds = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARED[sign](number.value, bound.value) for sign, bound in bounds)


def _number(leaf: Any) -> Number | None:
    """A number of the data, or of what surrounds it; None for anything else."""
    if isinstance(leaf, Number):
        return leaf
    if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
        return Number(json.dumps(leaf))
    return None
