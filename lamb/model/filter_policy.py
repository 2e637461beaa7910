"""Which notifications a subscription wants: SNS's filter policies, as pure functions.

A policy is `{"key": [condition, …], …}`: every key must match, by any of its conditions. A condition is
a value, or `{operator: operand}`. Over message bodies policies nest as these do, and `a.b` is the `b` of `a`;
`$or` holds alternatives.
The texts are those that SNS answers, without the position in the source that it adds to some.
Source: the SNS developer guide, sns-subscription-filter-policies, and answers recorded from SNS.
"""

from __future__ import annotations

import ipaddress
import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Policy = Mapping[str, Any]

_KEYS_MAX = 5
_COMBINATIONS_MAX = 150
_OR = "$or"
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXTUAL: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.lower() == wanted.lower(),
}
_ABSENT = object()


class PolicyRefused(Exception):
    """SNS does not take this filter policy"""

    def __init__(self, message: str, *, whose: str = "FilterPolicy: ") -> None:
        super().__init__(whose + message)


# ------------------------------------------------------------------ reading


def parse(text: str, *, nested: bool) -> Policy:
    """The policy of its JSON text. `nested`: for message bodies. Raises PolicyRefused with SNS's words."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyRefused(f"failed to parse JSON. {error}") from None
    try:
        return _accepted(policy, nested=nested)
    except RecursionError:
        raise PolicyRefused("Filter policy is too complex") from None


def _accepted(policy: Any, *, nested: bool) -> Policy:
    if not isinstance(policy, dict):
        raise PolicyRefused("Filter is not an object")
    if len(policy) > _KEYS_MAX:
        raise PolicyRefused(f"Filter policy can not have more than {_KEYS_MAX} keys")
    if not nested and any(isinstance(value, dict) for value in policy.values()):
        # The conditions are looked at first: SNS complains of `{"key": {"prefix": "a"}}` in other words.
        _refuse_object(policy)
        raise PolicyRefused(
            "Filter policy scope MessageAttributes does not support nested filter policy", whose=""
        )
    _refuse_object(policy)
    undotted: Policy = _undotted(policy) if nested else policy
    _refuse_object(undotted)  # `a` and `a.b` together are no policy
    if _combinations(undotted, 1) > _COMBINATIONS_MAX:
        raise PolicyRefused("Filter policy is too complex")
    return undotted


def _refuse_object(policy: Policy) -> None:
    for key, wanted in policy.items():
        if key == _OR and _is_alternatives(wanted):
            for alternative in wanted:
                _refuse_object(alternative)
        elif isinstance(wanted, dict):
            if not wanted:
                raise PolicyRefused("Empty objects are not allowed")
            _refuse_object(wanted)
        elif isinstance(wanted, list):
            if not wanted:
                raise PolicyRefused("Empty arrays are not allowed")
            for condition in wanted:
                _refuse_condition(condition)
        else:
            raise PolicyRefused(f'"{key}" must be an object or an array')


def _is_alternatives(wanted: object) -> bool:
    return isinstance(wanted, list) and len(wanted) > 1 and all(isinstance(each, dict) for each in wanted)


def _refuse_condition(condition: object) -> None:
    if isinstance(condition, list):
        raise PolicyRefused("Match value must be String, number, true, false, or null")
    if not isinstance(condition, dict):
        return
    if len(condition) != 1:
        raise PolicyRefused("Only one key allowed in match expression")
    ((name, operand),) = condition.items()
    if name not in _OPERANDS:
        raise PolicyRefused(f"Unrecognized match type {name}")
    _OPERANDS[name](name, operand)


def _refuse_text(name: str, operand: object) -> None:
    if not isinstance(operand, str):
        raise PolicyRefused(f"{name} match pattern must be a string")


def _refuse_exists(_: str, operand: object) -> None:
    if not isinstance(operand, bool):
        raise PolicyRefused("exists match pattern must be either true or false.")


def _refuse_cidr(name: str, operand: object) -> None:
    _refuse_text(name, operand)
    try:
        ipaddress.ip_network(str(operand), strict=False)
    except ValueError:
        raise PolicyRefused(f"Malformed CIDR, one '/' required: {operand}") from None


def _refuse_anything_but(_: str, operand: object) -> None:
    if isinstance(operand, dict):
        if operand.keys() != {"prefix"}:
            raise PolicyRefused(f"Unsupported anything-but pattern: {', '.join(operand)}")
        _refuse_text("prefix", operand["prefix"])
        return
    values = _listed(operand)
    if not values or not all(isinstance(value, str) or _is_number(value) for value in values):
        raise PolicyRefused("Inside anything but list, only strings and numbers are supported.")


def _refuse_numeric(_: str, operand: object) -> None:
    if not isinstance(operand, list):
        raise PolicyRefused("Value of numeric must be an array.")
    if not operand:
        raise PolicyRefused("Invalid member in numeric match: ]")
    first, *rest = operand
    if not isinstance(first, str):
        raise PolicyRefused(f"Invalid member in numeric match: {first}")
    if first not in _COMPARED:
        raise PolicyRefused(f"Unrecognized numeric range operator: {first}")
    if not rest or not _is_number(rest[0]):
        raise PolicyRefused(f"Value of {'equals' if first == '=' else first} must be numeric")
    bottom, *upper = rest
    if upper:
        if first not in (">", ">="):
            raise PolicyRefused("Too many elements in numeric expression")
        _refuse_upper(bottom, upper)


def _refuse_upper(bottom: float, upper: Sequence[Any]) -> None:
    """The second half of `[">", 0, "<=", 5]`."""
    second, *rest = upper
    if not isinstance(second, str):
        raise PolicyRefused(f"Bad value in numeric range: {second}")
    if second not in ("<", "<="):
        raise PolicyRefused(f"Bad numeric range operator: {second}")
    if not rest or not _is_number(rest[0]):
        raise PolicyRefused(f"Value of {second} must be numeric")
    if len(rest) > 1:
        raise PolicyRefused("Too many terms in numeric range expression")
    if rest[0] <= bottom:
        raise PolicyRefused("Bottom must be less than top")


_OPERANDS: Mapping[str, Callable[[str, object], None]] = {
    **dict.fromkeys(_TEXTUAL, _refuse_text),
    "exists": _refuse_exists,
    "cidr": _refuse_cidr,
    "anything-but": _refuse_anything_but,
    "numeric": _refuse_numeric,
}


def _combinations(policy: Policy, depth: int) -> int:
    """SNS's measure: the product over all keys of their conditions, each times the depth of its key."""
    product = 1
    for key, wanted in policy.items():
        if key == _OR and _is_alternatives(wanted):
            product *= sum(_combinations(alternative, depth) for alternative in wanted)
        elif isinstance(wanted, dict):
            product *= _combinations(wanted, depth + 1)
        else:
            product *= len(wanted) * depth
    return product


# ------------------------------------------------------------------ matching


def matches_attributes(policy: Policy, attributes: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether message attributes (AWS's JSON shape) satisfy the policy; binary ones are not looked at."""
    return matches(policy, {name: _value(attribute) for name, attribute in attributes.items()})


def matches_body(policy: Policy, body: str) -> bool:
    """Whether a message body does: what is no JSON object matches nothing."""
    try:
        document = json.loads(body)
        return isinstance(document, dict) and matches(policy, _undotted(document))
    except (ValueError, RecursionError):
        return False


def matches(policy: Policy, document: Mapping[str, Any]) -> bool:
    """Every key of the policy, and one of the alternatives of each `$or`."""
    return all(
        any(matches(alternative, document) for alternative in wanted)
        if key == _OR and _is_alternatives(wanted)
        else _key_matches(wanted, document.get(key, _ABSENT))
        for key, wanted in policy.items()
    )


def _undotted(value: Any) -> Any:
    """The same with `{"a.b": x}` as `{"a": {"b": x}}`; a list of both where a key has both spellings."""
    if isinstance(value, list):
        return [_undotted(each) for each in value]
    if not isinstance(value, dict):
        return value
    whole: dict[str, Any] = {}
    for name, inner in value.items():
        first, *below = name.split(".")
        part = _undotted(inner)
        for step in reversed(below):
            part = {step: part}
        whole[first] = _joined(whole[first], part) if first in whole else part
    return whole


def _joined(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        shared = {name: _joined(one[name], other[name]) for name in one.keys() & other.keys()}
        return {**one, **other, **shared}
    return [*_listed(one), *_listed(other)]


def _value(attribute: Mapping[str, str]) -> Any:
    text = attribute.get("StringValue", "")
    try:
        if attribute["DataType"] == "Number":
            return float(text)
        if attribute["DataType"] == "String.Array":
            return json.loads(text)
    except (ValueError, RecursionError):
        return _ABSENT
    return text or _ABSENT


def _key_matches(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        # In an array of objects, one of them has to satisfy the whole of the nested policy.
        inside = _flat(value) if isinstance(value, list) else [value]
        return any(matches(wanted, each if isinstance(each, dict) else {}) for each in inside)
    if isinstance(value, list):
        leaves = [leaf for leaf in _flat(value) if not isinstance(leaf, dict)]
        return any(_any_holds(wanted, leaf) for leaf in leaves or [_ABSENT])
    # Conditions are about leaves: an object is not there for them.
    return _any_holds(wanted, _ABSENT if isinstance(value, dict) else value)


def _flat(value: Sequence[Any]) -> list[Any]:
    return [leaf for each in value for leaf in (_flat(each) if isinstance(each, list) else [each])]


def _any_holds(conditions: Sequence[Any], leaf: Any) -> bool:
    return any(_holds(condition, leaf) for condition in conditions)


def _holds(condition: Any, leaf: Any) -> bool:
    if not isinstance(condition, dict):
        return _same(condition, leaf)
    ((name, operand),) = condition.items()
    if name == "exists":
        return (leaf is not _ABSENT) is operand
    return leaf is not _ABSENT and leaf is not None and _HOLDS[name](leaf, operand)


def _is_anything_but(leaf: Any, operand: Any) -> bool:
    if isinstance(operand, dict):
        return isinstance(leaf, str) and not leaf.startswith(operand["prefix"])
    return not any(_same(value, leaf) for value in _listed(operand))


def _same(wanted: Any, leaf: Any) -> bool:
    """Equal, and of the same JSON type: 1 is neither true nor "1"."""
    if leaf is _ABSENT:
        return False
    if _is_number(wanted):
        return _is_number(leaf) and bool(wanted == leaf)
    return type(wanted) is type(leaf) and bool(wanted == leaf)


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _within(text: str, block: str) -> bool:
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False


def _in_range(leaf: Any, operand: Sequence[Any]) -> bool:
    bounds = zip(operand[::2], operand[1::2], strict=True)
    return _is_number(leaf) and all(_COMPARED[sign](leaf, bound) for sign, bound in bounds)


def _of_text(holds: Callable[[str, str], bool]) -> Callable[[Any, str], bool]:
    return lambda leaf, operand: isinstance(leaf, str) and holds(leaf, operand)


_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    **{name: _of_text(holds) for name, holds in _TEXTUAL.items()},
    "cidr": _of_text(_within),
    "numeric": _in_range,
    "anything-but": _is_anything_but,
}
