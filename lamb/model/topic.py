"""Names of topics and subscriptions, as SNS spells them, and what SNS limits."""

from __future__ import annotations

import re
from typing import NamedTuple

from lamb.model.names import Place
from lamb.model.topic_errors import InvalidParameter, NotFound

# API reference, CreateTopic: "made up of only … ASCII letters, numbers, underscores, and hyphens"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_FIFO = ".fifo"
# API reference, Publish: "at most 256 KiB in size (262,144 bytes, not 262,144 characters)", with attributes
MESSAGE_MAX_BYTES = 262_144
# API reference, CreateTopic, on MaximumMessageSize
MESSAGE_MAX_BYTES_RANGE = range(1024, 1_048_577)
# sns-message-attributes: SQS takes 10, and a raw delivery with more is a client-side error
RAW_ATTRIBUTES_MAX = 10
# API reference, PublishBatch: "up to 10 individual messages"
BATCH_MAX = 10
# fifo-message-dedup: the deduplication interval, 5 minutes
DEDUPLICATION_MS = 300_000
# API reference, ListTopics and ListSubscriptions: "a limited list, up to 100"
PAGE_MAX = 100
# sns-tags: "up to 50 tags"
TAGS_MAX = 50


class TopicKey(NamedTuple):
    """One topic: its account, region and name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"

    @property
    def fifo(self) -> bool:
        return self.name.endswith(_FIFO)


class SubscriptionKey(NamedTuple):
    """One subscription: its topic and its id, a UUID."""

    topic: TopicKey
    id: str

    @property
    def arn(self) -> str:
        return f"{self.topic.arn}:{self.id}"


def is_topic_name(name: str) -> bool:
    """Letters, digits, hyphens and underscores; at most 256 characters with the `.fifo` of a FIFO topic."""
    return len(name) <= 256 and _NAME.fullmatch(name.removesuffix(_FIFO)) is not None


def parse_topic_arn(arn: str, place: Place, member: str = "TopicArn") -> TopicKey:
    """The topic of an ARN that a caller at `place` wrote into `member`.

    Raises InvalidParameter for what is no topic's ARN, or one of another region.
    """
    _, _, service, region, account, *resource = _split(arn, member)
    if service != "sns" or region != place.region or len(resource) != 1:
        raise InvalidParameter(member)
    return TopicKey(account, region, resource[0])


def parse_subscription_arn(arn: str, place: Place) -> SubscriptionKey:
    """Raises InvalidParameter for what is no subscription's ARN."""
    _, _, service, region, account, *resource = _split(arn, "SubscriptionArn")
    if service != "sns" or region != place.region or len(resource) != 2:
        raise InvalidParameter("SubscriptionArn")
    return SubscriptionKey(TopicKey(account, region, resource[0]), resource[1])


def local_topic(arn: str) -> TopicKey:
    """The topic of an ARN that lamb itself has stored, of whatever region. Raises NotFound."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise NotFound
    return TopicKey(parts[4], parts[3], parts[5])


def _split(arn: str, member: str) -> list[str]:
    parts = arn.split(":")
    if len(parts) < 6:
        raise InvalidParameter(f"{member} Reason: An ARN must have at least 6 elements, not {len(parts)}")
    return parts
