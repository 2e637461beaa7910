"""A plane's queues, with the arguments that most tests want."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from unit.core.plane import PLACE, Plane

from lamb.core import messages, queues
from lamb.core.messages import Receipts, Received, Receiving, Sending
from lamb.model.message import Message, NewMessage
from lamb.model.queue import Queue, QueueKey


def key(name: str = "q") -> QueueKey:
    return QueueKey(PLACE.account, PLACE.region, name)


@dataclass
class Post:
    plane: Plane
    arrivals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = self.plane.core
        self.core.arrived = self.arrivals.append

    def make(self, name: str = "q", **attributes: Any) -> Queue:
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        return queues.create(self.core, key(name), {n: str(v) for n, v in attributes.items()}, {})

    def dead_lettered(self, name: str = "q", receives: int = 1) -> Queue:
        """A queue with another one for its dead letters, called `dead` in front of it."""
        dead = self.make(f"dead{name}")
        policy = json.dumps({"deadLetterTargetArn": dead.key.arn, "maxReceiveCount": receives})
        return self.make(name, RedrivePolicy=policy)

    def send_all(self, *sent: NewMessage, to: str = "q", batch: bool = False) -> Any:
        with self.core.database.transaction() as tx:
            return messages.send(tx, [Sending(key(to), sent, batch)])[0]

    def send(self, body: str = "hello", to: str = "q", **members: Any) -> Any:
        """What was sent; raises what a caller would be told."""
        answer = self.send_all(NewMessage(body, **members), to=to)
        answer = answer[0] if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def received(self, name: str = "q", most: int = 10, visibility_s: int | None = None) -> Received:
        with self.core.database.transaction() as tx:
            answer = messages.receive(tx, [Receiving(key(name), most, visibility_s)])[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def receive(self, name: str = "q", most: int = 10, visibility_s: int | None = None) -> list[Message]:
        return list(self.received(name, most, visibility_s).messages)

    def bodies(self, name: str = "q", most: int = 10) -> list[str]:
        return [message.body for message in self.receive(name, most)]

    def delete(self, *received: Message | str, name: str = "q") -> Any:
        handles = [m if isinstance(m, str) else messages.handle(m) for m in received]
        with self.core.database.transaction() as tx:
            return messages.delete(tx, [Receipts(key(name), handles)])[0]

    def show_in(self, seconds: int, received: Message | str, name: str = "q") -> Any:
        handle = received if isinstance(received, str) else messages.handle(received)
        with self.core.database.transaction() as tx:
            answer = messages.change_visibility(tx, [Receipts(key(name), [handle], [seconds])])[0]
        return answer[0] if isinstance(answer, list) else answer

    def counts(self, name: str = "q") -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        told = queues.attributes_of(self.core, key(name), ["All"])
        return (
            int(told["ApproximateNumberOfMessages"]),
            int(told["ApproximateNumberOfMessagesNotVisible"]),
            int(told["ApproximateNumberOfMessagesDelayed"]),
        )

    def set(self, name: str = "q", **attributes: Any) -> None:
        queues.set_attributes(self.core, key(name), {n: str(v) for n, v in attributes.items()})
