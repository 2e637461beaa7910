"""Local queues of a daemon that answers from memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lamb.model.queue_errors import QueueDoesNotExist

ARN = "arn:aws:sqs:us-east-1:123456789012:"
SENT = "0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1"


class MemoryQueues:
    """`orders`, whose dead letters go to `failed`; both hold two messages."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        policy = json.dumps({"deadLetterTargetArn": f"{ARN}failed", "maxReceiveCount": 3})
        self.held: dict[str, list[str]] = {"orders": ["one", "two"], "failed": ["bad", "worse"]}
        self.set: dict[str, dict[str, str]] = {"orders": {"RedrivePolicy": policy}}
        self.waits: list[int] = []

    def create(self, name: str, attributes: dict[str, str]) -> None:
        self.said.append(("create", name, attributes))
        self.held[name] = []

    def list(self) -> Iterator[str]:
        return iter(self.held)

    def attributes(self, name: str) -> dict[str, str]:
        return {
            "QueueArn": ARN + name,
            "ApproximateNumberOfMessages": str(len(self._known(name))),
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            **self.set.get(name, {}),
        }

    def send(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self._known(name)
        self.said.append(("send", name, {k: v for k, v in body.items() if v}))
        return {"MessageId": SENT, "MD5OfMessageBody": "x"}

    def receive(self, name: str, most: int, wait_s: int) -> Sequence[dict[str, Any]]:
        self.waits.append(wait_s)
        held = self._known(name)
        taken, held[:] = held[:most], held[most:]
        return [{"MessageId": SENT, "ReceiptHandle": body, "Body": body} for body in taken]

    def delete_messages(self, name: str, messages: Sequence[dict[str, Any]]) -> None:
        self.said.append(("delete_messages", name, [message["ReceiptHandle"] for message in messages]))

    def peek(self, name: str, most: int) -> Sequence[dict[str, Any]]:
        return [{"MessageId": SENT, "Body": body} for body in self._known(name)[:most]]

    def purge(self, name: str) -> None:
        self.said.append(("purge", name))

    def delete(self, name: str) -> None:
        self.said.append(("delete", name))

    def redrive(self, source_arn: str, destination_arn: str | None, rate: int | None) -> str:
        self.said.append(("redrive", source_arn, destination_arn, rate))
        return "handle"

    def _known(self, name: str) -> list[str]:
        if name not in self.held:
            raise QueueDoesNotExist
        return self.held[name]
