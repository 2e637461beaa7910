"""How much may run at a time: what is set aside for a function, how far that is, and why one has to wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from lamb.model.names import FunctionKey

Reason = Literal[
    "ConcurrentInvocationLimitExceeded",
    "ReservedFunctionConcurrentInvocationLimitExceeded",
    "FunctionInvocationRateLimitExceeded",
    "ReservedFunctionInvocationRateLimitExceeded",
]
"""TooManyRequestsException's Reason: the account, or the machine · the function's own ceiling · the speed at
which a function gets new environments, without and with reserved concurrency."""


class Allotment(NamedTuple):
    """What of the account's concurrency is set aside for one function."""

    key: FunctionKey
    reserved: int | None = None
    """Guarantee and ceiling of all versions together; 0 stops the function, None sets nothing aside."""
    provisioned: Mapping[str, int] = {}
    """Version (a number as text) → environments to keep ready for it."""


class Progress(NamedTuple):
    """How far the provisioned concurrency of a version is."""

    available: int = 0
    status: Literal["IN_PROGRESS", "READY", "FAILED"] = "IN_PROGRESS"
    reason: str | None = None
    """Of FAILED: `wire.INIT_FAILURE`, or what kept environments from being started."""
