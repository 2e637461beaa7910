"""A request's path, query and body → the members of its operation, each of its shape's type."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from lamb.model.errors import SerializationFailure

Shape = Mapping[str, Any]
Members = dict[str, Any]

# The end of the year 9999.
_LAST_MOMENT_S = 253_402_300_799
_DOUBLE = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?|NaN|[-+]?Infinity", re.ASCII)

_TABLE = json.loads(Path(__file__).with_name("service.json").read_bytes())
OPERATIONS: Mapping[str, Mapping[str, Any]] = _TABLE["operations"]
SHAPES: Mapping[str, Shape] = _TABLE["shapes"]


def read(operation: str, params: Mapping[str, str], query: bytes, body: bytes) -> Members:
    """Members by AWS's names; those not given or null are left out, unknown ones ignored.

    `params`: decoded path members. Members in headers belong to Invoke, which reads them itself.
    Raises SerializationFailure for what is not JSON or of another type.
    """
    document = _document(body)
    arguments: dict[str, list[str]] = {}
    for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ():
        arguments.setdefault(name, []).append(text)
    members: Members = {}
    for member in _of_input(operation):
        value: Any = None
        if member.location == "uri":
            given = params.get(member.wire_name)
            value = from_texts(SHAPES[member.shape], None if given is None else [given])
        elif member.location == "querystring":
            value = from_texts(SHAPES[member.shape], arguments.get(member.wire_name))
        elif member.wire_name in document:
            value = typed(member.shape, document[member.wire_name])
        if value is not None:
            members[member.name] = value
    return members


class _Member(NamedTuple):
    name: str
    location: str | None
    """None: the body."""
    wire_name: str
    shape: str


@functools.cache
def _of_input(operation: str) -> tuple[_Member, ...]:
    """What an operation takes."""
    shape = OPERATIONS[operation].get("input")
    return tuple(
        _Member(name, ref.get("location"), ref.get("locationName", name), ref["shape"])
        for name, ref in (SHAPES[shape]["members"].items() if shape else ())
    )


def path_member(raw: str) -> str:
    """A percent-encoded path member, decoded."""
    return unquote(raw) if "%" in raw else raw


def _document(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SerializationFailure(f"The request body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SerializationFailure("Start of structure expected at the beginning of the request body")
    return document


def from_texts(shape: Shape, texts: list[str] | None) -> Any:
    """A member of path or query, which is text on the wire, in the type of its shape."""
    if texts is None:
        return None
    if shape["type"] == "list":
        return texts
    text = texts[-1]
    if shape["type"] in ("integer", "long"):
        # int() takes `1_0`, ` 1` and Arabic digits, too; a query does not.
        if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 20:
            return int(text)
        raise SerializationFailure("STRING_VALUE can not be converted to an Integer")
    if shape["type"] == "boolean":
        return text.lower() == "true"
    if shape["type"] == "double":
        return _double(text)
    return _seconds(text) if shape["type"] == "timestamp" else text


def _double(text: str) -> float:
    if _DOUBLE.fullmatch(text):
        return float(text)
    raise SerializationFailure("STRING_VALUE can not be converted to a Double")


def _seconds(text: str) -> float:
    """Of `2026-01-02T03:04:05Z` or a number, since the epoch."""
    if _DOUBLE.fullmatch(text):
        return _moment(float(text))
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise SerializationFailure("STRING_VALUE can not be converted to a Timestamp") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def typed(name: str, value: Any, shapes: Mapping[str, Shape] = SHAPES) -> Any:
    """A JSON value as its shape wants it; null stays None and means "not given".

    Raises SerializationFailure for a value of another type.
    """
    shape = shapes[name]
    kind = shape["type"]
    if value is None:
        return None
    if kind == "structure":
        if not isinstance(value, dict):
            raise _mismatch(value, "a Structure")
        return {
            member: typed(ref["shape"], value[member], shapes)
            for member, ref in shape["members"].items()
            if value.get(member) is not None
        }
    if kind == "list":
        if not isinstance(value, list):
            raise _mismatch(value, "a List")
        return [typed(shape["member"], item, shapes) for item in value]
    if kind == "map":
        if not isinstance(value, dict):
            raise _mismatch(value, "a Map")
        return {key: typed(shape["value"], item, shapes) for key, item in value.items()}
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("string", "blob"):
        if not isinstance(value, str):
            raise _mismatch(value, "a String")
        return value if kind == "string" else _blob(value)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _mismatch(value, "a Boolean")
        return value
    if kind == "double" and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _mismatch(value, "a Double" if kind == "double" else "an Integer")
    if kind == "timestamp":
        return _moment(value)
    if kind in ("integer", "long") and isinstance(value, float):
        if not value.is_integer():  # also infinities, which JSON's 1e999 becomes
            raise _mismatch(value, "an Integer")
        return int(value)
    return float(value) if kind == "double" and abs(value) < 1e308 else value


def _moment(seconds: float) -> float:
    if 0 <= seconds <= _LAST_MOMENT_S:
        return float(seconds)
    raise SerializationFailure(f"{seconds} is no time since 1970")


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one
        raise SerializationFailure("The value of a blob member is not valid base64") from error


def _mismatch(value: Any, wanted: str) -> SerializationFailure:
    if isinstance(value, (dict, list)):
        start = "structure or map" if isinstance(value, dict) else "list"
        return SerializationFailure(f"Start of {start} found where not expected.")
    token = {True: "TRUE_VALUE", False: "FALSE_VALUE"}[value] if isinstance(value, bool) else "NUMBER_VALUE"
    return SerializationFailure(
        f"{'STRING_VALUE' if isinstance(value, str) else token} can not be converted to {wanted}"
    )
