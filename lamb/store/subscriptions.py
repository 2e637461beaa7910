"""Rows of subscriptions: who gets what is published to a topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.names import Place
from lamb.model.topic import SubscriptionKey, TopicKey
from lamb.store import queue_tables
from lamb.store.database import Tx

_topics, _subscriptions = queue_tables.topics, queue_tables.subscriptions


class SubscriptionRow(NamedTuple):
    """A subscription as it is stored."""

    key: SubscriptionKey
    protocol: str
    """`sqs` or `lambda`."""
    endpoint: str
    """The ARN of a queue or function, which may be there or not."""
    attributes: Mapping[str, str]
    """Those that were set, in AWS's names."""


def find(tx: Tx, key: SubscriptionKey) -> SubscriptionRow | None:
    """By its id; the topic's name must be the right one, too."""
    found = tx.connection.execute(_all().where(_subscriptions.c.id == key.id)).one_or_none()
    row = None if found is None else _row(found)
    return row if row is not None and row.key == key else None


def find_endpoint(tx: Tx, topic_id: int, protocol: str, endpoint: str) -> SubscriptionRow | None:
    wanted = _all().where(
        _subscriptions.c.topic_id == topic_id,
        _subscriptions.c.protocol == protocol,
        _subscriptions.c.endpoint == endpoint,
    )
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else _row(found)


def of_topic(tx: Tx, topic_id: int) -> list[SubscriptionRow]:
    """The first to subscribe comes first."""
    wanted = _all().where(_subscriptions.c.topic_id == topic_id)
    rows = tx.connection.execute(wanted.order_by(_subscriptions.c.created_ms, _subscriptions.c.id))
    return [_row(row) for row in rows]


def count(tx: Tx, topic_id: int) -> int:
    wanted = select(func.count()).where(_subscriptions.c.topic_id == topic_id)
    return int(tx.connection.execute(wanted).scalar_one())


def page(
    tx: Tx, place: Place, after: str, limit: int, *, topic_id: int | None = None
) -> list[SubscriptionRow]:
    """At most `limit` subscriptions whose ids come after `after`; only those of one topic."""
    wanted = _all().where(
        _topics.c.account == place.account, _topics.c.region == place.region, _subscriptions.c.id > after
    )
    if topic_id is not None:
        wanted = wanted.where(_subscriptions.c.topic_id == topic_id)
    return [_row(row) for row in tx.connection.execute(wanted.order_by(_subscriptions.c.id).limit(limit))]


def add(tx: Tx, topic_id: int, row: SubscriptionRow) -> None:
    tx.connection.execute(
        insert(_subscriptions).values(
            id=row.key.id,
            topic_id=topic_id,
            protocol=row.protocol,
            endpoint=row.endpoint,
            attributes=dict(row.attributes),
            created_ms=tx.now_ms,
        )
    )


def set_attributes(tx: Tx, key: SubscriptionKey, attributes: Mapping[str, str]) -> None:
    changed = update(_subscriptions).where(_subscriptions.c.id == key.id)
    tx.connection.execute(changed.values(attributes=dict(attributes)))


def delete(tx: Tx, key: SubscriptionKey) -> None:
    tx.connection.execute(delete_from(_subscriptions).where(_subscriptions.c.id == key.id))


def _all() -> Select[Any]:
    return select(_topics.c.account, _topics.c.region, _topics.c.name, _subscriptions).join_from(
        _subscriptions, _topics
    )


def _row(found: Row[Any]) -> SubscriptionRow:
    topic = TopicKey(found.account, found.region, found.name)
    return SubscriptionRow(SubscriptionKey(topic, found.id), found.protocol, found.endpoint, found.attributes)
