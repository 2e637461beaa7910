"""The table of event source mappings. See schema.py for the others."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from lamb.store.schema import metadata

# No foreign key to functions: a mapping outlives its function, as in AWS.
event_source_mappings = Table(
    "event_source_mappings",
    metadata,
    # The order in which they were made.
    Column("id", Integer, primary_key=True),
    Column("uuid", String, nullable=False, unique=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("function_name", String, nullable=False),
    # As given; NULL where no qualifier was.
    Column("qualifier", String),
    # NULL for a Kafka cluster that the settings name.
    Column("source_arn", String),
    # What it is once it has settled.
    Column("enabled", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("last_result", String),
    Column("last_modified_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "event_source_mappings_by_function",
    *(event_source_mappings.c[name] for name in ("account", "region", "function_name", "id")),
)
