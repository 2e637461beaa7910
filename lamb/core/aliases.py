"""Aliases: a name for one version, or for two with a weight on the second."""

from __future__ import annotations

from lamb.core.context import Core
from lamb.model.function import Alias
from lamb.model.names import FunctionKey
from lamb.model.requests import AliasChanges, Page


def create(core: Core, key: FunctionKey, name: str, wanted: AliasChanges) -> Alias:
    raise NotImplementedError


def get(core: Core, key: FunctionKey, name: str) -> Alias:
    raise NotImplementedError


def list_aliases(
    core: Core, key: FunctionKey, page: Page, *, version: str | None = None
) -> tuple[list[Alias], str | None]:
    raise NotImplementedError


def update(core: Core, key: FunctionKey, name: str, wanted: AliasChanges) -> Alias:
    raise NotImplementedError


def delete(core: Core, key: FunctionKey, name: str) -> None:
    raise NotImplementedError


def rollback(core: Core, key: FunctionKey, name: str) -> Alias:
    """Back to what the alias pointed at before; once more: to what was before that."""
    raise NotImplementedError
