"""The tables of local queues and topics. See schema.py for the others."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from lamb.store.schema import metadata


def _owner(table: str) -> Column[int]:
    """The queue or topic that a row belongs to, and goes with."""
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}s.id", ondelete="CASCADE"), nullable=False)


def _named(table: str, *more: Column[int]) -> Table:
    return Table(
        table,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("account", String, nullable=False),
        Column("region", String, nullable=False),
        Column("name", String, nullable=False),
        # Those that were set, in AWS's names.
        Column("attributes", JSON, nullable=False),
        Column("tags", JSON, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("modified_ms", BigInteger, nullable=False),
        *more,
        UniqueConstraint("account", "region", "name"),
        sqlite_autoincrement=True,
    )


queues = _named("queues", Column("purged_ms", BigInteger))
topics = _named("topics")

messages = Table(
    "messages",
    metadata,
    # The order of arrival; a FIFO queue's SequenceNumber is made of it.
    Column("id", Integer, primary_key=True),
    _owner("queue"),
    Column("message_id", String, nullable=False),
    Column("body", String, nullable=False),
    # Message attributes as AWS's JSON has them; binary values in base64.
    Column("attributes", JSON, nullable=False),
    # AWSTraceHeader, DeadLetterQueueSourceArn: name → text.
    Column("system_attributes", JSON, nullable=False),
    Column("group_id", String),
    Column("deduplication_id", String),
    Column("sent_ms", BigInteger, nullable=False),
    # Not to be received before: delay and visibility timeout are one thing.
    Column("visible_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("receives", Integer, nullable=False),
    Column("first_received_ms", BigInteger),
    # Of the last receive; NULL while nobody holds the message.
    Column("receipt", String),
    sqlite_autoincrement=True,
)
Index("messages_by_visibility", messages.c.queue_id, messages.c.visible_ms, messages.c.id)
# What is counted and what blocks its group, answered without a look at the messages.
Index(
    "messages_in_flight",
    *(messages.c[name] for name in ("queue_id", "visible_ms", "group_id")),
    sqlite_where=text("receipt IS NOT NULL"),
)
# A FIFO queue is read in this order.
Index("messages_by_arrival", messages.c.queue_id, messages.c.id)

# What FIFO queues took in the last five minutes.
deduplications = Table(
    "deduplications",
    metadata,
    Column("queue_id", Integer, ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
    # The deduplication id, within its scope.
    Column("key", String, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("sequence", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
Index("deduplications_by_expiry", deduplications.c.expires_ms)

# StartMessageMoveTask: from a dead-letter queue back to where its messages came from.
move_tasks = Table(
    "move_tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    _owner("queue"),
    Column("handle", String, nullable=False, unique=True),
    Column("destination_arn", String),
    Column("rate", Integer),
    Column("status", String, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("to_move", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    Column("failure", String),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String, primary_key=True),
    _owner("topic"),
    Column("protocol", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("topic_id", "protocol", "endpoint"),
)

# What a FIFO topic took in the last five minutes; its SequenceNumbers are made of these ids.
topic_messages = Table(
    "topic_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    _owner("topic"),
    # The deduplication id, within its scope.
    Column("key", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    UniqueConstraint("topic_id", "key"),
    sqlite_autoincrement=True,
)
Index("topic_messages_by_expiry", topic_messages.c.expires_ms)
