"""Rows of topics, and what FIFO topics took lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.names import Place
from lamb.model.topic import DEDUPLICATION_MS, TopicKey
from lamb.store import queue_tables
from lamb.store.database import Tx

_topics, _messages = queue_tables.topics, queue_tables.topic_messages


class TopicRow(NamedTuple):
    """A topic as it is stored."""

    id: int
    key: TopicKey
    attributes: Mapping[str, str]
    """Those that were set, in AWS's names."""
    tags: Mapping[str, str]


class Accepted(NamedTuple):
    """A message that a FIFO topic knows."""

    message_id: str
    number: int
    """Grows with every message of the home's topics."""


def find(tx: Tx, key: TopicKey) -> TopicRow | None:
    found = tx.connection.execute(select(_topics).where(*_is(key))).one_or_none()
    return None if found is None else _row(found)


def page(tx: Tx, place: Place, after: str, limit: int) -> list[TopicKey]:
    """At most `limit` topics whose names come after `after`."""
    here = (_topics.c.account == place.account, _topics.c.region == place.region, _topics.c.name > after)
    names = tx.connection.execute(select(_topics.c.name).where(*here).order_by(_topics.c.name).limit(limit))
    return [TopicKey(place.account, place.region, name) for name in names.scalars()]


def add(tx: Tx, key: TopicKey, attributes: Mapping[str, str], tags: Mapping[str, str]) -> TopicRow:
    """The name must be free."""
    done = tx.connection.execute(
        insert(_topics).values(
            account=key.account,
            region=key.region,
            name=key.name,
            attributes=dict(attributes),
            tags=dict(tags),
            created_ms=tx.now_ms,
            modified_ms=tx.now_ms,
        )
    )
    return TopicRow(int(done.inserted_primary_key[0]), key, attributes, tags)  # type: ignore[index]


def set_attributes(tx: Tx, topic_id: int, attributes: Mapping[str, str]) -> None:
    _change(tx, topic_id, attributes=dict(attributes))


def set_tags(tx: Tx, topic_id: int, tags: Mapping[str, str]) -> None:
    _change(tx, topic_id, tags=dict(tags))


def delete(tx: Tx, key: TopicKey) -> None:
    """With its subscriptions. One that is not there is no error."""
    tx.connection.execute(delete_from(_topics).where(*_is(key)))


# ------------------------------------------------------------------ FIFO


def known(tx: Tx, topic_id: int, key: str) -> Accepted | None:
    """The message that was taken under this deduplication key within the interval."""
    wanted = select(_messages.c.message_id, _messages.c.id).where(
        _messages.c.topic_id == topic_id, _messages.c.key == key, _messages.c.expires_ms > tx.now_ms
    )
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else Accepted(found.message_id, found.id)


def remember(tx: Tx, topic_id: int, key: str, message_id: str) -> Accepted:
    """Take a message under a key that `known` does not know; those of the past are forgotten."""
    tx.connection.execute(delete_from(_messages).where(_messages.c.expires_ms <= tx.now_ms))
    values = {"topic_id": topic_id, "key": key, "message_id": message_id}
    done = tx.connection.execute(insert(_messages).values(**values, expires_ms=tx.now_ms + DEDUPLICATION_MS))
    return Accepted(message_id, int(done.inserted_primary_key[0]))  # type: ignore[index]


def _change(tx: Tx, topic_id: int, **values: Any) -> None:
    changed = update(_topics).where(_topics.c.id == topic_id)
    tx.connection.execute(changed.values(modified_ms=tx.now_ms, **values))


def _is(key: TopicKey) -> tuple[Any, ...]:
    return (_topics.c.account == key.account, _topics.c.region == key.region, _topics.c.name == key.name)


def _row(found: Row[Any]) -> TopicRow:
    return TopicRow(found.id, TopicKey(found.account, found.region, found.name), found.attributes, found.tags)
