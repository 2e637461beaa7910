"""The client's words for event source mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote

Document = dict[str, Any]

_MAPPINGS = "/2015-03-31/event-source-mappings"


class Mappings:
    """Bodies are AWS's own JSON members. Every method raises the classes of lamb.model.errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, body: Mapping[str, Any]) -> Document:
        """CreateEventSourceMapping: `FunctionName`, `EventSourceArn`, `BatchSize`, …"""
        return self._session.json("POST", _MAPPINGS, body)

    def get(self, uuid: str) -> Document:
        """GetEventSourceMapping."""
        return self._session.json("GET", f"{_MAPPINGS}/{quote(uuid)}")

    def list(self, function: str | None = None, source_arn: str | None = None) -> Iterator[Document]:
        """ListEventSourceMappings, page after page."""
        only = {"FunctionName": function, "EventSourceArn": source_arn}
        return self._session.pages(_MAPPINGS, "EventSourceMappings", only)

    def update(self, uuid: str, body: Mapping[str, Any]) -> Document:
        """UpdateEventSourceMapping."""
        return self._session.json("PUT", f"{_MAPPINGS}/{quote(uuid)}", body)

    def delete(self, uuid: str) -> Document:
        """DeleteEventSourceMapping."""
        return self._session.json("DELETE", f"{_MAPPINGS}/{quote(uuid)}")

    def settled(self, uuid: str, timeout_s: float = 60.0) -> bool:
        """Wait until a mapping is enabled, disabled or gone; False after `timeout_s`."""
        wait = query({"timeout_ms": str(round(timeout_s * 1000))})
        return bool(self._session.json("GET", f"/_lamb/mappings/{quote(uuid)}/settled{wait}")["Settled"])
