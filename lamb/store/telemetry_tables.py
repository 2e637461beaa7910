"""The tables of log groups, and of metrics that are put. See schema.py for the others."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from lamb.store.schema import metadata

# What somebody said of a log group. One that only has entries has no row.
log_groups = Table(
    "log_groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    # NULL: for ever, within the bounds of the journal.
    Column("retention_days", Integer),
    Column("tags", JSON, nullable=False),
    # Class, key and the like, in AWS's names.
    Column("settings", JSON, nullable=False),
    UniqueConstraint("account", "region", "name"),
    sqlite_autoincrement=True,
)

# Streams that somebody made; others are there because they have entries.
log_streams = Table(
    "log_streams",
    metadata,
    Column("group_id", Integer, ForeignKey("log_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)

# PutMetricData: one row for each metric and minute.
put_metrics = Table(
    "put_metrics",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("namespace", String, primary_key=True),
    Column("name", String, primary_key=True),
    # [[name, value], …] in the order of names.
    Column("dimensions", String, primary_key=True),
    Column("unit", String, primary_key=True),
    # Since the epoch, of the time that the values have.
    Column("minute", Integer, primary_key=True),
    Column("counts", String, nullable=False),
)
# What is old goes, whatever metric it is of.
Index("put_metrics_by_minute", put_metrics.c.minute)
