"""What a service beside Lambda is given, and what it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from lamb.api.gate import Principal
from lamb.api.messages import Response
from lamb.api.services import Services
from lamb.model.errors import LambError
from lamb.model.names import Place


class Request(NamedTuple):
    """One request to a service beside Lambda, its body read and taken apart."""

    services: Services
    principal: Principal
    place: Place
    """Account and region of the caller."""
    operation: str
    members: Mapping[str, Any]
    """The document of a JSON protocol, or the fields of a form as they came (name → text)."""
    is_form: bool
    """The query protocol: answers are XML."""
    is_cbor: bool
    """Smithy's RPC protocol: documents are CBOR, in both directions."""
    path: str
    """`/`, or a queue's `/<account>/<name>`."""
    base_url: str
    """`http://host:port`: where the caller reached us, without a path."""
    request_id: str
    gone: Callable[[], Awaitable[None]]
    """Comes back when the caller has hung up; for operations that wait."""


class Service(Protocol):
    """One service, in the file that bears its name."""

    for_functions: frozenset[str]
    """Operations that functions may use; the owner of the home may use all."""

    async def answer(self, request: Request) -> Response:
        """Carry out an operation. Raises lamb.model.errors; UnknownOperation for what it has not."""
        ...

    def refusal(self, error: LambError, request: Request) -> Response:
        """An error as this service and protocol write it."""
        ...
