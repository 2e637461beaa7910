"""The table of access keys; a change needs a migration, as those in schema.py do."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, String, Table

from lamb.store.schema import metadata

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("description", String, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    # The secret, bound to the id.
    Column("sealed", LargeBinary, nullable=False),
)
