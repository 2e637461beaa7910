"""What is attached to functions: policies, URLs, runtime versions, code signing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "policies",
        _function_id(),
        sa.Column("qualifier", sa.String, primary_key=True),
        sa.Column("revision_id", sa.String, nullable=False),
        sa.Column("statements", sa.JSON, nullable=False),
    )
    op.create_table(
        "function_urls",
        _function_id(),
        sa.Column("qualifier", sa.String, primary_key=True),
        sa.Column("url_id", sa.String, nullable=False, unique=True),
        sa.Column("auth_type", sa.String, nullable=False),
        sa.Column("invoke_mode", sa.String, nullable=False),
        sa.Column("cors", sa.JSON),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runtime_management",
        _function_id(),
        sa.Column("qualifier", sa.String, primary_key=True),
        sa.Column("update_on", sa.String, nullable=False),
        sa.Column("runtime_version_arn", sa.String),
    )
    _code_signing()


def _code_signing() -> None:
    op.create_table(
        "code_signing_configs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("description", sa.String),
        sa.Column("publishers", sa.JSON, nullable=False),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("code_signing_configs_by_place", "code_signing_configs", ["account", "region", "id"])
    op.create_table(
        "function_code_signing",
        _function_id(),
        sa.Column("config_id", sa.String, sa.ForeignKey("code_signing_configs.id"), nullable=False),
    )
    op.create_index("ix_function_code_signing_config_id", "function_code_signing", ["config_id"])


def _function_id() -> sa.Column[int]:
    return sa.Column(
        "function_id", sa.Integer, sa.ForeignKey("functions.id", ondelete="CASCADE"), primary_key=True
    )
