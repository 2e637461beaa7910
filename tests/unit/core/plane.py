"""A whole control plane in a temporary folder: real database, real packages, real keys, a manual clock."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unit import databases

from lamb.core import aliases, functions, kms, queues, updates, versions
from lamb.core.context import Core
from lamb.model.clock import ManualClock
from lamb.model.concurrency import Allotment, Progress
from lamb.model.errors import InvalidParameterValue
from lamb.model.function import DEFAULT_ROLE, Alias, Version
from lamb.model.kms import Caller
from lamb.model.names import FunctionKey, Place, Reference
from lamb.model.queue import QueueKey
from lamb.model.requests import AliasChanges, Changes, CodeUpdate, Creation, Page
from lamb.packages.shelf import Shelf
from lamb.secrets.keyring import Keyring
from lamb.store.database import Database

PLACE = Place()
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
FIRST = Page()


def package(text: str = "def handler(event, context): return 1\n") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py", (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, text)
    return buffer.getvalue()


def key(name: str = "f") -> FunctionKey:
    return FunctionKey(PLACE.account, PLACE.region, name)


def ref(name: str = "f", qualifier: str | None = None) -> Reference:
    return Reference(key(name), qualifier)


def require_runtime(name: str) -> None:
    if not name.startswith("python"):
        raise InvalidParameterValue(f"The runtime {name} is not installed on this host.")


@dataclass
class Plane:
    """The use cases with the arguments that most tests want."""

    home: Path
    clock: ManualClock = field(default_factory=ManualClock)
    changed: list[FunctionKey] = field(default_factory=list)
    retired: list[tuple[FunctionKey, str | None]] = field(default_factory=list)

    allotted: list[Allotment] = field(default_factory=list)
    progress: dict[str, Progress] = field(default_factory=dict)
    account_concurrency: int = 1000

    def __post_init__(self) -> None:
        self.core = Core(
            database=Database(f"sqlite:///{databases.empty(self.home / 'lamb.sqlite3')}", self.clock),
            shelf=Shelf(self.home / "packages"),
            keyring=Keyring(self.keyring),
            require_runtime=require_runtime,
            changed=self.changed.append,
            retired=lambda function, version: self.retired.append((function, version)),
            allotted=self.allotted.append,
            progress=lambda _, version: self.progress.get(version, Progress()),
            account_concurrency=self.account_concurrency,
        )

    @property
    def keyring(self) -> Path:
        return self.home / "keys" / "keyring"

    def close(self) -> None:
        self.core.database.close()

    def reopened(self) -> Plane:
        """The same home in the hands of the next daemon."""
        self.close()
        return Plane(self.home, self.clock)

    def create(
        self, name: str = "f", *, settled: bool = True, publish: bool = False, **members: Any
    ) -> Version:
        made = functions.create(self.core, PLACE, creation(name, publish=publish, **members))
        if settled:
            self.settle(made.key.name)
        return made

    def settle(self, name: str = "f") -> str | None:
        return updates.settle(self.core, [key(name)])

    def get(self, name: str = "f", qualifier: str | None = None) -> functions.FunctionView:
        return functions.get(self.core, ref(name, qualifier))

    def latest(self, name: str = "f") -> Version:
        return self.get(name).version

    def update(self, text: str, name: str = "f", **members: Any) -> Version:
        changed = updates.update_code(self.core, ref(name), CodeUpdate(package(text), **members))
        self.settle(name)
        return changed

    def configure(self, name: str = "f", revision_id: str | None = None, **members: Any) -> Version:
        changed = updates.configure(self.core, ref(name), Changes(**members), revision_id)
        self.settle(name)
        return changed

    def publish(self, name: str = "f", **guards: Any) -> Version:
        return versions.publish(self.core, ref(name), **guards)

    def publish_new(self, text: str, name: str = "f") -> Version:
        """A version with code of its own."""
        self.update(text, name)
        return self.publish(name)

    def queue(self, name: str = "q") -> str:
        """A local queue; its ARN."""
        return queues.create(self.core, QueueKey(PLACE.account, PLACE.region, name), {}, {}).key.arn

    def kms_key(self) -> str:
        """A key of KMS; its ARN."""
        owner = Caller(PLACE, f"arn:aws:iam::{PLACE.account}:root")
        return kms.create(self.core, owner, "", None, ()).arn

    def alias(self, name: str = "live", version: str = "1", **members: Any) -> Alias:
        return aliases.create(self.core, key(), name, AliasChanges(version=version, **members))

    def shift(self, name: str = "live", **members: Any) -> Alias:
        return aliases.update(self.core, key(), name, AliasChanges(**members))


def creation(
    name: str = "f", *, code: str = "x = 1\n", tags: dict[str, str] | None = None, **members: Any
) -> Creation:
    publish = members.pop("publish", False)
    given = {"runtime": "python3.11", "handler": "app.handler", "role": DEFAULT_ROLE, **members}
    return Creation(name, package(code), Changes(**given), publish=publish, tags=tags or {})
