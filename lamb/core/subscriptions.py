"""Subscriptions: which queues and functions get what is published to a topic."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lamb.core import found, pages, topic_attributes
from lamb.core import subscription_attributes as rules
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.names import Place
from lamb.model.queue import parse_arn
from lamb.model.requests import Page
from lamb.model.topic import PAGE_MAX, SubscriptionKey, TopicKey
from lamb.model.topic_errors import InvalidParameter, NotFound
from lamb.model.wire import new_id
from lamb.store import subscriptions as rows
from lamb.store import topics as topic_rows
from lamb.store.database import Tx
from lamb.store.subscriptions import SubscriptionRow

PROTOCOLS = ("lambda", "sqs")
"""What lamb delivers to."""
_ELSEWHERE = ("application", "email", "email-json", "firehose", "http", "https", "sms")
_FUNCTION_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    re.ASCII,
)


def subscribe(
    core: Core, topic: TopicKey, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> SubscriptionKey:
    """A new subscription, or the one that is there with the same attributes.

    The endpoint may come later. Raises NotFound, InvalidParameter.
    """
    refuse_broken_text(endpoint, attributes)
    wanted = SubscriptionRow(SubscriptionKey(topic, new_id()), protocol, endpoint, {})
    with core.database.transaction() as tx:
        topic_id = found.topic(tx, topic).id
        _refuse_endpoint(topic, protocol, endpoint)
        accepted = rules.accepted(wanted, attributes)
        there = rows.find_endpoint(tx, topic_id, protocol, endpoint)
        if there is None:
            rows.add(tx, topic_id, SubscriptionRow(wanted.key, protocol, endpoint, accepted))
            return wanted.key
    if rules.differ(there, accepted):
        raise InvalidParameter("Attributes Reason: Subscription already exists with different attributes")
    return there.key


def unsubscribe(core: Core, key: SubscriptionKey) -> None:
    """A subscription that is not there is no error, as in SNS."""
    with core.database.transaction() as tx:
        if rows.find(tx, key) is not None:
            topic = found.topic(tx, key.topic)
            rows.delete(tx, key)
            topic_rows.set_attributes(tx, topic.id, topic_attributes.after_unsubscribe(topic))


def confirm(core: Core, topic: TopicKey) -> None:
    """Always refused: what lamb delivers to is confirmed when it subscribes. Raises NotFound, too."""
    with core.database.reading() as tx:
        found.topic(tx, topic)
    raise InvalidParameter("Token Reason: subscriptions of queues and functions need no confirmation")


def list_subscriptions(
    core: Core, place: Place, token: str | None, topic: TopicKey | None = None
) -> tuple[list[SubscriptionRow], str | None]:
    """Of all topics or of one, with the NextToken. Raises NotFound, InvalidParameterValue."""
    (after,) = pages.start(Page(token), [""])
    with core.database.reading() as tx:
        topic_id = None if topic is None else found.topic(tx, topic).id
        listed = rows.page(tx, place, after, PAGE_MAX + 1, topic_id=topic_id)
    more = len(listed) > PAGE_MAX
    return listed[:PAGE_MAX], pages.marker([listed[PAGE_MAX - 1].key.id]) if more else None


def attributes(core: Core, key: SubscriptionKey) -> dict[str, str]:
    """Raises NotFound."""
    with core.database.reading() as tx:
        return rules.shown(_there(tx, key))


def set_attribute(core: Core, key: SubscriptionKey, name: str, value: str) -> None:
    """An empty value clears a policy. Raises NotFound, InvalidParameter."""
    refuse_broken_text(value)
    with core.database.transaction() as tx:
        rows.set_attributes(tx, key, rules.changed(_there(tx, key), name, value))


def _there(tx: Tx, key: SubscriptionKey) -> SubscriptionRow:
    row = rows.find(tx, key)
    if row is None:
        raise NotFound("Subscription does not exist")
    return row


def _refuse_endpoint(topic: TopicKey, protocol: str, endpoint: str) -> None:
    if protocol in _ELSEWHERE:
        raise InvalidParameter(
            f"Protocol Reason: lamb delivers to {' and '.join(PROTOCOLS)}, and not to {protocol}"
        )
    if protocol not in PROTOCOLS:
        raise InvalidParameter(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "lambda":
        if not _FUNCTION_ARN.fullmatch(endpoint):
            raise InvalidParameter("Lambda endpoint ARN")
        if topic.fifo:
            raise InvalidParameter("Endpoint Reason: Functions can not be subscribed to FIFO SNS topics")
        return
    queue = parse_arn(endpoint)
    if queue is None:
        raise InvalidParameter("SQS endpoint ARN")
    if queue.fifo and not topic.fifo:
        # Twice, as recorded.
        raise InvalidParameter(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
