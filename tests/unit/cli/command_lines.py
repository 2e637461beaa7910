"""The command line over a client that answers from memory, on pipes or on a terminal."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator, Sequence
from typing import Any

from unit.cli.memory_access import MemoryPermissions, MemoryUrls
from unit.cli.memory_events import MemoryEvents
from unit.cli.memory_keys import MemoryAccess
from unit.cli.memory_layers import MemoryLayers
from unit.cli.memory_mappings import MemoryMappings
from unit.cli.memory_queues import MemoryQueues
from unit.cli.memory_roles import MemoryRoles
from unit.cli.memory_topics import MemoryTopics

from lamb.cli import app
from lamb.cli.output import Output
from lamb.cli.session import Session
from lamb.client.client import Answer
from lamb.model.errors import ProvisionedConcurrencyConfigNotFound, ResourceConflict, ResourceNotFound

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def configuration(name: str, version: str = "$LATEST", **changes: Any) -> dict[str, Any]:
    """A FunctionConfiguration as GetFunction shows it."""
    return {
        "FunctionName": name,
        "FunctionArn": ARN + name + ("" if version == "$LATEST" else f":{version}"),
        "Version": version,
        "Runtime": "python3.11",
        "Handler": f"{name}.handler",
        "MemorySize": 128,
        "Timeout": 3,
        "EphemeralStorage": {"Size": 512},
        "Role": "arn:aws:iam::123456789012:role/lamb-local",
        "CodeSize": 412,
        "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Description": "",
        "LastModified": "2026-01-02T03:04:05.678+0000",
        "RevisionId": "11111111-2222-4333-8444-555555555555",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        **changes,
    }


def statistics(*, count: int = 50, **of: float) -> dict[str, Any]:
    """Of some durations: `p50=`, `p90=`, `p99=`, `maximum=`; others are not known."""
    known = {"p50": None, "p90": None, "p99": None, "maximum": None, **of}
    return {"SampleCount": count if of else 0, "Maximum": known.pop("maximum"), **known}


def told(name: str, points: Sequence[tuple[int, int]] = (), **members: Any) -> dict[str, Any]:
    """A document of /_lamb/stats; `points`: invocations and errors, minute by minute up to 12:00."""
    runs, errors = (sum(column) for column in zip((0, 0), *points, strict=True))
    counters = (
        "Throttles", "AsyncEventsReceived", "AsyncEventsDropped", "DeadLettersSent", "DeadLetterErrors",
        "DestinationsDelivered", "DestinationDeliveryFailures", "RecursiveInvocationsDropped", "Waiting",
        "Running",
    )  # fmt: skip
    return {
        "FunctionName": name,
        "Resource": name,
        "StartTime": f"2026-01-02T11:{61 - len(points):02}:00.000Z",
        "EndTime": "2026-01-02T12:01:00.000Z",
        "Period": 60,
        "Invocations": runs,
        "Errors": errors,
        "ErrorRate": errors / runs if runs else 0.0,
        "Duration": members.pop("duration", statistics()),
        "InitDuration": statistics(),
        "AsyncEventAge": statistics(),
        "Verdicts": {},
        "MaxMemoryUsed": 41,
        "MemorySize": 128,
        "ConcurrentExecutions": 1,
        **dict.fromkeys(counters, 0),
        "Resources": [],
        "Datapoints": [
            {
                "Timestamp": f"2026-01-02T{11 + minute // 60}:{minute % 60:02}:00.000Z",
                "Invocations": n,
                "Errors": failed,
                "Throttles": 0,
                "p50": None,
                "p99": None,
            }
            for minute, (n, failed) in enumerate(points, start=61 - len(points))
        ],
        **members,
    }


class MemoryCounters:
    """What was counted of `hello` and `shop`: nothing, unless a test says so."""

    def __init__(self) -> None:
        self.documents = {name: told(name) for name in ("hello", "shop")}
        self.asked: dict[str, int | None] = {}

    def of(self, name: str, **span: int | None) -> dict[str, Any]:
        self.asked = span
        if name not in self.documents:
            raise ResourceNotFound(f"Function not found: {ARN}{name}")
        return self.documents[name]

    def all(self, **span: int | None) -> list[dict[str, Any]]:
        self.asked = span
        return list(self.documents.values())


class MemoryClient:
    """A daemon with the functions `hello` (versions 1 and 2, alias prod) and `shop` (with variables)."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        """Every change that was asked for."""
        self.functions = {
            "hello": configuration("hello"),
            "shop": configuration("shop", Environment={"Variables": {"TOKEN": "s3cret", "STAGE": "dev"}}),
        }
        self.aliases = {
            "prod": {
                "Name": "prod",
                "AliasArn": f"{ARN}hello:prod",
                "FunctionVersion": "1",
                "Description": "",
                "RevisionId": "r",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
            }
        }
        self.events = MemoryEvents(self.said)
        self.counters = MemoryCounters()
        self.topics = MemoryTopics(self.said)
        self.queues = MemoryQueues(self.said)
        self.access = MemoryAccess(self.said)
        self.mappings = MemoryMappings(self.said)
        self.roles = MemoryRoles(self.said)
        self.layers = MemoryLayers(self.said)
        self.permissions = MemoryPermissions(self.said)
        self.urls = MemoryUrls(self.said)
        self.answer: Answer | Exception = answer()
        self.is_settled = True
        self.entries = [
            {"timestamp": 0, "stream": "s", "requestId": "r", "message": "START RequestId: r Version: 1\n"},
            {"timestamp": 1, "stream": "s", "requestId": "r", "message": "hello\n"},
        ]

        self.concurrency = MemoryConcurrency(self)

    def _known(self, name: str) -> str:
        bare = name.rpartition(":function:")[2].partition(":")[0]
        if bare not in self.functions:
            raise ResourceNotFound(f"Function not found: {ARN}{bare}")
        return bare

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["FunctionName"]
        if name in self.functions:
            raise ResourceConflict(f"Function already exist: {name}")
        self.said.append(("create", body))
        self.functions[name] = configuration(name)
        version = "1" if body.get("Publish") else "$LATEST"
        return configuration(name, Version=version, State="Pending")

    def get(self, name: str) -> dict[str, Any]:
        function = dict(self.functions[self._known(name)])
        qualifier = name.rpartition(":function:")[2].partition(":")[2]
        if qualifier:
            function["FunctionArn"] += f":{qualifier}"
            function["Version"] = self.aliases.get(qualifier, {}).get("FunctionVersion", qualifier)
        return {"Configuration": function, "Code": {"Location": "/"}, "Tags": {"team": "a"}}

    def list(self, *, all_versions: bool = False) -> Iterator[dict[str, Any]]:
        return iter(self.functions.values())

    def download(self, location: str) -> bytes:
        return location.encode()

    def update_code(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("update_code", self._known(name), body))
        return configuration(
            name, "2" if body["Publish"] else "$LATEST", CodeSize=len(body.get("ZipFile", ""))
        )

    def configure(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("configure", self._known(name), body))
        return self.functions[name]

    def delete(self, name: str) -> None:
        self.said.append(("delete", name))

    def publish(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("publish", self._known(name), body))
        return configuration(name, "3")

    def versions(self, name: str) -> Iterator[dict[str, Any]]:
        return iter([configuration(self._known(name), version) for version in ("$LATEST", "1", "2")])

    def alias_create(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("alias_create", name, body))
        return {"AliasArn": f"{ARN}{name}:{body['Name']}", "Description": "", "RevisionId": "r", **body}

    def alias_update(self, name: str, alias: str, body: dict[str, Any]) -> dict[str, Any]:
        self.said.append(("alias_update", name, alias, body))
        return {**self.aliases[alias], **body}

    def alias_get(self, name: str, alias: str) -> dict[str, Any]:
        if alias not in self.aliases:
            raise ResourceNotFound(f"Cannot find alias arn: {ARN}{name}:{alias}")
        return self.aliases[alias]

    def alias_list(self, name: str) -> Iterator[dict[str, Any]]:
        return iter(self.aliases.values() if self._known(name) == "hello" else ())

    def alias_delete(self, name: str, alias: str) -> None:
        self.said.append(("alias_delete", name, alias))

    def rollback(self, name: str, alias: str) -> dict[str, Any]:
        return {**self.aliases[alias], "FunctionVersion": "2", "RoutingConfig": {}}

    def invoke(self, name: str, payload: bytes, **how: Any) -> Answer:
        self.said.append(("invoke", name, payload, how))
        self._known(name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def check_invoke(self, name: str) -> None:
        self._known(name)

    def logs(self, name: str, **query: Any) -> Iterator[dict[str, Any]]:
        self.said.append(("logs", self._known(name), query))
        return iter(self.entries)

    def settled(self, name: str, timeout_s: float = 60) -> bool:
        return self.is_settled

    def environment(self, name: str) -> dict[str, str]:
        return dict(self.functions[self._known(name)].get("Environment", {}).get("Variables", {}))

    def key_show(self) -> dict[str, Any]:
        return {"Version": 1, "Created": "2026-01-02T03:04:05Z"}

    def key_rotate(self) -> dict[str, Any]:
        return {"Version": 2, "Created": "2026-01-02T03:04:05Z"}

    def runtimes(self) -> list[dict[str, Any]]:
        return [
            {"name": "python3.10", "version": None, "path": None, "fix": "Install it with `uv`"},
            {"name": "python3.11", "version": "3.11.7", "path": "/usr/bin/python3.11", "fix": None},
        ]

    def doctor(self) -> dict[str, Any]:
        walls = [
            {"name": "user", "keeps": "a user of its own", "stands": True, "reason": None, "fix": None},
            {"name": "landlock", "keeps": "a second wall", "stands": False, "reason": "no", "fix": "boot it"},
        ]
        told = {"walls": walls, "summary": "1/2", "home": "/h", "user": "root", "version": "0"}
        return {**told, "runtimes": self.runtimes()}

    def complete(self, kind: str, function: str | None = None) -> list[str]:
        known = {"functions": self.functions, "runtimes": ["python3.11"], "queues": self.queues.held}
        return list(known[kind])

    def running(self) -> dict[str, Any] | None:
        return {"version": "0.1.0", "pid": 7, "home": "/h", "uptimeMs": 5, "sandbox": "auto"}

    def stop(self) -> bool:
        return True

    def close(self) -> None:
        pass


class MemoryConcurrency:
    """`hello` has 5 reserved, and 2 environments ready for prod."""

    def __init__(self, client: MemoryClient) -> None:
        self._client = client
        self.amount: int | None = 5
        self.states = [provision(2, 2, "READY")]
        """What is answered, one after the other; the last one again and again."""

    def reserved(self, name: str) -> int | None:
        self._client._known(name)
        return self.amount

    def reserve(self, name: str, amount: int) -> dict[str, Any]:
        self._client.said.append(("reserve", name, amount))
        return {"ReservedConcurrentExecutions": amount}

    def unreserve(self, name: str) -> None:
        self._client.said.append(("unreserve", name))

    def provisions(self, name: str) -> Iterator[dict[str, Any]]:
        return iter([{"FunctionArn": f"{ARN}{self._client._known(name)}:prod", **self.states[0]}])

    def provisioned(self, name: str, qualifier: str) -> dict[str, Any]:
        if (name, qualifier) != ("hello", "prod"):
            raise ProvisionedConcurrencyConfigNotFound
        return self._next()

    def provision(self, name: str, qualifier: str, amount: int) -> dict[str, Any]:
        self._client.said.append(("provision", name, qualifier, amount))
        return self._next()

    def unprovision(self, name: str, qualifier: str) -> None:
        self._client.said.append(("unprovision", name, qualifier))

    def until_provisioned(self, name: str, qualifier: str, timeout_s: float) -> dict[str, Any]:
        self._client.said.append(("wait", name, qualifier))
        return self._next()

    def _next(self) -> dict[str, Any]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def provision(available: int, wanted: int, status: str, reason: str | None = None) -> dict[str, Any]:
    """A ProvisionedConcurrencyConfig."""
    return {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": available,
        "Status": status,
        "LastModified": "2026-01-02T03:04:05+0000",
        **({"StatusReason": reason} if reason else {}),
    }


def answer(**changes: Any) -> Answer:
    told: dict[str, Any] = {
        "payload": b'{"ok": true}',
        "function_error": None,
        "executed_version": "$LATEST",
        "request_id": "7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1",
        "log_tail": b"",
        "verdict": "success",
        "duration_ms": 3.14,
        "init_ms": None,
        "memory_mb": 128,
        "memory_used_mb": 41,
        "walls": "9/9",
        "missing_walls": (),
    }
    return Answer(**{**told, **changes})


class Terminal:
    """A pseudo terminal that a stream can be, and what was drawn on it."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.typed = os.fdopen(os.dup(slave), encoding="utf-8")
        self.stream = os.fdopen(slave, "w", encoding="utf-8", buffering=1)

    def drawn(self) -> str:
        self.stream.close()
        self.typed.close()
        parts = []
        while True:
            try:
                part = os.read(self.master, 65536)
            except OSError:  # EIO: everything was read and nobody holds the other end
                break
            if not part:
                break
            parts.append(part)
        os.close(self.master)
        return b"".join(parts).decode().replace("\r\n", "\n")


class Line:
    """Runs command lines and keeps what they said."""

    def __init__(self, client: MemoryClient) -> None:
        self.client = client
        self.out = self.err = ""
        self.stdin: Any = io.TextIOWrapper(io.BytesIO(b""))

    def __call__(self, *arguments: str) -> int:
        """Both streams are pipes."""
        out, err = io.StringIO(), io.StringIO()
        code = self._run(arguments, Output(out, err, verbose="-v" in arguments))
        self.out, self.err = out.getvalue(), err.getvalue()
        return code

    def on_terminal(self, *arguments: str, answers: str = "", color: str = "never") -> int:
        """Both streams, and stdin, are terminals."""
        out, err = Terminal(), Terminal()
        if answers:
            os.write(err.master, answers.encode())
        self.stdin = err.typed
        code = self._run(arguments, Output(out.stream, err.stream, color=color))
        self.out, self.err = out.drawn(), err.drawn()
        return code

    def _run(self, arguments: tuple[str, ...], out: Output) -> int:
        session = Session(self.client, out)
        session.stdin = self.stdin
        return app.run(list(arguments), session)
