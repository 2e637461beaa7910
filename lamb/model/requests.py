"""What the control plane is asked for, after the API's shapes and before the store's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Changes(NamedTuple):
    """Configuration members that a request gives; None means "not given".

    In UpdateFunctionConfiguration only given members change. `variables={}` clears the
    environment, `layers=()` the layers, `dead_letter_arn=""` and `kms_key_arn=""` their settings.
    """

    runtime: str | None = None
    handler: str | None = None
    role: str | None = None
    description: str | None = None
    memory_mb: int | None = None
    timeout_s: int | None = None
    ephemeral_storage_mb: int | None = None
    variables: Mapping[str, str] | None = None
    layers: tuple[str, ...] | None = None
    """ARNs of layer versions."""
    dead_letter_arn: str | None = None
    tracing_mode: str | None = None
    kms_key_arn: str | None = None
    vpc: Mapping[str, Any] | None = None
    file_systems: tuple[Mapping[str, Any], ...] | None = None
    snap_start: str | None = None
    log_format: str | None = None
    log_group: str | None = None
    application_log_level: str | None = None
    system_log_level: str | None = None
    network: str | None = None


class Creation(NamedTuple):
    """CreateFunction."""

    name: str
    """As written: a bare name, partial ARN or ARN."""
    zip: bytes | None
    changes: Changes
    architectures: tuple[str, ...] = ("x86_64",)
    package_type: str = "Zip"
    uploaded: bool = True
    """Whether the zip came in the request itself, and not from a bucket."""
    live: str | None = None
    """The directory that the zip was made of, and is made of anew whenever something changes there."""
    publish: bool = False
    tags: Mapping[str, str] = {}
    code_signing_arn: str | None = None


class CodeUpdate(NamedTuple):
    """UpdateFunctionCode."""

    zip: bytes | None
    architectures: tuple[str, ...] | None = None
    publish: bool = False
    dry_run: bool = False
    revision_id: str | None = None
    uploaded: bool = True
    """This and the next one as in Creation."""
    live: str | None = None


class AliasChanges(NamedTuple):
    """CreateAlias and UpdateAlias; None means "not given"."""

    version: str | None = None
    description: str | None = None
    additional: Mapping[str, float] | None = None
    """Version → weight; {} clears the routing."""
    revision_id: str | None = None


class Page(NamedTuple):
    """One page of a list: where it starts and how many items at most."""

    marker: str | None = None
    max_items: int | None = None


class EventInvokeConfig(NamedTuple):
    """How a function takes asynchronous events; None means AWS's default, "" takes a destination away."""

    qualifier: str
    """`$LATEST`, a version or an alias."""
    retries: int | None = None
    max_age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None
    last_modified_ms: int = 0


class RuntimeManagement(NamedTuple):
    """When a function gets another version of its runtime."""

    update_on: str = "Auto"
    """Or `FunctionUpdate`, `Manual`."""
    runtime_version_arn: str | None = None
    """Given with `Manual` alone."""
