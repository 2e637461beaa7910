"""Event source mappings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "event_source_mappings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uuid", sa.String, nullable=False, unique=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("function_name", sa.String, nullable=False),
        sa.Column("qualifier", sa.String),
        sa.Column("source_arn", sa.String),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("last_result", sa.String),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "event_source_mappings_by_function",
        "event_source_mappings",
        ["account", "region", "function_name", "id"],
    )
