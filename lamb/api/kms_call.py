"""One operation of KMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamb.api.members import Members
from lamb.core.context import Core
from lamb.model.kms import Caller
from lamb.model.kms_errors import InvalidKeyUsage
from lamb.model.requests import Page

SYMMETRIC = "SYMMETRIC_DEFAULT"
"""The only kind of key that is kept, and its only algorithm."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, its members read and checked."""

    core: Core
    caller: Caller
    members: Members

    def __getitem__(self, member: str) -> Any:
        """One that is required."""
        return self.members[member]

    @property
    def subject(self) -> tuple[Core, Caller, str]:
        """What most use cases want to know first: who asks, and of which key."""
        return self.core, self.caller, self.members["KeyId"]

    @property
    def dry_run(self) -> bool:
        return bool(self.members.get("DryRun"))

    def context(self, member: str = "EncryptionContext") -> dict[str, str]:
        given: dict[str, str] = self.members.get(member, {})
        return given

    def page(self) -> Page:
        return Page(self.members.get("Marker"), self.members.get("Limit"))

    def tags(self) -> list[tuple[str, str]]:
        return [(tag["TagKey"], tag["TagValue"]) for tag in self.members.get("Tags", [])]

    def refuse_algorithm(self, member: str = "EncryptionAlgorithm") -> None:
        algorithm = self.members.get(member, SYMMETRIC)
        if algorithm != SYMMETRIC:
            raise InvalidKeyUsage(f"Algorithm {algorithm} is incompatible with key spec {SYMMETRIC}.")
