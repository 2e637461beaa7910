"""The client's words for asynchronous events, and for the time they wait by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote
from lamb.model.errors import ResourceNotFound
from lamb.model.wire import new_id

Document = dict[str, Any]

_CONFIGS = "/2019-09-25/functions"


class Events:
    """Every method raises the classes of lamb.model.errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def send(self, name: str, payload: bytes) -> str:
        """Invoke asynchronously: the request id of an event that is durable now."""
        request_id = new_id()
        headers = {"x-amz-invocation-type": "Event", "x-lamb-request-id": request_id}
        self._session.request("POST", f"/2015-03-31/functions/{quote(name)}/invocations", payload, headers)
        return request_id

    def list(self, *, function: str | None = None, state: str | None = None) -> Iterator[Document]:
        """Newest first, page after page."""
        return self._session.pages("/_lamb/events", "Events", {"function": function, "state": state})

    def show(self, request_id: str) -> Document:
        """With its `Payload`, while it is kept."""
        return self._session.json("GET", f"/_lamb/events/{quote(request_id)}")

    def cancel(self, request_id: str) -> Document:
        return self._session.json("POST", f"/_lamb/events/{quote(request_id)}/cancel")

    def replay(self, request_id: str, *, on: str | None = None) -> str:
        """Send a dead letter again; the request id of the new event."""
        target = f"/_lamb/events/{quote(request_id)}/replay{query({'on': on})}"
        new: str = self._session.json("POST", target)["RequestId"]
        return new

    def emptied(self, name: str, timeout_s: float) -> bool:
        """Wait until no event of the function waits or runs; False after `timeout_s` (60 at the most)."""
        wait = query({"timeout_ms": str(round(timeout_s * 1000))})
        return bool(self._session.json("GET", f"/_lamb/functions/{quote(name)}/events/empty{wait}")["Empty"])

    def config(self, name: str) -> Document | None:
        """GetFunctionEventInvokeConfig; None where there is none."""
        try:
            return self._session.json("GET", f"{_CONFIGS}/{quote(name)}/event-invoke-config")
        except ResourceNotFound as error:
            if "EventInvokeConfig" not in error.message:
                raise
            return None

    def configure(self, name: str, body: Mapping[str, Any]) -> Document:
        """UpdateFunctionEventInvokeConfig where there is one, else PutFunctionEventInvokeConfig."""
        method = "PUT" if self.config(name) is None else "POST"
        return self._session.json(method, f"{_CONFIGS}/{quote(name)}/event-invoke-config", body)

    def clear_config(self, name: str) -> None:
        """DeleteFunctionEventInvokeConfig."""
        self._session.request("DELETE", f"{_CONFIGS}/{quote(name)}/event-invoke-config")

    def clock(self) -> Document:
        """`Now`, `AheadMs`, `Scale`."""
        return self._session.json("GET", "/_lamb/clock")

    def set_clock(
        self, *, advance_ms: int | None = None, scale: float | None = None, reset: bool = False
    ) -> Document:
        arguments = {
            "advance_ms": None if advance_ms is None else str(advance_ms),
            "scale": None if scale is None else repr(scale),
            "reset": "1" if reset else None,
        }
        return self._session.json("POST", f"/_lamb/clock{query(arguments)}")
