"""Which version an invocation runs."""

from __future__ import annotations

from dataclasses import dataclass

from lamb.core.context import Core
from lamb.model.invocation import Target
from lamb.model.names import Reference


@dataclass(frozen=True, slots=True)
class Route:
    """What a reference stands for, until the function changes."""

    primary: Target
    additional: Target | None = None
    weight: float = 0.0
    """Probability of `additional`."""

    def pick(self, draw: float) -> Target:
        """`draw`: uniform in [0, 1)."""
        if self.additional is not None and draw < self.weight:
            return self.additional
        return self.primary


def resolve(core: Core, ref: Reference) -> Route:
    """Cached by the caller until `core.changed`. Raises ResourceNotFound, ResourceConflict."""
    raise NotImplementedError
