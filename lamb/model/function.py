"""A function as the store keeps it and the engine runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lamb.model.limits import (
    EPHEMERAL_STORAGE_DEFAULT_MB,
    MEMORY_DEFAULT_MB,
    TIMEOUT_DEFAULT_S,
)
from lamb.model.names import LATEST, FunctionKey

DEFAULT_ROLE = "arn:aws:iam::123456789012:role/lamb-local"


class Logging(NamedTuple):
    """LoggingConfig. Levels are None unless the format is JSON."""

    format: str = "Text"
    group: str = ""
    application_level: str | None = None
    system_level: str | None = None


class AttachedLayer(NamedTuple):
    """A layer version as the function keeps it, also when the version itself has been deleted."""

    arn: str
    code_sha256: str
    code_size: int
    """Bytes of the zip."""
    unzipped_size: int


class Configuration(NamedTuple):
    """What a published version freezes, without its environment variables (those are sealed)."""

    runtime: str
    handler: str
    role: str
    code_sha256: str
    """Standard base64 of the SHA-256 of the zip's bytes."""
    code_size: int
    """Bytes of the zip."""
    description: str = ""
    memory_mb: int = MEMORY_DEFAULT_MB
    timeout_s: int = TIMEOUT_DEFAULT_S
    ephemeral_storage_mb: int = EPHEMERAL_STORAGE_DEFAULT_MB
    architectures: tuple[str, ...] = ("x86_64",)
    logging: Logging = Logging()
    layers: tuple[AttachedLayer, ...] = ()
    """In the order in which they are laid over each other."""
    dead_letter_arn: str | None = None
    tracing_mode: str = "PassThrough"
    kms_key_arn: str | None = None
    vpc: Mapping[str, Any] | None = None
    file_systems: tuple[Mapping[str, Any], ...] = ()
    snap_start: str = "None"
    package_type: str = "Zip"
    live: str | None = None
    """The directory whose content `$LATEST` follows: lamb's own member, as the next one."""
    network: str = "host"
    """`host` or `none`: lamb's own member, AWS has no word for it."""


class Status(NamedTuple):
    """State and LastUpdateStatus with their reasons; None leaves the member out of an answer."""

    state: str
    state_reason: str | None = None
    state_reason_code: str | None = None
    last_update: str | None = None
    last_update_reason: str | None = None
    last_update_reason_code: str | None = None


PENDING = Status("Pending", "The function is being created.", "Creating")
ACTIVE = Status("Active", last_update="Successful")
# The reason reads "created" on updates, too: AWS's own oddity, recorded.
UPDATING = Status("Active", None, None, "InProgress", "The function is being created.", "Creating")


class Version(NamedTuple):
    """`$LATEST` (number 0) or a published version (number ≥ 1) of a function."""

    key: FunctionKey
    number: int
    revision_id: str
    last_modified_ms: int
    status: Status
    configuration: Configuration
    variables: Mapping[str, str] | None = None
    """Decrypted environment variables; None when none were ever given, {} when given empty.
    Filled in only for callers that asked for them; never stored."""
    variables_error: str | None = None
    """Why the variables could not be opened, in place of them."""

    @property
    def label(self) -> str:
        """`$LATEST` or the number as text: AWS's `Version` member."""
        return LATEST if self.number == 0 else str(self.number)

    @property
    def arn(self) -> str:
        """Always qualified."""
        return self.key.qualified(self.label)


class Alias(NamedTuple):
    """A name for one version, or for two with a weight on the second."""

    key: FunctionKey
    name: str
    version: str
    """`$LATEST` or a number as text."""
    description: str
    revision_id: str
    additional: Mapping[str, float] = {}
    """At most one entry: version number as text → probability 0.0-1.0."""

    @property
    def arn(self) -> str:
        return self.key.qualified(self.name)
