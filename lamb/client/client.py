"""lamb's own client: one method an operation, speaking AWS's routes to the daemon of a home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
"""An answer as AWS's JSON has it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invocation came to."""

    payload: bytes
    """The result's JSON, or the error document."""
    function_error: str | None
    """`Unhandled` when the function failed."""
    executed_version: str
    request_id: str
    log_tail: bytes
    """The last 4096 bytes of this invocation's log."""
    verdict: str
    """`success` · `error` · `timeout` · `killed` · `exit` · `init`: see lamb.model.invocation."""
    duration_ms: float
    init_ms: float | None
    """Set when this invocation started its environment."""
    memory_mb: int
    memory_used_mb: int
    walls: str
    """`9/9`."""
    missing_walls: tuple[str, ...]


class Client:
    """Talks to the daemon of `home` and starts it where there is none.

    Every method raises the classes of lamb.model.errors. `name` is a function name, partial ARN or
    ARN, with or without `:qualifier`. Bodies are AWS's own JSON members; bytes under `ZipFile` are
    encoded here.
    """

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        """`environment`: the caller's; a daemon started here gets what it needs of it."""

    # --- functions -----------------------------------------------------------------------------

    def create(self, body: Mapping[str, Any]) -> Document:
        """CreateFunction: `FunctionName`, `Role`, `Runtime`, `Handler`, `Code.ZipFile`, …"""

    def get(self, name: str) -> Document:
        """GetFunction: `Configuration`, `Code`, `Tags`, `Concurrency`."""

    def list(self, *, all_versions: bool = False) -> Iterator[Document]:
        """ListFunctions, page after page."""

    def update_code(self, name: str, body: Mapping[str, Any]) -> Document:
        """UpdateFunctionCode: `ZipFile`, `Publish`, `DryRun`, `RevisionId`, `Architectures`."""

    def configure(self, name: str, body: Mapping[str, Any]) -> Document:
        """UpdateFunctionConfiguration: only the members given change."""

    def delete(self, name: str) -> None:
        """DeleteFunction: the whole function, or the version that `name` is qualified with."""

    def tag(self, arn: str, tags: Mapping[str, str]) -> None: ...

    def untag(self, arn: str, keys: tuple[str, ...]) -> None: ...

    def account_settings(self) -> Document:
        """GetAccountSettings."""

    # --- versions and aliases ------------------------------------------------------------------

    def publish(self, name: str, body: Mapping[str, Any]) -> Document:
        """PublishVersion: `Description`, `CodeSha256`, `RevisionId`."""

    def versions(self, name: str) -> Iterator[Document]:
        """ListVersionsByFunction, `$LATEST` first."""

    def alias_create(self, name: str, body: Mapping[str, Any]) -> Document:
        """CreateAlias: `Name`, `FunctionVersion`, `Description`, `RoutingConfig`."""

    def alias_update(self, name: str, alias: str, body: Mapping[str, Any]) -> Document: ...

    def alias_get(self, name: str, alias: str) -> Document: ...

    def alias_list(self, name: str) -> Iterator[Document]: ...

    def alias_delete(self, name: str, alias: str) -> None: ...

    def rollback(self, name: str, alias: str) -> Document:
        """Point the alias at the version it pointed at before; the alias as it is then."""

    # --- invocations ---------------------------------------------------------------------------

    def invoke(
        self,
        name: str,
        payload: bytes,
        *,
        client_context: str | None = None,
        seed: int | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Run the function and wait for its end.

        `client_context`: JSON text. `seed` makes an alias's draw repeatable. `request_id`: a UUIDv4
        of the caller's, so that the logs can be followed from a second client meanwhile.
        """

    def check_invoke(self, name: str) -> None:
        """DryRun: raises what `invoke` would raise before anything runs."""

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        since_ms: int | None = None,
        request_id: str | None = None,
        grep: str | None = None,
    ) -> Iterator[Document]:
        """Log entries `timestamp` (ms), `stream`, `requestId`, `message`, as they come.

        Following ends with the caller, or behind the REPORT line of `request_id`.
        """

    # --- what AWS has no word for --------------------------------------------------------------

    def settled(self, name: str, timeout_s: float = 60.0) -> bool:
        """Wait until the function is neither Pending nor being updated; False after `timeout_s`."""

    def environment(self, name: str) -> dict[str, str]:
        """The decrypted variables of a version; {} when it has none."""

    def code(self, sha256: str) -> bytes:
        """The zip, by its CodeSha256 (base64)."""

    def key_show(self) -> Document: ...

    def key_rotate(self) -> Document: ...

    def runtimes(self) -> list[Document]: ...

    def doctor(self) -> Document: ...

    def complete(self, kind: str, function: str | None = None) -> list[str]:
        """Names for the shell: kind is `functions`, `versions`, `aliases` or `runtimes`."""

    def health(self) -> Document:
        """`version`, `pid`, `home`, `uptimeMs`, …"""

    def stop(self) -> bool:
        """Ask the daemon to end what runs and exit, and wait for that; False when none was running.

        Never starts a daemon.
        """

    def running(self) -> Document | None:
        """`health` of a daemon that already runs, None where there is none. Never starts one."""

    def close(self) -> None:
        """Close the connection; the next method opens a new one."""
