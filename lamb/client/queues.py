"""The client's words for local queues: SQS's own protocol, and lamb's route for what SQS cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamb.client.session import Session, named
from lamb.client.transport import query, quote
from lamb.model.errors import LambError
from lamb.model.queue_errors import BY_CODE

Document = dict[str, Any]
"""An answer as SQS's JSON has it."""


class Queues:
    """`name` is a queue's name or URL. Every method raises lamb.model.errors and lamb.model.queue_errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, name: str, attributes: Mapping[str, str]) -> None:
        """CreateQueue: no error for one that has these attributes already."""
        self._call("CreateQueue", {"QueueName": name, "Attributes": dict(attributes)})

    def list(self) -> Iterator[str]:
        """The names of all queues."""
        token: str | None = None
        while True:
            page = self._call("ListQueues", {"MaxResults": 1000, "NextToken": token})
            for url in page.get("QueueUrls", []):
                yield url.rpartition("/")[2]
            token = page.get("NextToken")
            if not token:
                return

    def attributes(self, name: str) -> dict[str, str]:
        """GetQueueAttributes, all of them."""
        members = {"QueueUrl": name, "AttributeNames": ["All"]}
        told: dict[str, str] = self._call("GetQueueAttributes", members)["Attributes"]
        return told

    def send(self, name: str, body: Mapping[str, Any]) -> Document:
        """SendMessage: `MessageBody`, `MessageAttributes`, `DelaySeconds`, `MessageGroupId`, …"""
        return self._call("SendMessage", {"QueueUrl": name, **body})

    def receive(self, name: str, most: int, wait_s: int) -> Sequence[Document]:
        """ReceiveMessage: at most ten messages with all attributes, after waiting for 20 s at most."""
        members = {
            "QueueUrl": name,
            "MaxNumberOfMessages": most,
            "WaitTimeSeconds": wait_s,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        found: Sequence[Document] = self._call("ReceiveMessage", members).get("Messages", [])
        return found

    def delete_messages(self, name: str, messages: Sequence[Document]) -> None:
        """DeleteMessageBatch of what `receive` gave."""
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        self._call("DeleteMessageBatch", {"QueueUrl": name, "Entries": entries})

    def peek(self, name: str, most: int) -> Sequence[Document]:
        """The first messages, received by nobody."""
        target = f"/_lamb/queues/{quote(name)}/messages{query({'max': str(most)})}"
        found: Sequence[Document] = self._session.json("GET", target)["Messages"]
        return found

    def purge(self, name: str) -> None:
        """PurgeQueue: once a minute."""
        self._call("PurgeQueue", {"QueueUrl": name})

    def delete(self, name: str) -> None:
        """DeleteQueue, with its messages."""
        self._call("DeleteQueue", {"QueueUrl": name})

    def redrive(self, source_arn: str, destination_arn: str | None, rate: int | None) -> str:
        """StartMessageMoveTask: the task's handle."""
        members = {
            "SourceArn": source_arn,
            "DestinationArn": destination_arn,
            "MaxNumberOfMessagesPerSecond": rate,
        }
        handle: str = self._call("StartMessageMoveTask", members)["TaskHandle"]
        return handle

    def _call(self, operation: str, members: Mapping[str, Any]) -> Document:
        content = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
        headers = {"x-amz-target": f"AmazonSQS.{operation}", "content-type": "application/x-amz-json-1.0"}
        try:
            answer = self._session.request("POST", "/", content, headers)
        except LambError as error:
            raise named(error, BY_CODE) from None
        document: Document = json.loads(answer.body)
        return document
