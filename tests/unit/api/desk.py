"""An application in front of services that only note what they are asked; called without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.signing import signed
from unit import databases

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.api.services import Backlog, LogQuery, Port
from lamb.core import authorization, mappings, updates
from lamb.core.authorization import Rights
from lamb.core.context import Core
from lamb.logs.metrics import Taken
from lamb.model.clock import ManualClock
from lamb.model.credentials import Credential, RoleSession
from lamb.model.errors import LambError, UnrecognizedClient
from lamb.model.function import DEFAULT_ROLE
from lamb.model.invocation import Event, Outcome
from lamb.model.mapping import MappingKey
from lamb.model.names import FunctionKey, Place, Reference
from lamb.model.policy import Ask
from lamb.packages.shelf import Shelf
from lamb.secrets.keyring import Keyring
from lamb.store.database import Database

PLACE = Place("123456789012", "us-east-1")


@dataclass
class Services:
    """Stands in for the daemon: every function exists, unless `trouble` says otherwise."""

    core: Any = None
    place: Place = PLACE
    credentials: Credentials = field(default_factory=lambda: Credentials())  # noqa: PLW0108 - it comes below
    outcome: dict[str, Any] = field(default_factory=dict)
    trouble: LambError | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    invoked: list[tuple[Reference, Event, int | None]] = field(default_factory=list)
    checked: list[Reference] = field(default_factory=list)
    settling: list[FunctionKey | MappingKey] = field(default_factory=list)
    queries: list[LogQuery] = field(default_factory=list)
    accepted: list[tuple[Reference, Event]] = field(default_factory=list)
    waited: list[tuple[FunctionKey, str, float]] = field(default_factory=list)
    clock_changes: list[dict[str, Any]] = field(default_factory=list)
    unwritten: Taken = field(default_factory=dict)
    backlog_now: dict[FunctionKey, Backlog] = field(default_factory=dict)
    hung_up: bool = False
    stopped: bool = False
    group: Any = None
    arrivals: Any = None
    moving: list[int] = field(default_factory=list)
    served_port: int | None = None

    @property
    def events(self) -> Events:
        return Events(self)

    @property
    def provisioned(self) -> Provisioned:
        return Provisioned(self)

    @property
    def mappings(self) -> Mappings:
        return Mappings(self)

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return work(*args)

    async def run_apart(self, work: Callable[..., Any], *args: Any) -> Any:
        return work(*args)

    async def invoke(self, reference: Reference, event: Event, seed: int | None) -> Outcome:
        if self.trouble is not None:
            raise self.trouble
        self.invoked.append((reference, event, seed))
        told: dict[str, Any] = {
            "verdict": "success",
            "payload": event.payload,
            "executed_version": "$LATEST",
            "duration_ms": 1.5,
            "init_ms": None,
            "memory_mb": 128,
            "memory_used_mb": 41,
            "walls": "9/9",
            **self.outcome,
        }
        return Outcome(request_id=event.request_id, **told)

    def cancel(self, request_id: str) -> bool:
        return any(event.request_id == request_id for _, event, _ in self.invoked)

    async def check(self, reference: Reference) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.checked.append(reference)

    def move_messages(self, task_id: int) -> None:
        self.moving.append(task_id)

    def settle_soon(self, key: FunctionKey | MappingKey) -> None:
        self.settling.append(key)

    def settle(self) -> None:
        """What the daemon does right after an answer that asked for it."""
        while self.settling:
            key = self.settling.pop()
            if isinstance(key, MappingKey):
                mappings.settle(self.core, key)
            else:
                updates.settle(self.core, [key])

    async def settled(self, reference: Reference, timeout_s: float) -> bool:
        return timeout_s > 0 and reference.key.name == "f"

    async def logs(self, _: Reference, query: LogQuery) -> AsyncIterator[Mapping[str, Any]]:
        self.queries.append(query)
        for entry in self.entries:
            yield entry
        if query.follow:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.hung_up = True
                raise

    async def measured(self, work: Callable[..., Any], *args: Any) -> Any:
        return work(self.core, self.unwritten, *args)

    async def backlog(self, of: FunctionKey | None = None) -> Mapping[FunctionKey, Backlog]:
        return {key: backlog for key, backlog in self.backlog_now.items() if of in (None, key)}

    async def runtimes(self) -> list[Mapping[str, Any]]:
        return [{"name": "python3.11", "path": "/p"}, {"name": "python3.12", "path": None}]

    async def doctor(self) -> Mapping[str, Any]:
        return {"summary": "9/9"}

    async def listen(self, port: int, *, signed: bool) -> Port:
        return Port(port or 4000, signed)

    def ports(self) -> list[Port]:
        return [Port(4000, signed=True), Port(4001, signed=False)]

    async def unlisten(self, port: int) -> None:
        assert port

    def health(self) -> Mapping[str, Any]:
        return {"version": "1.0", "uptimeMs": 1500, "environments": 3, "busy": 1}

    def stop(self) -> None:
        self.stopped = True


@dataclass
class Credentials:
    """Those that tests hand out; roles may do what `roles` says, or what any function may."""

    known: dict[str, Credential] = field(default_factory=dict)
    roles: dict[str, Rights] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)

    async def find(self, key_id: str, token: str | None) -> Credential:
        found = self.known.get(key_id)
        if found is None or found.token != token:
            raise UnrecognizedClient
        return found

    async def require(self, session: RoleSession, ask: Ask, *, by_default: bool) -> None:
        self.asked.append(ask)
        authorization.require(self.roles.get(session.role_arn, Rights()), session, ask, by_default=by_default)

    def forget(self) -> None:
        pass

    def hand_out(self, session: RoleSession | None = None, **more: Any) -> dict[str, str]:
        """New credentials, called as in an environment: the owner's, or those of a session."""
        token = None if session is None else "t0ken"
        made = Credential(f"KEY{len(self.known)}", "secret", PLACE.account, token, session, **more)
        self.known[made.key_id] = made
        keys = {"AWS_ACCESS_KEY_ID": made.key_id, "AWS_SECRET_ACCESS_KEY": made.secret}
        return keys if token is None else {**keys, "AWS_SESSION_TOKEN": token}

    def of_function(self, name: str = "caller") -> dict[str, str]:
        """What an environment of the function is given."""
        key = FunctionKey(PLACE.account, PLACE.region, name)
        return self.hand_out(RoleSession(DEFAULT_ROLE, name, function=key))


@dataclass
class Mappings:
    """They settle at once when they are waited for."""

    services: Services

    async def settled(self, key: MappingKey, timeout_s: float) -> bool:
        if timeout_s > 0:
            self.services.settle()
        return timeout_s > 0


@dataclass
class Provisioned:
    """Notes what is waited for."""

    services: Services

    async def settled(self, key: FunctionKey, version: str, timeout_s: float) -> bool:
        self.services.waited.append((key, version, timeout_s))
        return True


@dataclass
class Events:
    """Notes what it is given."""

    services: Services

    async def accept(self, reference: Reference, event: Event) -> None:
        if self.services.trouble is not None:
            raise self.services.trouble
        self.services.accepted.append((reference, event))

    async def emptied(self, key: FunctionKey, timeout_s: float) -> bool:
        return timeout_s > 0 and key.name == "f"

    def clock(self) -> Mapping[str, Any]:
        return {"Now": "2026-01-02T03:04:05.678Z", "AheadMs": 0, "Scale": 1.0}

    async def set_clock(self, **change: Any) -> None:
        self.services.clock_changes.append(change)


@contextmanager
def control_plane(folder: Path) -> Iterator[Core]:
    """The real one, in a folder of its own, with every runtime installed."""
    clock = ManualClock()
    database = Database(f"sqlite:///{databases.empty(folder / 'lamb.sqlite3')}", clock)
    yield Core(
        database=database,
        shelf=Shelf(folder / "packages"),
        keyring=Keyring(folder / "keys" / "keyring.json"),
        require_runtime=lambda _: None,
        changed=lambda _: None,
        retired=lambda _key, _version: None,
    )
    database.close()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.headers.get("x-amzn-errortype", "")


@dataclass
class Desk:
    """Takes requests as a listener would."""

    services: Services
    gate: Gate = field(default_factory=lambda: Gate("owner", browsers_reach=False))

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | dict[str, Any] = b"",
        headers: Mapping[str, str] | None = None,
        parts: list[bytes] | None = None,
        *,
        hang_up: bool = False,
        keys: Mapping[str, str] | None = None,
        region: str = "us-east-1",
    ) -> Answer:
        """One request, signed if there are `keys`; `parts` is a body that arrives in pieces.

        Status 0 when nothing was answered.
        """
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        pieces = parts or [content]
        coming = [
            {"type": "http.request", "body": part, "more_body": hang_up or number < len(pieces)}
            for number, part in enumerate(pieces, start=1)
        ]
        if keys is not None:
            proof = signed(method, target, "localhost", keys, b"".join(pieces), region=region)
            headers = {**proof, **(headers or {})}
        return asyncio.run(self._ask(method, target, coming, headers or {}))

    async def _ask(
        self, method: str, target: str, coming: list[dict[str, Any]], headers: Mapping[str, str]
    ) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            if coming:
                return coming.pop(0)
            await asyncio.sleep(0)  # the caller hangs up as soon as somebody else has run
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await App(self.services, self.gate)(scope, receive, send)
        if not sent:
            return Answer(0, {}, b"")
        return Answer(
            sent[0]["status"],
            {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]},
            b"".join(message["body"] for message in sent[1:]),
        )
