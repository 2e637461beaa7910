"""AWS's query protocol: forms with dots in their names in, XML out (or the same document as JSON).

Source: botocore's serializer and parser of `query`, and answers recorded from SNS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lamb.api.messages import JSON, Response
from lamb.model.errors import SerializationFailure
from lamb.model.xml import escape

Members = dict[str, Any]

_DEPTH_MAX = 10
_INDEX = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_XML = (b"content-type", b"text/xml")
# Members that are maps: XML writes them as entries, not as elements.
_MAPS = frozenset({"Attributes", "ExtendedStatistics"})


# ------------------------------------------------------------------ requests


def members(form: Mapping[str, str]) -> Members:
    """`A.member.1.B=x` → `{"A": [{"B": "x"}]}`; `A.entry.1.key=k`, `A.entry.1.value=v` → `{"A": {"k": "v"}}`.

    Entries may spell `Name` and `Value`, too. An empty text stands for an empty list or map as well.
    Raises SerializationFailure for names that contradict each other.
    """
    tree: Members = {}
    for name, text in form.items():
        *above, last = name.split(".")
        if len(above) >= _DEPTH_MAX:
            raise SerializationFailure(f"The member {name[:100]} is nested too deeply")
        node: Any = tree
        for part in above:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise _contradiction(name)
        if last in node:
            raise _contradiction(name)
        node[last] = text
    return {name: _folded(name, value) for name, value in tree.items()}


def wants_json(form: Mapping[str, Any]) -> bool:
    """The query protocol has always been able to; lamb's own command line reads no XML."""
    return bool(form.get("ContentType") == "JSON")


def _folded(name: str, node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node.keys() == {"member"}:
        return [_folded(name, value) for value in _in_order(name, node["member"])]
    if node.keys() == {"entry"}:
        entries = [_folded(name, value) for value in _in_order(name, node["entry"])]
        return dict(_pair(name, entry) for entry in entries)
    return {below: _folded(below, value) for below, value in node.items()}


def _in_order(name: str, numbered: Any) -> Iterator[Any]:
    if not isinstance(numbered, dict) or not all(_INDEX.fullmatch(index) for index in numbered):
        raise _contradiction(name)
    return (numbered[index] for index in sorted(numbered, key=int))


def _pair(name: str, entry: Any) -> tuple[str, Any]:
    if isinstance(entry, dict):
        key, value = entry.get("key", entry.get("Name")), entry.get("value", entry.get("Value"))
        if isinstance(key, str) and value is not None:
            return key, value
    raise _contradiction(name)


def _contradiction(name: str) -> SerializationFailure:
    return SerializationFailure(f"The member {name[:100]} is not of the shape that it should have")


# ------------------------------------------------------------------ answers


def answer(
    operation: str, document: Mapping[str, Any] | None, namespace: str, request_id: str, *, as_json: bool
) -> Response:
    """The response of an operation. `document` is its result; None for one that has none."""
    result = {} if document is None else {f"{operation}Result": document}
    body = {**result, "ResponseMetadata": {"RequestId": request_id}}
    return _written(200, f"{operation}Response", body, namespace, as_json=as_json)


def refusal(
    status: int, error: Mapping[str, str], namespace: str, request_id: str, *, as_json: bool
) -> Response:
    """An error: `Type`, `Code`, `Message`."""
    body = {"Error": error, "RequestId": request_id}
    if as_json:
        return _json(status, body)
    return _written(status, "ErrorResponse", body, namespace, as_json=False)


def _written(status: int, name: str, body: Mapping[str, Any], namespace: str, *, as_json: bool) -> Response:
    if as_json:
        return _json(status, {name: body})
    text = f'<{name} xmlns="{namespace}">{"".join(_elements(body))}</{name}>'
    return Response(status, [_XML], text.encode())


def _json(status: int, document: Mapping[str, Any]) -> Response:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(status, [JSON], text.encode("utf-8", "surrogatepass"))


def _elements(document: Mapping[str, Any]) -> Iterator[str]:
    """Members that are None are left out."""
    for name, value in document.items():
        if value is not None:
            yield f"<{name}>{''.join(_content(name, value))}</{name}>"


def _content(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and name in _MAPS:
        for key, item in value.items():
            yield f"<entry><key>{_text(key)}</key><value>{_text(item)}</value></entry>"
    elif isinstance(value, Mapping):
        yield from _elements(value)
    elif isinstance(value, list):
        for item in value:
            yield f"<member>{''.join(_content('', item))}</member>"
    else:
        yield _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
