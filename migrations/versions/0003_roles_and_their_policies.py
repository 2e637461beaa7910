"""IAM: roles, managed policies, and which role has which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _roles()
    _policies()


def _roles() -> None:
    op.create_table(
        "iam_roles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("unique_id", sa.String, nullable=False),
        sa.Column("trust", sa.String, nullable=False),
        sa.Column("description", sa.String),
        sa.Column("max_session_s", sa.Integer, nullable=False),
        sa.Column("boundary_arn", sa.String),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "iam_role_policies",
        _role_id(),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("document", sa.String, nullable=False),
    )
    op.create_table(
        "iam_attachments",
        _role_id(),
        sa.Column("policy_arn", sa.String, primary_key=True),
    )
    op.create_index("iam_attachments_by_policy", "iam_attachments", ["policy_arn"])


def _role_id() -> sa.Column[int]:
    owner = sa.ForeignKey("iam_roles.id", ondelete="CASCADE")
    return sa.Column("role_id", sa.Integer, owner, primary_key=True)


def _policies() -> None:
    op.create_table(
        "iam_policies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("unique_id", sa.String, nullable=False),
        sa.Column("description", sa.String),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("default_version", sa.Integer, nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account", "name"),
        sqlite_autoincrement=True,
    )
    owner = sa.ForeignKey("iam_policies.id", ondelete="CASCADE")
    op.create_table(
        "iam_policy_versions",
        sa.Column("policy_id", sa.Integer, owner, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
