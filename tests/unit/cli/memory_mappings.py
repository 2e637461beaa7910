"""Event source mappings of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamb.model.errors import ResourceNotFound

UUID = "0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1"
KAFKA = "1d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1"
_HERE = "us-east-1:123456789012"


def mapping(uuid: str, **members: Any) -> dict[str, Any]:
    """As GetEventSourceMapping shows it."""
    return {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:{_HERE}:event-source-mapping:{uuid}",
        "FunctionArn": f"arn:aws:lambda:{_HERE}:function:hello",
        "BatchSize": 10,
        "State": "Enabled",
        **members,
    }


class MemoryMappings:
    """`orders` goes to `hello`, and a topic of a Kafka cluster to `hello:prod`."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        arn = f"arn:aws:lambda:{_HERE}:function:hello:prod"
        self.held = {
            UUID: mapping(UUID, EventSourceArn=f"arn:aws:sqs:{_HERE}:orders"),
            KAFKA: mapping(KAFKA, Topics=["clicks"], FunctionArn=arn, State="Disabled"),
        }

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("create", body))
        return mapping(UUID, **body, State="Creating")

    def get(self, uuid: str) -> dict[str, Any]:
        if uuid not in self.held:
            raise ResourceNotFound
        return self.held[uuid]

    def list(self, function: str | None = None, source_arn: str | None = None) -> Iterator[dict[str, Any]]:
        assert source_arn is None
        wanted = (m for m in self.held.values() if m["FunctionArn"].endswith(f":{function}"))
        return iter(self.held.values()) if function is None else wanted

    def update(self, uuid: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("update", uuid, body))
        return {**self.get(uuid), **body, "State": "Updating"}

    def delete(self, uuid: str) -> dict[str, Any]:
        self.said.append(("delete", uuid))
        return {**self.held.pop(uuid), "State": "Deleting"}

    def settled(self, uuid: str, timeout_s: float = 60.0) -> bool:
        self.said.append(("settled", uuid))
        return True
