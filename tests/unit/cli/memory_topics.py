"""Local topics of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.model.topic_errors import InvalidParameter, NotFound

HERE = "arn:aws:sns:us-east-1:123456789012:"
INBOX = "arn:aws:sqs:us-east-1:123456789012:inbox"
SUBSCRIPTION = f"{HERE}alarms:7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1"


class MemoryTopics:
    """The topic `alarms`, with the queue `inbox` behind a filter."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.arns = [f"{HERE}alarms"]

    def _known(self, topic: str) -> str:
        if topic not in self.arns:
            raise NotFound
        return topic

    def create(self, name: str, attributes: Mapping[str, str]) -> str:
        if "!" in name:
            raise InvalidParameter("Topic Name")
        self.said.append(("create", name, dict(attributes)))
        return HERE + name

    def list(self) -> Iterator[str]:
        return iter(self.arns)

    def attributes(self, topic: str) -> dict[str, str]:
        return {"TopicArn": self._known(topic), "DisplayName": "", "SubscriptionsConfirmed": "1"}

    def tags(self, topic: str) -> dict[str, str]:
        return {"team": self._known(topic)[-6:]}

    def delete(self, topic: str) -> None:
        self.said.append(("delete", topic))

    def publish(
        self, topic: str, message: str, attributes: Mapping[str, str], options: Mapping[str, str | None]
    ) -> dict[str, Any]:
        given = {name: value for name, value in options.items() if value is not None}
        self.said.append(("publish", self._known(topic), message, dict(attributes), given))
        return {"MessageId": "m-1"}

    def subscribe(self, topic: str, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> str:
        self.said.append(("subscribe", self._known(topic), protocol, endpoint, dict(attributes)))
        return SUBSCRIPTION

    def unsubscribe(self, subscription: str) -> None:
        self.said.append(("unsubscribe", subscription))

    def subscriptions(self, topic: str | None = None) -> Iterator[dict[str, Any]]:
        if topic is not None:
            self._known(topic)
        row = {"SubscriptionArn": SUBSCRIPTION, "Protocol": "sqs", "Endpoint": INBOX}
        return iter([{**row, "TopicArn": f"{HERE}alarms", "Owner": "123456789012"}])

    def subscription(self, subscription: str) -> dict[str, str]:
        if subscription != SUBSCRIPTION:
            raise NotFound("Subscription does not exist")
        return {"RawMessageDelivery": "true", "FilterPolicy": '{"severity": ["high"]}'}
