"""The tables of functions; those of everything else are in the *_tables.py beside it.

A change needs a migration (CONTRIBUTING.md); a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

HEAD = "0010"
"""The migration that leads to these tables."""

metadata = MetaData()


def function_id(*, key: bool = True) -> Column[int]:
    """The function that a row belongs to, and goes with."""
    return Column(
        "function_id",
        Integer,
        ForeignKey("functions.id", ondelete="CASCADE"),
        primary_key=key,
        nullable=False,
    )


functions = Table(
    "functions",
    metadata,
    # Never used twice: a function made anew under an old name is another one.
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("reserved_concurrency", Integer),
    # Terminate (NULL) or Allow.
    Column("recursive_loop", String),
    UniqueConstraint("account", "region", "name"),
    sqlite_autoincrement=True,
)

# Outlives its function: version numbers are never used twice.
version_counters = Table(
    "version_counters",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("last", Integer, nullable=False),
)

# Environment variables. Not in the versions, because a new key seals them anew and a version never changes.
variables = Table(
    "variables",
    metadata,
    Column("id", String, primary_key=True),
    function_id(key=False),
    Column("sealed", LargeBinary, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    function_id(),
    # 0 is $LATEST.
    Column("number", Integer, primary_key=True),
    Column("revision_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("state_reason", String),
    Column("state_reason_code", String),
    Column("last_update", String),
    Column("last_update_reason", String),
    Column("last_update_reason_code", String),
    Column("last_modified_ms", BigInteger, nullable=False),
    Column("code_sha256", String, nullable=False),
    Column("code_size", BigInteger, nullable=False),
    Column("configuration", JSON, nullable=False),
    # Of $LATEST when this version was published: the version's own may be another.
    Column("latest_description", String),
    Column("variables_id", String, ForeignKey("variables.id"), unique=True),
)
# Few at any time. A daemon that starts looks for them, before it answers.
Index(
    "versions_unsettled",
    versions.c.function_id,
    sqlite_where=text("state = 'Pending' OR last_update = 'InProgress'"),
)

aliases = Table(
    "aliases",
    metadata,
    function_id(),
    Column("name", String, primary_key=True),
    Column("description", String, nullable=False),
    Column("revision_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("additional_version", Integer),
    Column("weight", Float),
    # An alias never points at nothing.
    ForeignKeyConstraint(["function_id", "version"], ["versions.function_id", "versions.number"]),
    ForeignKeyConstraint(["function_id", "additional_version"], ["versions.function_id", "versions.number"]),
)

# Where an alias pointed before, for the way back. The versions may be gone since.
alias_history = Table(
    "alias_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("function_id", Integer, nullable=False),
    Column("alias", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("additional_version", Integer),
    Column("weight", Float),
    ForeignKeyConstraint(
        ["function_id", "alias"], ["aliases.function_id", "aliases.name"], ondelete="CASCADE"
    ),
    sqlite_autoincrement=True,
)

# State and revision go on changing (§3, §4 of the semantics); what was published does not.
_FROZEN = (
    "function_id", "number", "last_modified_ms", "code_sha256", "code_size", "configuration",
    "latest_description", "variables_id",
)  # fmt: skip

# In SQLite's words; PostgreSQL gets its own with the support for it.
IMMUTABLE = f"""\
CREATE TRIGGER published_versions_are_immutable
BEFORE UPDATE ON versions
WHEN OLD.number > 0 AND ({" OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _FROZEN)})
BEGIN
  SELECT RAISE(ABORT, 'a published version cannot be changed');
END"""


def create(connection: Connection) -> None:
    """All tables in an empty database."""
    metadata.create_all(connection, checkfirst=False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(IMMUTABLE)
