"""The tables of IAM: roles, managed policies, and what holds them together. See schema.py for the others."""

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
)

from lamb.store.schema import metadata


def _role_id() -> Column[int]:
    """The role that a row belongs to, and goes with."""
    return Column("role_id", Integer, ForeignKey("iam_roles.id", ondelete="CASCADE"), primary_key=True)


roles = Table(
    "iam_roles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("name", String, nullable=False),
    Column("path", String, nullable=False),
    # AROA…
    Column("unique_id", String, nullable=False),
    Column("trust", String, nullable=False),
    Column("description", String),
    Column("max_session_s", Integer, nullable=False),
    Column("boundary_arn", String),
    Column("tags", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "name"),
    sqlite_autoincrement=True,
)

inline_policies = Table(
    "iam_role_policies",
    metadata,
    _role_id(),
    Column("name", String, primary_key=True),
    Column("document", String, nullable=False),
)

# Managed policies that roles have; AWS's own ones stand in no table.
attachments = Table(
    "iam_attachments",
    metadata,
    _role_id(),
    Column("policy_arn", String, primary_key=True),
)
Index("iam_attachments_by_policy", attachments.c.policy_arn)

policies = Table(
    "iam_policies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("name", String, nullable=False),
    Column("path", String, nullable=False),
    # ANPA…
    Column("unique_id", String, nullable=False),
    Column("description", String),
    Column("tags", JSON, nullable=False),
    Column("default_version", Integer, nullable=False),
    # Numbers are never used twice.
    Column("last_version", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("account", "name"),
    sqlite_autoincrement=True,
)

policy_versions = Table(
    "iam_policy_versions",
    metadata,
    Column("policy_id", Integer, ForeignKey("iam_policies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
