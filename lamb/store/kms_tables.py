"""The tables of KMS. See schema.py for the others."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from lamb.store.schema import metadata

keys = Table(
    "kms_keys",
    metadata,
    # A UUID.
    Column("id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("description", String, nullable=False),
    Column("state", String, nullable=False),
    Column("deletion_ms", BigInteger),
    Column("rotation_days", Integer),
    Column("policy", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("manager", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    # Sealed with the home's key.
    Column("material", LargeBinary, nullable=False),
)
Index("kms_keys_by_place", keys.c.account, keys.c.region, keys.c.id)

aliases = Table(
    "kms_aliases",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("key_id", String, ForeignKey("kms_keys.id", ondelete="CASCADE"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
Index("kms_aliases_by_key", aliases.c.key_id)
