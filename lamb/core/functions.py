"""Functions: create, read, change, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamb.core.context import Core
from lamb.model.function import Alias, Version
from lamb.model.names import FunctionKey, Place, Reference
from lamb.model.requests import Changes, CodeUpdate, Creation, Page


@dataclass(frozen=True, slots=True)
class FunctionView:
    """What GetFunction shows."""

    version: Version
    alias: Alias | None
    tags: Mapping[str, str]
    reserved: int | None
    arn_shown: str
    """Qualified as the caller did it."""


def create(core: Core, place: Place, creation: Creation) -> Version:
    """A new function; `$LATEST`, or the version that `publish` made of it. Settle it afterwards."""
    raise NotImplementedError


def unsettled(core: Core) -> list[FunctionKey]:
    """Functions that a killed daemon left Pending or InProgress."""
    raise NotImplementedError


def settle(core: Core, key: FunctionKey) -> str | None:
    """Pending → Active, InProgress → Successful; the runtime of what settled, None if nothing did."""
    raise NotImplementedError


def get(core: Core, ref: Reference) -> FunctionView:
    raise NotImplementedError


def list_functions(
    core: Core, place: Place, page: Page, *, all_versions: bool
) -> tuple[list[Version], str | None]:
    raise NotImplementedError


def update_code(core: Core, ref: Reference, update: CodeUpdate) -> Version:
    raise NotImplementedError


def configure(core: Core, ref: Reference, changes: Changes, revision_id: str | None = None) -> Version:
    raise NotImplementedError


def delete(core: Core, ref: Reference) -> None:
    raise NotImplementedError


def code(core: Core, ref: Reference) -> bytes:
    raise NotImplementedError


def tag(core: Core, key: FunctionKey, tags: Mapping[str, str]) -> None:
    raise NotImplementedError


def untag(core: Core, key: FunctionKey, names: Sequence[str]) -> None:
    raise NotImplementedError


def tags(core: Core, key: FunctionKey) -> Mapping[str, str]:
    raise NotImplementedError


def account_settings(core: Core, place: Place) -> dict[str, Any]:
    """The GetAccountSettings document."""
    raise NotImplementedError
