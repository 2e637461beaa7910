"""Members of requests to CloudWatch and CloudWatch Logs, each of its shape's type, and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamb.api.members import Members, Shape, typed
from lamb.api.validate import broken
from lamb.model.errors import ValidationFailure

_TABLE = json.loads(Path(__file__).with_name("telemetry.json").read_bytes())


def shapes(service: str) -> Mapping[str, Shape]:
    """Every shape that a request of this service reaches."""
    found: Mapping[str, Shape] = _TABLE[service]["shapes"]
    return found


def operations(service: str) -> Mapping[str, str]:
    """Operation → the shape of its request."""
    found: Mapping[str, str] = _TABLE[service]["operations"]
    return found


def read(service: str, operation: str, document: Mapping[str, Any]) -> Members:
    """Raises SerializationFailure for another type, ValidationFailure for a constraint that is broken."""
    name, known = operations(service)[operation], shapes(service)
    members: Members = typed(name, document, known)
    violations = broken(name, members, known)
    if violations:
        raise ValidationFailure(*violations)
    return members
