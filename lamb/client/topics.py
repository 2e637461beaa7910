"""The client's words for local topics: SNS's own operations, with answers in JSON instead of XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamb.client.forms import Document, Forms
from lamb.client.session import Classes, Session

_VERSION = "2010-03-31"


class Topics:
    """Every method raises the classes of lamb.model.topic_errors. Topics and subscriptions are ARNs."""

    def __init__(self, session: Session) -> None:
        self._forms = Forms(session, _VERSION, "NextToken", _classes)

    def create(self, name: str, attributes: Mapping[str, str]) -> str:
        """CreateTopic: the ARN, also of one that is there with the same attributes."""
        form = {"Name": name, **_map("Attributes", attributes)}
        arn: str = self._forms.ask("CreateTopic", form)["TopicArn"]
        return arn

    def list(self) -> Iterator[str]:
        """ListTopics, page after page: ARNs."""
        return (topic["TopicArn"] for topic in self._forms.pages("ListTopics", "Topics", {}))

    def attributes(self, topic: str) -> dict[str, str]:
        """GetTopicAttributes."""
        attributes: dict[str, str] = self._forms.ask("GetTopicAttributes", {"TopicArn": topic})["Attributes"]
        return attributes

    def tags(self, topic: str) -> dict[str, str]:
        """ListTagsForResource."""
        tags = self._forms.ask("ListTagsForResource", {"ResourceArn": topic})["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def delete(self, topic: str) -> None:
        """DeleteTopic; one that is not there is no error."""
        self._forms.ask("DeleteTopic", {"TopicArn": topic})

    def publish(
        self, topic: str, message: str, attributes: Mapping[str, str], options: Mapping[str, str | None]
    ) -> Document:
        """Publish: `MessageId`, and `SequenceNumber` from FIFO topics.

        `attributes`: message attributes, all of them strings. `options`: further members of Publish.
        """
        form = {"TopicArn": topic, "Message": message}
        form.update((name, value) for name, value in options.items() if value is not None)
        for number, (name, value) in enumerate(attributes.items(), start=1):
            entry = f"MessageAttributes.entry.{number}"
            form |= {f"{entry}.Name": name, f"{entry}.Value.DataType": "String"}
            form[f"{entry}.Value.StringValue"] = value
        return self._forms.ask("Publish", form)

    def subscribe(self, topic: str, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> str:
        """Subscribe: the ARN, also of a subscription that is there with the same attributes."""
        form = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
        arn: str = self._forms.ask("Subscribe", {**form, **_map("Attributes", attributes)})["SubscriptionArn"]
        return arn

    def unsubscribe(self, subscription: str) -> None:
        """Unsubscribe; a subscription that is not there is no error."""
        self._forms.ask("Unsubscribe", {"SubscriptionArn": subscription})

    def subscriptions(self, topic: str | None = None) -> Iterator[Document]:
        """Those of one topic or of all: `SubscriptionArn`, `Protocol`, `Endpoint`, `TopicArn`, `Owner`."""
        if topic is None:
            return self._forms.pages("ListSubscriptions", "Subscriptions", {})
        return self._forms.pages("ListSubscriptionsByTopic", "Subscriptions", {"TopicArn": topic})

    def subscription(self, subscription: str) -> dict[str, str]:
        """GetSubscriptionAttributes."""
        form = {"SubscriptionArn": subscription}
        attributes: dict[str, str] = self._forms.ask("GetSubscriptionAttributes", form)["Attributes"]
        return attributes


def _map(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """`Attributes.entry.1.key`, `Attributes.entry.1.value`, …"""
    form = {}
    for number, (key, value) in enumerate(values.items(), start=1):
        form[f"{name}.entry.{number}.key"] = key
        form[f"{name}.entry.{number}.value"] = value
    return form


def _classes() -> Classes:
    from lamb.model.topic_errors import BY_CODE  # noqa: PLC0415

    return BY_CODE
