"""The `Condition` of a policy's statement: operators over the keys of a request's context.

Every operator and every key of it must hold; of several values one is enough, or, where the operator denies
something, none may be met. Source: IAM user guide, reference_policies_elements_condition_operators and
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from lamb.model.policy_patterns import Context, arn_in_full, as_tuple, matches, plain, texts

Matcher = Callable[[str, str, "Context | None"], bool]
"""The request's value, the policy's, and what the variables in the latter stand for → whether they agree."""


class ConditionUnknown(Exception):
    """No operator of IAM is called so, or its values are of no use to it"""


def hold(conditions: Any, context: Context, *, with_variables: bool) -> bool:
    """Whether a request meets all of them. Raises ConditionUnknown where that cannot be told."""
    if not isinstance(conditions, Mapping):
        raise ConditionUnknown(f"{conditions!r} is no set of conditions")
    variables = context if with_variables else None
    for name, keys in conditions.items():
        if not isinstance(keys, Mapping):
            raise ConditionUnknown(f"{keys!r} of {name} names no condition key")
        for key, wanted in keys.items():
            try:
                given, wished = context.get(str(key).lower()), tuple(texts(wanted))
            except TypeError as error:
                raise ConditionUnknown(str(error)) from None
            if not _holds(str(name), given, wished, variables):
                return False
    return True


def _holds(
    name: str, given: tuple[str, ...] | None, wanted: tuple[str, ...], variables: Context | None
) -> bool:
    if name == "Null":
        return all((not given) == (text.lower() == "true") for text in wanted)
    quantity, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    found = OPERATORS.get(base)
    if found is None or quantity not in {"", "ForAllValues", "ForAnyValue"}:
        raise ConditionUnknown(f"{name} is no operator of a condition")
    matcher, denies = found
    if not given:
        # Nothing is there that could be wrong, or that could be right.
        return rest != base or quantity == "ForAllValues" or (denies and quantity == "")

    def agrees(value: str) -> bool:
        return any(matcher(value, text, variables) for text in wanted) != denies

    one_is_enough = quantity == "ForAnyValue" or (quantity == "" and not denies)
    return any(map(agrees, given)) if one_is_enough else all(map(agrees, given))


# ------------------------------------------------------------------ operators


def _equals(value: str, text: str, variables: Context | None) -> bool:
    return value == plain(text, variables)


def _equals_in_any_case(value: str, text: str, variables: Context | None) -> bool:
    said = plain(text, variables)
    return said is not None and value.lower() == said.lower()


def _like(value: str, text: str, variables: Context | None) -> bool:
    return matches(text, value, variables)


def _arn_like(value: str, text: str, variables: Context | None) -> bool:
    return matches(arn_in_full(text), value, variables, "arn")


def _truth(value: str, text: str, variables: Context | None) -> bool:
    return _equals_in_any_case(value, text, variables)


def _numbers(compare: Callable[[float, float], bool]) -> Matcher:
    def matcher(value: str, text: str, variables: Context | None) -> bool:
        try:
            return compare(float(value), float(plain(text, variables) or ""))
        except ValueError:
            return False

    return matcher


def _dates(compare: Callable[[float, float], bool]) -> Matcher:
    def matcher(value: str, text: str, variables: Context | None) -> bool:
        given, wanted = _seconds(value), _seconds(plain(text, variables) or "")
        return given is not None and wanted is not None and compare(given, wanted)

    return matcher


_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def _seconds(text: str) -> float | None:
    """Since the epoch, of `2026-01-31T12:00:00Z`, a shorter form of it, or the seconds themselves."""
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _DATE.fullmatch(text):
        return None
    if len(text) == len("2026-01"):
        text += "-01"
    text = re.sub(r"\.(\d+)", lambda match: f".{match[1][:6]:0<6}", text.replace("Z", "+00:00"))
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if "T" in text else text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _in_network(value: str, text: str, variables: Context | None) -> bool:
    try:
        network = ipaddress.ip_network(plain(text, variables) or "", strict=False)
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


OPERATORS: Mapping[str, tuple[Matcher, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equals_in_any_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "NumericEquals": (_numbers(operator.eq), False),
    "NumericNotEquals": (_numbers(operator.eq), True),
    "NumericLessThan": (_numbers(operator.lt), False),
    "NumericLessThanEquals": (_numbers(operator.le), False),
    "NumericGreaterThan": (_numbers(operator.gt), False),
    "NumericGreaterThanEquals": (_numbers(operator.ge), False),
    "DateEquals": (_dates(operator.eq), False),
    "DateNotEquals": (_dates(operator.eq), True),
    "DateLessThan": (_dates(operator.lt), False),
    "DateLessThanEquals": (_dates(operator.le), False),
    "DateGreaterThan": (_dates(operator.gt), False),
    "DateGreaterThanEquals": (_dates(operator.ge), False),
    "Bool": (_truth, False),
    "BinaryEquals": (_equals, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
}
"""Operator → how it compares, and whether it asks for the opposite."""


def contextual(given: Mapping[str, str | tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """A request's context as `hold` reads it: condition keys have no case."""
    return {name.lower(): tuple(map(str, as_tuple(value))) for name, value in given.items()}
