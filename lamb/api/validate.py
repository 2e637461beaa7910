"""The first of AWS's two layers of checks: constraints of the shapes, several errors in one answer."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lamb.api.members import OPERATIONS, SHAPES, Members, Shape
from lamb.model.errors import InvalidParameterValue, ValidationFailure
from lamb.model.limits import FUNCTION_NAME_MAX

# Java's \p{Z}, as a Python character class spells it.
_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

_NUMBERS = frozenset({"integer", "long", "double"})


def check(operation: str, members: Members) -> None:
    """Raise ValidationFailure naming every constraint that a member breaks.

    A bare function name that is too long is the recorded exception: InvalidParameterValue.
    """
    if "input" not in OPERATIONS[operation]:
        return
    if operation == "CreateFunction":
        _check_bare_name(members.get("FunctionName", ""))
    violations = broken(OPERATIONS[operation]["input"], members)
    if violations:
        raise ValidationFailure(*violations)


def broken(shape: str, members: Members, shapes: Mapping[str, Shape] = SHAPES) -> list[str]:
    """What is to be said of the members of a structure, by the name of its shape among `shapes`."""
    return list(_structure(shapes, shapes[shape], members, ""))


def printed(value: Any) -> str:
    """A value as AWS's texts print it: `[a, b]`, `{2=2.0}`, `true`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(printed(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={printed(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value)


def _check_bare_name(name: str) -> None:
    if len(name) > FUNCTION_NAME_MAX and re.fullmatch(r"[a-zA-Z0-9-_]+", name, re.ASCII):
        raise InvalidParameterValue(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
            f"constraint: Member must have length less than or equal to {FUNCTION_NAME_MAX}"
        )


def _structure(
    shapes: Mapping[str, Shape], shape: Shape, members: Mapping[str, Any], above: str
) -> Iterator[str]:
    required = shape.get("required", ())
    for name, ref in shape["members"].items():
        if name in members:
            yield from _value(shapes, shapes[ref["shape"]], members[name], above + _cased(name))
        elif name in required and name != shape.get("payload"):
            shown = "Value" if _sensitive(shape) else "Value null"
            yield f"{shown} at '{above}{_cased(name)}' failed to satisfy constraint: Member must not be null"


def _cased(name: str) -> str:
    return name[0].lower() + name[1:]


def _value(shapes: Mapping[str, Shape], shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _opening(shape, value, path) + constraint
    kind = shape["type"]
    if kind == "structure":
        yield from _structure(shapes, shape, value, f"{path}.")
    elif kind == "list":
        member = shapes[shape["member"]]
        if member["type"] == "structure":
            for number, item in enumerate(value, start=1):
                yield from _value(shapes, member, item or {}, f"{path}.{number}.member")
        elif any(item is None or any(_broken(member, item)) for item in value):
            said = f"Member must satisfy constraint: {_all(member, null=not shape.get('sparse'))}"
            yield _opening(shape, value, path) + said
    elif kind == "map":
        for constraint in _map(shapes, shape, value):
            yield _opening(shape, value, path) + constraint


def _opening(shape: Shape, value: Any, path: str) -> str:
    shown = "Value" if _sensitive(shape) else f"Value '{printed(value)}'"
    return f"{shown} at '{path}' failed to satisfy constraint: "


def _map(shapes: Mapping[str, Shape], shape: Shape, value: Mapping[str, Any]) -> Iterator[str]:
    key, item = shapes[shape["key"]], shapes[shape["value"]]
    if any(any(_broken(key, name)) for name in value):
        yield f"Map keys must satisfy constraint: {_all(key, null=False)}"
    if any(entry is None or any(_broken(item, entry)) for entry in value.values()):
        yield f"Map value must satisfy constraint: {_all(item)}"


def _broken(shape: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The texts of the constraints that a value breaks itself, in AWS's order."""
    kind = shape["type"]
    if "max" in shape or "min" in shape:
        size = value if kind in _NUMBERS else _length(value)
        if not shape.get("min", size) <= size <= shape.get("max", size):
            yield from (text for bound, text in _bounds(shape) if _beyond(size, bound, shape[bound]))
    if kind == "list" and "enum" in shape and not set(value) <= set(shape["enum"]):
        yield f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"
    if kind == "string":
        if "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {shape['pattern']}"
        if "enum" in shape and value not in shape["enum"]:
            yield f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"


def _bounds(shape: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    noun = "value" if shape["type"] in _NUMBERS else "length"
    for bound, relation in (("max", "less"), ("min", "greater")):
        if bound in shape:
            yield bound, f"Member must have {noun} {relation} than or equal to {shape[bound]}"


def _beyond(size: float, bound: str, limit: float) -> bool:
    return size > limit if bound == "max" else size < limit


def _all(shape: Mapping[str, Any], *, null: bool = True) -> str:
    """Every constraint of an element: AWS lists them all when an element breaks one."""
    texts = [text for _, text in _bounds(shape)]
    if "pattern" in shape:
        texts.append(f"Member must satisfy regular expression pattern: {shape['pattern']}")
    if "enum" in shape:
        texts.append(f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    if null:
        texts.append("Member must not be null")
    return f"[{', '.join(texts)}]"


def _length(value: Any) -> int:
    # Java counts UTF-16 units.
    if isinstance(value, str) and not value.isascii():
        return len(value.encode("utf-16-le", "surrogatepass")) // 2
    return len(value) if hasattr(value, "__len__") else 0


def _sensitive(shape: Mapping[str, Any]) -> bool:
    return bool(shape.get("sensitive"))


@functools.lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    if r"\p{" not in text:
        return re.compile(text, re.ASCII)
    # Tag keys and values: letters, numbers and separators in one class; \w has the first two, and `_`.
    text = text.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", _SEPARATORS)
    return re.compile(text)
