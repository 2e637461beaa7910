"""Members of SNS requests, each of the type that SNS's model gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lamb.api.neighbour import Request
from lamb.model.notification import Notification
from lamb.model.topic import SubscriptionKey, TopicKey, parse_subscription_arn, parse_topic_arn
from lamb.model.topic_errors import InvalidParameter, MemberMissing


class Call(NamedTuple):
    """One operation, or one entry of a batch.

    Its methods raise InvalidParameter for a member of another type or form, and MemberMissing for one that
    is required and not there.
    """

    request: Request
    members: Mapping[str, Any]

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """A use case, in the pool."""
        services = self.request.services
        return await services.run(work, services.core, *arguments)

    def text(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise _missing(name)
        return value

    def optional(self, name: str) -> str | None:
        value = self.members.get(name)
        return None if value is None else _text(name, value)

    def texts(self, name: str) -> list[str]:
        return [_text(name, item) for item in self._items(name, required=True)]

    def map(self, name: str) -> dict[str, str]:
        return _texts(name, self.members.get(name) or {})

    def topic(self, name: str = "TopicArn") -> TopicKey:
        return parse_topic_arn(self.text(name), self.request.place, name)

    def subscription(self) -> SubscriptionKey:
        return parse_subscription_arn(self.text("SubscriptionArn"), self.request.place)

    def tags(self, *, required: bool) -> list[tuple[str, str]]:
        tags = [_texts("Tags", item) for item in self._items("Tags", required=required)]
        if not all(tag.keys() >= {"Key", "Value"} for tag in tags):
            raise InvalidParameter("Tags")
        return [(tag["Key"], tag["Value"]) for tag in tags]

    def entries(self, name: str) -> list[Call]:
        """Those of a batch."""
        return [Call(self.request, _texts_and_maps(name, item)) for item in self._items(name, required=True)]

    def notification(self) -> Notification:
        """What Publish, and each entry of PublishBatch, says of a message."""
        given = _texts_and_maps("MessageAttributes", self.members.get("MessageAttributes") or {})
        return Notification(
            message=self.text("Message"),
            subject=self.optional("Subject"),
            attributes={name: _texts("MessageAttributes", value) for name, value in given.items()},
            structure=self.optional("MessageStructure") or None,
            group_id=self.optional("MessageGroupId"),
            deduplication_id=self.optional("MessageDeduplicationId"),
        )

    def _items(self, name: str, *, required: bool) -> list[Any]:
        value = self.members.get(name)
        if value is None and required:
            raise _missing(name)
        # An empty list comes as an empty text.
        if value and not isinstance(value, list):
            raise InvalidParameter(name)
        return value or []


def _missing(name: str) -> MemberMissing:
    return MemberMissing(name[0].lower() + name[1:])


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidParameter(name)
    return value


def _texts(name: str, value: Any) -> dict[str, str]:
    return {key: _text(name, item) for key, item in _texts_and_maps(name, value).items()}


def _texts_and_maps(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidParameter(name)
    return value
