"""The attributes of topics: which there are, what may be in them, and what is shown of a topic."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lamb.model.topic import MESSAGE_MAX_BYTES, MESSAGE_MAX_BYTES_RANGE, TopicKey
from lamb.model.topic_errors import InvalidParameter
from lamb.store.topics import TopicRow

_DISPLAY_NAME_MAX = 100
_FEEDBACK = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)((Success|Failure)FeedbackRoleArn|SuccessFeedbackSampleRate)"
)
# As recorded from SNS.
_DELIVERY = {
    "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20,
        "maxDelayTarget": 20,
        "numRetries": 3,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    },
    "disableSubscriptionOverrides": False,
    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
}
_OWNERS_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic",
    "Subscribe", "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


def _one_of(*allowed: str) -> Callable[[str], bool]:
    return allowed.__contains__


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9 and int(text) in MESSAGE_MAX_BYTES_RANGE


_ANY_TOPIC: Mapping[str, Callable[[str], bool]] = {
    "DeliveryPolicy": _is_object,
    "DisplayName": lambda text: len(text) <= _DISPLAY_NAME_MAX,
    "KmsMasterKeyId": lambda _: True,
    "MaximumMessageSize": _is_size,
    "Policy": _is_object,
    "SignatureVersion": _one_of("1", "2"),
    "TracingConfig": _one_of("PassThrough", "Active"),
}
_FIFO_TOPIC: Mapping[str, Callable[[str], bool]] = {
    "ArchivePolicy": _is_object,
    "ContentBasedDeduplication": _one_of("true", "false"),
    "FifoThroughputScope": _one_of("Topic", "MessageGroup"),
}
# Gone when they are set to nothing.
_CLEARED = frozenset({"ArchivePolicy", "DeliveryPolicy", "KmsMasterKeyId"})


def accept(key: TopicKey, given: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a new topic. Raises InvalidParameter."""
    wanted = dict(given)
    fifo = wanted.pop("FifoTopic", "false")
    if fifo not in ("true", "false"):
        raise InvalidParameter(f"Attributes Reason: FifoTopic: Invalid value [{fifo}]")
    # The suffix and the attribute belong together.
    if (fifo == "true") is not key.fifo:
        raise InvalidParameter("Topic Name")
    for name, value in wanted.items():
        if not _is_known(key, name):
            raise InvalidParameter(f"Attributes Reason: Unknown attribute {name}")
        _refuse_value(name, value, "Attributes Reason: ")
    return {name: value for name, value in wanted.items() if value or name not in _CLEARED}


def changed(topic: TopicRow, name: str, value: str) -> dict[str, str]:
    """A topic's attributes after SetTopicAttributes. Raises InvalidParameter."""
    if not _is_known(topic.key, name):
        raise InvalidParameter("AttributeName")
    if not value and name in _CLEARED:
        return {other: kept for other, kept in topic.attributes.items() if other != name}
    _refuse_value(name, value, "")
    return {**topic.attributes, name: value}


def differ(topic: TopicRow, wanted: Mapping[str, str]) -> bool:
    """Whether a topic has others than CreateTopic asks for: an idempotent call names no other ones."""
    there = shown(topic, 0)
    return any(there.get(name) != value for name, value in wanted.items())


def max_bytes(topic: TopicRow) -> int:
    return int(topic.attributes.get("MaximumMessageSize", MESSAGE_MAX_BYTES))


def is_content_based(topic: TopicRow) -> bool:
    return topic.attributes.get("ContentBasedDeduplication") == "true"


def shown(topic: TopicRow, confirmed: int) -> dict[str, str]:
    """What GetTopicAttributes answers. `confirmed`: how many subscriptions there are."""
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "false"} if topic.key.fifo else {}
    return {
        "DisplayName": "",
        "Policy": _compact(_default_policy(topic.key)),
        "SubscriptionsDeleted": "0",
        **fifo,
        **topic.attributes,
        "EffectiveDeliveryPolicy": _compact(_effective(topic.attributes.get("DeliveryPolicy"))),
        "Owner": topic.key.account,
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": "0",
        "TopicArn": topic.key.arn,
    }


def after_unsubscribe(topic: TopicRow) -> dict[str, str]:
    """A topic's attributes when one more subscription is gone."""
    deleted = int(topic.attributes.get("SubscriptionsDeleted", "0")) + 1
    return {**topic.attributes, "SubscriptionsDeleted": str(deleted)}


def _is_known(key: TopicKey, name: str) -> bool:
    known = name in _ANY_TOPIC or _FEEDBACK.fullmatch(name) is not None
    return known or (key.fifo and name in _FIFO_TOPIC)


def _refuse_value(name: str, value: str, where: str) -> None:
    if not value and name in _CLEARED:
        return
    allows = _ANY_TOPIC.get(name) or _FIFO_TOPIC.get(name)
    if allows is not None and not allows(value):
        raise InvalidParameter(f"{where}{name}: Invalid value [{value}]")


def _default_policy(key: TopicKey) -> dict[str, Any]:
    """Its owner may do everything; as recorded."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": key.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": key.account}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def _effective(given: str | None) -> dict[str, Any]:
    """How deliveries over HTTP would be tried again: what was given, over SNS's defaults."""
    http = json.loads(given).get("http", {}) if given else {}
    merged: dict[str, Any] = dict(_DELIVERY)
    for name, value in http.items() if isinstance(http, dict) else ():
        default = _DELIVERY.get(name)
        both = isinstance(value, dict) and isinstance(default, dict)
        merged[name] = {**default, **value} if both else value  # type: ignore[dict-item]
    return {"http": merged}


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
