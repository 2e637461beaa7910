"""What goes between HTTP and the handlers: a call in its operation's words, and its reply."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lamb.api.members import OPERATIONS, SHAPES, Members
from lamb.core.context import Core
from lamb.model.mapping import MappingKey
from lamb.model.names import FunctionKey, Place, Reference, parse_reference
from lamb.model.requests import Page


class Call(NamedTuple):
    """One operation of the control plane, its members read and checked."""

    core: Core
    operation: str
    place: Place
    members: Members
    base_url: str
    """`http://host:port`: where the caller reached us, without a path."""

    def reference(self) -> Reference:
        """`FunctionName` with `Qualifier`, by the spelling rules of the operation."""
        shape = SHAPES[OPERATIONS[self.operation]["input"]]["members"]["FunctionName"]["shape"]
        return parse_reference(
            self.members["FunctionName"],
            self.place,
            self.members.get("Qualifier"),
            namespaced=shape == "NamespacedFunctionName",
        )

    def page(self) -> Page:
        """`Marker` and `MaxItems`."""
        return Page(self.members.get("Marker") or None, self.members.get("MaxItems"))


class Reply(NamedTuple):
    """A handler's answer: a document in AWS's member names, or none for 204."""

    document: Mapping[str, Any] | None = None
    status: int | None = None
    """None: the operation's own."""
    settle: FunctionKey | MappingKey | None = None
    """The function or mapping whose Pending, InProgress or Creating this answer shows."""


Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Response:
    """One HTTP answer; `stream` takes the place of `body` when the length is not known."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    settle: FunctionKey | MappingKey | None = None


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")


def json_response(document: Any, status: int = 200) -> Response:
    """`document` as compact JSON in UTF-8."""
    return Response(status, [JSON], _compact(document).encode("utf-8", "surrogatepass"))
