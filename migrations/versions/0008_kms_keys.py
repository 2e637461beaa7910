"""KMS: keys and their aliases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "kms_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("deletion_ms", sa.BigInteger),
        sa.Column("rotation_days", sa.Integer),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("manager", sa.String, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("material", sa.LargeBinary, nullable=False),
    )
    op.create_index("kms_keys_by_place", "kms_keys", ["account", "region", "id"])
    key = sa.ForeignKey("kms_keys.id", ondelete="CASCADE")
    op.create_table(
        "kms_aliases",
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("region", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("key_id", sa.String, key, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("kms_aliases_by_key", "kms_aliases", ["key_id"])
