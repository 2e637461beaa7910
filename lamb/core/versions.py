"""Versions: publish and list."""

from __future__ import annotations

from lamb.core.context import Core
from lamb.model.function import Version
from lamb.model.names import Reference
from lamb.model.requests import Page


def publish(
    core: Core,
    ref: Reference,
    *,
    description: str | None = None,
    code_sha256: str | None = None,
    revision_id: str | None = None,
) -> Version:
    raise NotImplementedError


def list_versions(core: Core, ref: Reference, page: Page) -> tuple[list[Version], str | None]:
    raise NotImplementedError
