"""Asynchronous events of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamb.model.errors import ResourceConflict, ResourceNotFound

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
QUEUED, DEAD = "7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1", "0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1"


class MemoryEvents:
    """One event that waits for its second attempt, one dead letter; of the function `hello`."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.left = [False, True]
        """What `emptied` answers, one after the other."""
        self.configs: dict[str, dict[str, Any]] = {}
        self.events = {
            QUEUED: {
                "RequestId": QUEUED, "FunctionArn": f"{ARN}hello:prod", "State": "queued", "Runs": 1,
                "ReceivedAt": "2026-01-02T03:04:05.678Z", "DueAt": "2026-01-02T03:05:05.678Z", "Retries": 1,
                "Throttles": 0, "Error": None, "PayloadSize": 2, "Payload": "{}",
            },
            DEAD: {
                "RequestId": DEAD, "FunctionArn": f"{ARN}hello", "State": "failed", "Runs": 3,
                "ReceivedAt": "2026-01-02T03:04:05.678Z", "FinishedAt": "2026-01-02T03:07:05.678Z",
                "Retries": 2, "Throttles": 0, "Condition": "RetriesExhausted", "Error": "no such order",
                "PayloadSize": 7, "Payload": '{"n": 1}',
            },
        }  # fmt: skip

    def send(self, name: str, payload: bytes) -> str:
        self.said.append(("send", name, payload))
        return QUEUED

    def list(self, *, function: str | None = None, state: str | None = None) -> Iterator[dict[str, Any]]:
        self.said.append(("events", function, state))
        return (event for event in self.events.values() if state in (None, event["State"]))

    def _there(self, request_id: str) -> dict[str, Any]:
        if request_id not in self.events:
            raise ResourceNotFound(f"There is no event {request_id}")
        return self.events[request_id]

    def show(self, request_id: str) -> dict[str, Any]:
        return self._there(request_id)

    def cancel(self, request_id: str) -> dict[str, Any]:
        event = self._there(request_id)
        if event["State"] != "queued":
            raise ResourceConflict(f"Event {request_id} is over: it failed")
        self.said.append(("cancel", request_id))
        return {**event, "State": "cancelled"}

    def replay(self, request_id: str, *, on: str | None = None) -> str:
        self._there(request_id)
        self.said.append(("replay", request_id, on))
        return QUEUED

    def emptied(self, name: str, timeout_s: float) -> bool:
        self.said.append(("emptied", name, timeout_s))
        return self.left.pop(0)

    def config(self, name: str) -> dict[str, Any] | None:
        return self.configs.get(name)

    def configure(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("event config", name, body))
        config = {"FunctionArn": f"{ARN}{name}:$LATEST", "DestinationConfig": {}, **body}
        return self.configs.setdefault(name, config)

    def clear_config(self, name: str) -> None:
        self.said.append(("event config", name, None))

    def clock(self) -> dict[str, Any]:
        return {"Now": "2026-01-02T03:04:05.678Z", "AheadMs": 0, "Scale": 1.0}

    def set_clock(self, **how: Any) -> dict[str, Any]:
        self.said.append(("clock", how))
        return {
            "Now": "2026-01-02T09:04:05.678Z",
            "AheadMs": how["advance_ms"] or 0,
            "Scale": how["scale"] or 1,
        }
