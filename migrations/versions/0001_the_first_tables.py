"""Functions, versions, aliases and sealed variables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

FUNCTION = "functions.id"
VERSION = ["versions.function_id", "versions.number"]


def upgrade() -> None:
    _functions()
    _versions()
    _aliases()
    if op.get_bind().dialect.name == "sqlite":
        _freeze_published_versions()


def _functions() -> None:
    op.create_table(
        "functions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("reserved_concurrency", sa.Integer),
        sa.UniqueConstraint("account", "region", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "version_counters",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("region", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "variables",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("function_id", sa.Integer, sa.ForeignKey(FUNCTION, ondelete="CASCADE"), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("function_id", sa.Integer, sa.ForeignKey(FUNCTION, ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("revision_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("state_reason", sa.String),
        sa.Column("state_reason_code", sa.String),
        sa.Column("last_update", sa.String),
        sa.Column("last_update_reason", sa.String),
        sa.Column("last_update_reason_code", sa.String),
        sa.Column("last_modified_ms", sa.BigInteger, nullable=False),
        sa.Column("code_sha256", sa.String, nullable=False),
        sa.Column("code_size", sa.BigInteger, nullable=False),
        sa.Column("configuration", sa.JSON, nullable=False),
        sa.Column("latest_description", sa.String),
        sa.Column("variables_id", sa.String, sa.ForeignKey("variables.id"), unique=True),
    )


def _aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("function_id", sa.Integer, sa.ForeignKey(FUNCTION, ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("revision_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("additional_version", sa.Integer),
        sa.Column("weight", sa.Float),
        sa.ForeignKeyConstraint(["function_id", "version"], VERSION),
        sa.ForeignKeyConstraint(["function_id", "additional_version"], VERSION),
    )
    op.create_table(
        "alias_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("function_id", sa.Integer, nullable=False),
        sa.Column("alias", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("additional_version", sa.Integer),
        sa.Column("weight", sa.Float),
        sa.ForeignKeyConstraint(
            ["function_id", "alias"], ["aliases.function_id", "aliases.name"], ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )


def _freeze_published_versions() -> None:
    frozen = (
        "function_id", "number", "last_modified_ms", "code_sha256", "code_size", "configuration",
        "latest_description", "variables_id",
    )  # fmt: skip
    op.execute(f"""\
CREATE TRIGGER published_versions_are_immutable
BEFORE UPDATE ON versions
WHEN OLD.number > 0 AND ({" OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in frozen)})
BEGIN
  SELECT RAISE(ABORT, 'a published version cannot be changed');
END""")
