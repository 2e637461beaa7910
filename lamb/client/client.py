"""lamb's own client: one method an operation, speaking AWS's routes to the daemon of a home."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from lamb.client.access import Access
from lamb.client.concurrency import Concurrency
from lamb.client.counters import Counters
from lamb.client.encoding import base64, encoded
from lamb.client.events import Events
from lamb.client.layers import Layers
from lamb.client.mappings import Mappings
from lamb.client.permissions import Permissions
from lamb.client.queues import Queues
from lamb.client.roles import Roles
from lamb.client.session import Session
from lamb.client.topics import Topics
from lamb.client.transport import query, quote
from lamb.client.urls import Urls
from lamb.model.errors import LambError
from lamb.model.wire import new_id

Document = dict[str, Any]
"""An answer as AWS's JSON has it."""
Documents = list[Document]
Names = list[str]

_FUNCTIONS = "/2015-03-31/functions"


# A named tuple: a dataclass would cost every command a millisecond to define.
class Answer(NamedTuple):
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

    Every method raises the classes of lamb.model.errors. `name`: a function's name, partial ARN or ARN, with
    or without `:qualifier`. Bodies are AWS's own JSON members; bytes under `ZipFile` are encoded here.
    """

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        """`environment`: the caller's; a daemon started here gets what it needs of it."""
        self._session = Session(home, environment)
        self.concurrency = Concurrency(self._session)
        self.events = Events(self._session)
        self.layers = Layers(self._session)
        self.counters = Counters(self._session)
        self.topics, self.queues = Topics(self._session), Queues(self._session)
        self.mappings, self.access = Mappings(self._session), Access(self._session)
        self.roles = Roles(self._session)
        self.permissions, self.urls = Permissions(self._session), Urls(self._session)

    def create(self, body: Mapping[str, Any]) -> Document:
        """CreateFunction: `FunctionName`, `Role`, `Runtime`, `Handler`, `Code.ZipFile`, …"""
        return self._session.json("POST", _FUNCTIONS, {**body, "Code": encoded(body.get("Code", {}))})

    def get(self, name: str) -> Document:
        """GetFunction: `Configuration`, `Code`, `Tags`, `Concurrency`."""
        return self._session.json("GET", _function(name))

    def list(self, *, all_versions: bool = False) -> Iterator[Document]:
        """ListFunctions, page after page."""
        wanted = "ALL" if all_versions else None
        return self._session.pages(_FUNCTIONS, "Functions", {"FunctionVersion": wanted})

    def update_code(self, name: str, body: Mapping[str, Any]) -> Document:
        """UpdateFunctionCode: `ZipFile`, `Publish`, `DryRun`, `RevisionId`, `Architectures`."""
        return self._session.json("PUT", f"{_function(name)}/code", encoded(body))

    def configure(self, name: str, body: Mapping[str, Any]) -> Document:
        """UpdateFunctionConfiguration: only the members given change."""
        return self._session.json("PUT", f"{_function(name)}/configuration", body)

    def delete(self, name: str) -> None:
        """DeleteFunction: the whole function, or the version that `name` is qualified with."""
        self._session.request("DELETE", _function(name))

    # --- versions and aliases ------------------------------------------------------------------

    def publish(self, name: str, body: Mapping[str, Any]) -> Document:
        """PublishVersion: `Description`, `CodeSha256`, `RevisionId`."""
        return self._session.json("POST", f"{_function(name)}/versions", body)

    def versions(self, name: str) -> Iterator[Document]:
        """ListVersionsByFunction, `$LATEST` first."""
        return self._session.pages(f"{_function(name)}/versions", "Versions")

    def alias_create(self, name: str, body: Mapping[str, Any]) -> Document:
        """CreateAlias: `Name`, `FunctionVersion`, `Description`, `RoutingConfig`."""
        return self._session.json("POST", f"{_function(name)}/aliases", body)

    def alias_update(self, name: str, alias: str, body: Mapping[str, Any]) -> Document:
        """UpdateAlias: only the members given change."""
        return self._session.json("PUT", _alias(name, alias), body)

    def alias_get(self, name: str, alias: str) -> Document:
        """GetAlias."""
        return self._session.json("GET", _alias(name, alias))

    def alias_list(self, name: str) -> Iterator[Document]:
        """ListAliases."""
        return self._session.pages(f"{_function(name)}/aliases", "Aliases")

    def alias_delete(self, name: str, alias: str) -> None:
        """DeleteAlias; an alias that is not there is no error."""
        self._session.request("DELETE", _alias(name, alias))

    def rollback(self, name: str, alias: str) -> Document:
        """Point the alias at the version it pointed at before; the alias as it is then."""
        return self._session.json("POST", f"{_own(name)}/aliases/{quote(alias)}/rollback")

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
        """Run the function and wait for its end; an interrupt ends it.

        `client_context`: JSON text. `seed` makes an alias's draw repeatable. `request_id`: a UUIDv4
        of the caller's, so that the logs can be followed from a second client meanwhile.
        """
        request_id = request_id or new_id()
        headers = {"x-amz-log-type": "Tail", "x-lamb-request-id": request_id, "x-lamb-receipt": "json"}
        if client_context is not None:
            headers["x-amz-client-context"] = base64(client_context.encode())
        if seed is not None:
            headers["x-lamb-seed"] = str(seed)
        try:
            answer = self._session.request("POST", f"{_function(name)}/invocations", payload, headers)
        except KeyboardInterrupt:
            # A caller that only hangs up cancels nothing, as in AWS.
            with suppress(LambError):
                self._session.json("POST", f"/_lamb/invocations/{request_id}/cancel")
            raise
        return _answer(answer.headers, answer.body)

    def check_invoke(self, name: str) -> None:
        """DryRun: raises what `invoke` would raise before anything runs."""
        headers = {"x-amz-invocation-type": "DryRun"}
        self._session.request("POST", f"{_function(name)}/invocations", b"{}", headers)

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

        Following ends with the caller, or when the invocation `request_id` has ended.
        """
        arguments = {
            "follow": "1" if follow else None,
            "since_ms": None if since_ms is None else str(since_ms),
            "request_id": request_id,
            "grep": grep,
        }
        return map(json.loads, self._session.lines(f"/_lamb/logs/{quote(name)}{query(arguments)}"))

    # --- what AWS has no word for --------------------------------------------------------------

    def settled(self, name: str, timeout_s: float = 60.0) -> bool:
        """Wait until the function is neither Pending nor being updated; False after `timeout_s`."""
        wait = query({"timeout_ms": str(round(timeout_s * 1000))})
        return bool(self._session.json("GET", f"{_own(name)}/settled{wait}")["Settled"])

    def environment(self, name: str) -> dict[str, str]:
        """The decrypted variables of a version; {} when it has none."""
        variables: dict[str, str] = self._session.json("GET", f"{_own(name)}/environment")["Variables"]
        return variables

    def download(self, location: str) -> bytes:
        """The zip that a `Code.Location` or `Content.Location` leads to."""
        return self._session.request("GET", "/" + location.split("/", 3)[3]).body

    def key_show(self) -> Document:
        """The keys that seal environment variables, without their secrets."""
        return self._session.json("GET", "/_lamb/key")

    def key_rotate(self) -> Document:
        """Make a new key and seal everything again with it."""
        return self._session.json("POST", "/_lamb/key/rotate")

    def runtimes(self) -> Documents:
        """What was found where."""
        found: Documents = self._session.json("GET", "/_lamb/runtimes")["Runtimes"]
        return found

    def doctor(self) -> Document:
        """Each wall, whether it stands, and the fix."""
        return self._session.json("GET", "/_lamb/doctor")

    def complete(self, kind: str, function: str | None = None) -> Names:
        """Names for the shell: `kind`: as lamb's own route knows them (`functions`, `queues`, …)."""
        target = f"/_lamb/complete{query({'kind': kind, 'function': function})}"
        return self._session.request("GET", target).body.decode().splitlines()

    def health(self) -> Document:
        """`version`, `pid`, `home`, `uptimeMs`, …"""
        return self._session.json("GET", "/_lamb/health")

    def running(self) -> Document | None:
        """`health` of a daemon that already runs, None where there is none. Never starts one."""
        return self._session.running()

    def stop(self) -> bool:
        """Ask the daemon to end what runs and exit, and wait for that; False when none was running.

        Never starts a daemon.
        """
        return self._session.stop()

    def close(self) -> None:
        """Close the connection; the next method opens a new one."""
        self._session.close()


def _function(name: str) -> str:
    return f"{_FUNCTIONS}/{quote(name)}"


def _alias(name: str, alias: str) -> str:
    return f"{_FUNCTIONS}/{quote(name)}/aliases/{quote(alias)}"


def _own(name: str) -> str:
    return f"/_lamb/functions/{quote(name)}"


def _answer(headers: Mapping[str, str], payload: bytes) -> Answer:
    receipt = json.loads(headers["x-lamb-receipt"])
    return Answer(
        payload=payload,
        function_error=headers.get("x-amz-function-error"),
        executed_version=headers.get("x-amz-executed-version", ""),
        request_id=headers.get("x-amzn-requestid", ""),
        log_tail=binascii.a2b_base64(headers.get("x-amz-log-result", "")),
        verdict=receipt["verdict"],
        duration_ms=receipt["durationMs"],
        init_ms=receipt["initMs"],
        memory_mb=receipt["memoryMb"],
        memory_used_mb=receipt["memoryUsedMb"],
        walls=receipt["walls"],
        missing_walls=tuple(receipt["missingWalls"]),
    )
