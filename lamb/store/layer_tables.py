"""The tables of layers."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table

from lamb.store.schema import metadata


def _layer() -> list[Column[str]]:
    """Account, region and name."""
    return [Column(name, String, primary_key=True) for name in ("account", "region", "name")]


# Outlives the versions: their numbers are never used twice.
layer_counters = Table("layer_counters", metadata, *_layer(), Column("last", Integer, nullable=False))

# Functions keep what they need of a version themselves: a row goes when its version is deleted.
layer_versions = Table(
    "layer_versions",
    metadata,
    *_layer(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("code_sha256", String, nullable=False),
    Column("code_size", BigInteger, nullable=False),
    Column("unzipped_size", BigInteger, nullable=False),
    Column("description", String, nullable=False),
    Column("license_info", String),
    # `,python3.12,python3.13,`: lists are filtered by them. NULL when none were given.
    Column("runtimes", String),
    Column("architectures", String),
    # The statements of its policy, in order; and the policy's revision, NULL without one.
    Column("statements", JSON, nullable=False),
    Column("policy_revision", String),
)
