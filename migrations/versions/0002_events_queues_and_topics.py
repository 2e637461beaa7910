"""Asynchronous events, how functions take them, and local queues and topics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("functions", sa.Column("recursive_loop", sa.String))
    _events()
    _queues_and_topics()
    _messages()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("request_id", sa.String, nullable=False, unique=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("qualifier", sa.String),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("trace_id", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("lease", sa.String),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("throttles", sa.Integer, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("condition", sa.String),
        sa.Column("executed_version", sa.String),
        sa.Column("error", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "events_succeeded",
        "events",
        ["id"],
        sqlite_where=sa.text("state = 'succeeded'"),
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    op.create_index(
        "events_dead",
        "events",
        ["account", "region", "name", "id"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "events_open",
        "events",
        ["account", "region", "name", "due_ms", "id"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "event_invoke_configs",
        sa.Column(
            "function_id", sa.Integer, sa.ForeignKey("functions.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("qualifier", sa.String, primary_key=True),
        sa.Column("retries", sa.Integer),
        sa.Column("max_age_s", sa.Integer),
        sa.Column("on_success", sa.String),
        sa.Column("on_failure", sa.String),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "provisioned_concurrency",
        sa.Column(
            "function_id", sa.Integer, sa.ForeignKey("functions.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("qualifier", sa.String, primary_key=True),
        sa.Column("requested", sa.Integer, nullable=False),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "metrics",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("region", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("minute", sa.Integer, primary_key=True),
        sa.Column("counts", sa.String, nullable=False),
    )
    op.create_index("metrics_by_minute", "metrics", ["minute"])
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("scale", sa.Float, nullable=False),
    )


def _queues_and_topics() -> None:
    op.create_table(
        "queues",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
        sa.Column("purged_ms", sa.BigInteger),
        sa.UniqueConstraint("account", "region", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "topics",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "region", "name"),
        sqlite_autoincrement=True,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("system_attributes", sa.JSON, nullable=False),
        sa.Column("group_id", sa.String),
        sa.Column("deduplication_id", sa.String),
        sa.Column("sent_ms", sa.BigInteger, nullable=False),
        sa.Column("visible_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("receives", sa.Integer, nullable=False),
        sa.Column("first_received_ms", sa.BigInteger),
        sa.Column("receipt", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_by_arrival", "messages", ["queue_id", "id"])
    op.create_index(
        "messages_in_flight",
        "messages",
        ["queue_id", "visible_ms", "group_id"],
        sqlite_where=sa.text("receipt IS NOT NULL"),
        postgresql_where=sa.text("receipt IS NOT NULL"),
    )
    op.create_index("messages_by_visibility", "messages", ["queue_id", "visible_ms", "id"])
    op.create_table(
        "deduplications",
        sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("sequence", sa.String, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("deduplications_by_expiry", "deduplications", ["expires_ms"])
    op.create_table(
        "move_tasks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
        sa.Column("handle", sa.String, nullable=False, unique=True),
        sa.Column("destination_arn", sa.String),
        sa.Column("rate", sa.Integer),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("to_move", sa.Integer, nullable=False),
        sa.Column("moved", sa.Integer, nullable=False),
        sa.Column("failure", sa.String),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("topic_id", sa.Integer, sa.ForeignKey("topics.id", ondelete="CASCADE"), nullable=False),
        sa.Column("protocol", sa.String, nullable=False),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("topic_id", "protocol", "endpoint"),
    )
    op.create_table(
        "topic_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("topic_id", sa.Integer, sa.ForeignKey("topics.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("message_id", sa.String, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("topic_id", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("topic_messages_by_expiry", "topic_messages", ["expires_ms"])
