"""Where time comes from: everything that waits, expires or is stamped asks a clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass
class ManualClock:
    """A clock for tests: it moves only when told to."""

    ms: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def advance(self, *, seconds: float) -> None:
        self.ms += round(seconds * 1000)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, tz=timezone.utc)


def iso_offset(ms: int) -> str:
    """`2026-01-02T03:04:05.678+0000`: the form of FunctionConfiguration.LastModified."""
    return f"{_utc(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}+0000"


def iso_z(ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`: the form of log events and invocation records."""
    return f"{_utc(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def day(ms: int) -> str:
    """`2026/01/02`: the first part of a log stream's name."""
    return f"{_utc(ms):%Y/%m/%d}"
