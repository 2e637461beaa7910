"""Layers of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.model.errors import ResourceNotFound

ARN = "arn:aws:lambda:us-east-1:123456789012:layer:"


class MemoryLayers:
    """`tools`, of which there are versions 3 and 1."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.held = {"tools": [3, 1]}

    def publish(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.said.append(("layer publish", name, body))
        return self._version(name, 4)

    def list(self, filters: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
        self.said.append(("layer list", filters))
        for name, numbers in self.held.items():
            yield {"LayerName": name, "LatestMatchingVersion": self._version(name, numbers[0])}

    def versions(self, name: str) -> Iterator[dict[str, Any]]:
        return (self._version(name, number) for number in self.held.get(name, []))

    def newest(self, name: str) -> int | None:
        return next(iter(self.held.get(name, [])), None)

    def get(self, name: str, number: int) -> dict[str, Any]:
        if number not in self.held.get(name.rpartition(":")[2], []):
            raise ResourceNotFound
        return self._version(name, number)

    def delete(self, name: str, number: int) -> None:
        self.said.append(("layer delete", name, number))

    def _version(self, name: str, number: int) -> dict[str, Any]:
        return {
            "LayerVersionArn": f"{name if name.startswith('arn:') else ARN + name}:{number}",
            "Version": number,
            "Description": "d",
            "CreatedDate": "2026-01-02T03:04:05.678+0000",
            "CompatibleRuntimes": ["python3.12"],
            "Content": {
                "CodeSize": 412,
                "CodeSha256": "47DEQ",
                "Location": f"http://localhost/_lamb/code/{name}",
            },
        }
