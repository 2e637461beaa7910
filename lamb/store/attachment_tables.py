"""The tables of what is attached to functions: policies, URLs, runtime versions, code signing."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String, Table

from lamb.store.schema import function_id, metadata

policies = Table(
    "policies",
    metadata,
    function_id(),
    # `$LATEST` for the function itself, a version or an alias.
    Column("qualifier", String, primary_key=True),
    Column("revision_id", String, nullable=False),
    # A list of statements; a policy without any is no row.
    Column("statements", JSON, nullable=False),
)

function_urls = Table(
    "function_urls",
    metadata,
    function_id(),
    # `$LATEST` for the function itself, or an alias.
    Column("qualifier", String, primary_key=True),
    # The first part of the host name: 32 letters and digits.
    Column("url_id", String, nullable=False, unique=True),
    Column("auth_type", String, nullable=False),
    Column("invoke_mode", String, nullable=False),
    Column("cors", JSON(none_as_null=True)),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_modified_ms", BigInteger, nullable=False),
)

runtime_management = Table(
    "runtime_management",
    metadata,
    function_id(),
    # `$LATEST` or a version.
    Column("qualifier", String, primary_key=True),
    Column("update_on", String, nullable=False),
    Column("runtime_version_arn", String),
)

code_signing_configs = Table(
    "code_signing_configs",
    metadata,
    # csc- and 17 letters and digits.
    Column("id", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("description", String),
    # The ARNs of signing profile versions.
    Column("publishers", JSON, nullable=False),
    # Warn or Enforce.
    Column("policy", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("last_modified_ms", BigInteger, nullable=False),
)
Index(
    "code_signing_configs_by_place",
    *(code_signing_configs.c[name] for name in ("account", "region", "id")),
)

function_code_signing = Table(
    "function_code_signing",
    metadata,
    function_id(),
    Column("config_id", String, ForeignKey("code_signing_configs.id"), nullable=False, index=True),
)
