"""One operation of IAM, and the spellings that its answers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from lamb.api.members import Members
from lamb.core.context import Core
from lamb.model.requests import Page

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, its members read and checked."""

    core: Core
    account: str
    members: Members

    def __getitem__(self, member: str) -> Any:
        """One that is required."""
        return self.members[member]

    def page(self) -> Page:
        """`Marker` and `MaxItems`."""
        return Page(self.members.get("Marker"), self.members.get("MaxItems"))

    def tags(self) -> list[tuple[str, str]]:
        return [(tag["Key"], tag["Value"]) for tag in self.members.get("Tags", [])]


def listed(member: str, items: Sequence[Any], marker: str | None) -> Document:
    """One page of a list."""
    return {member: list(items), "IsTruncated": marker is not None, "Marker": marker}


def tags(given: Mapping[str, str]) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def document(text: str) -> str:
    """A policy, as IAM writes it into its answers: percent-encoded by RFC 3986."""
    return quote(text, safe="-_.~")


def moment(ms: int) -> str:
    """`2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
