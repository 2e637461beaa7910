"""Members of requests to services beside Lambda whose shapes come from botocore's models, typed and checked.

The tables are in neighbours.json; `generate_neighbours` writes it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamb.api import query_protocol, validate
from lamb.api.members import Members, Shape, from_texts, typed
from lamb.model.errors import SerializationFailure, ValidationFailure


def of_document(service: str, operation: str, document: Mapping[str, Any]) -> Members:
    """The members of a JSON protocol's request. Raises SerializationFailure, ValidationFailure."""
    name, shapes = _input(service, operation)
    return _checked(name, typed(name, dict(document), shapes), shapes)


def of_form(service: str, operation: str, form: Mapping[str, str]) -> Members:
    """The members of a query protocol's request. Raises SerializationFailure, ValidationFailure."""
    name, shapes = _input(service, operation)
    return _checked(name, _from_form(name, query_protocol.members(form), shapes), shapes)


def _checked(name: str, members: Members, shapes: Mapping[str, Shape]) -> Members:
    violations = validate.broken(name, members, shapes)
    if violations:
        raise ValidationFailure(*violations)
    return members


def _input(service: str, operation: str) -> tuple[str, Mapping[str, Shape]]:
    table = _tables()[service]
    return table["operations"].get(operation, ""), table["shapes"]


@functools.cache
def _tables() -> Mapping[str, Any]:
    # Read when such a service is first asked: a daemon that runs functions need not wait for it.
    tables: dict[str, Any] = json.loads(Path(__file__).with_name("neighbours.json").read_bytes())
    for table in tables["services"].values():
        # Operations that take nothing.
        table["shapes"][""] = {"type": "structure", "members": {}}
    services: dict[str, Any] = tables["services"]
    return services


def _from_form(name: str, node: Any, shapes: Mapping[str, Shape]) -> Any:
    """A node of a form's tree as its shape wants it: all its leaves are texts."""
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        if not isinstance(node, dict):
            raise _mismatch(node)
        given = {member: ref for member, ref in shape["members"].items() if member in node}
        return {member: _from_form(ref["shape"], node[member], shapes) for member, ref in given.items()}
    if kind == "list":
        # An empty list comes as an empty text.
        items = [] if node == "" else node
        if not isinstance(items, list):
            raise _mismatch(node)
        return [_from_form(shape["member"], item, shapes) for item in items]
    if kind == "map":
        entries = {} if node == "" else node
        if not isinstance(entries, dict):
            raise _mismatch(node)
        return {key: _from_form(shape["value"], item, shapes) for key, item in entries.items()}
    if not isinstance(node, str):
        raise _mismatch(node)
    return from_texts(shape, [node])


def _mismatch(node: Any) -> SerializationFailure:
    return SerializationFailure(
        f"Unexpected {'list element' if isinstance(node, str) else 'complex element'}"
    )
