"""Chains of invocations, counted in the trace header: how a loop is told from work (SEMANTICS §27).

`Root=…;Lineage=1a2b3c4d:5|9f8e7d6c:2`: each function, by a hash of its ARN, and how often it has been run on
the way here. SDKs hand the header on; so does lamb, wherever one event leads to another.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from lamb.model.limits import RECURSION_MAX
from lamb.model.names import FunctionKey

_LINEAGE = re.compile(r";?Lineage=([0-9a-f]{8}:\d{1,5}(?:\|[0-9a-f]{8}:\d{1,5})*)")


def extended(trace: str | None, key: FunctionKey) -> str:
    """The trace header for a run of this function: with one more in its own count."""
    trace = trace or ""
    counts = _counts(trace)
    own = _hash(key)
    counts[own] = counts.get(own, 0) + 1
    rest = _LINEAGE.sub("", trace).strip(";")
    lineage = "|".join(f"{name}:{count}" for name, count in counts.items())
    return f"{rest};Lineage={lineage}" if rest else f"Lineage={lineage}"


def is_loop(trace: str | None, key: FunctionKey) -> bool:
    """Whether one more run of this function would be one too many."""
    return trace is not None and "Lineage=" in trace and _counts(trace).get(_hash(key), 0) >= RECURSION_MAX


def _counts(trace: str) -> dict[str, int]:
    found = _LINEAGE.search(trace)
    if found is None:
        return {}
    pairs = (part.split(":") for part in found[1].split("|"))
    return {name: int(count) for name, count in pairs}


@lru_cache(maxsize=1024)
def _hash(key: FunctionKey) -> str:
    return hashlib.sha256(key.arn.encode()).hexdigest()[:8]
