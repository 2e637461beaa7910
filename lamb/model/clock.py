"""Where time comes from: everything that waits, expires or is stamped asks a clock."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple, Protocol


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


class Course(NamedTuple):
    """How a home's time goes: from `from_ms` on, it is `at_ms` and runs `scale` times as fast."""

    from_ms: int = 0
    """Of the machine's clock."""
    at_ms: int = 0
    scale: float = 1.0

    def now_ms(self, machine_ms: int) -> int:
        return self.at_ms + round((machine_ms - self.from_ms) * self.scale)

    def changed(self, machine_ms: int, *, advance_ms: int = 0, scale: float | None = None) -> Course:
        """The same time at this moment, plus `advance_ms`, and going on at `scale`."""
        now_ms = self.now_ms(machine_ms) + advance_ms
        return Course(machine_ms, now_ms, self.scale if scale is None else scale)


REAL = Course()


class HomeClock:
    """The time of one home: the machine's, unless somebody set it going (`lamb clock`)."""

    def __init__(self, machine: Clock, course: Course = REAL) -> None:
        self.machine = machine
        self.course = course

    @property
    def course(self) -> Course:
        return self._course

    @course.setter
    def course(self, course: Course) -> None:
        self._course = course
        self._is_real = course == REAL

    def now_ms(self) -> int:
        now_ms = self.machine.now_ms()
        return now_ms if self._is_real else self._course.now_ms(now_ms)

    def real_s(self, until_ms: int) -> float:
        """Seconds of the machine's time from now until it is `until_ms` here; 0 for the past."""
        return max(0, until_ms - self.now_ms()) / 1000 / self._course.scale


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, tz=timezone.utc)


def _iso(ms: int) -> str:
    """`2026-01-02T03:04:05`."""
    return _utc(ms).isoformat(timespec="seconds")[:19]


@functools.lru_cache(maxsize=1024)  # pages of functions are asked for again and again
def iso_offset(ms: int) -> str:
    """`2026-01-02T03:04:05.678+0000`: the form of FunctionConfiguration.LastModified."""
    return f"{_iso(ms)}.{ms % 1000:03d}+0000"


def iso_offset_s(ms: int) -> str:
    """`2026-01-02T03:04:05+0000`: the form of LastModified of provisioned concurrency."""
    return f"{_iso(ms)}+0000"


def iso_z(ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`: the form of log events and invocation records."""
    return f"{_iso(ms)}.{ms % 1000:03d}Z"


def iso_micro_z(ms: int) -> str:
    """`2026-01-02T03:04:05.678000Z`: the form of the times of function URLs."""
    return f"{_iso(ms)}.{ms % 1000:03d}000Z"


def day(ms: int) -> str:
    """`2026/01/02`: the first part of a log stream's name."""
    return f"{_utc(ms):%Y/%m/%d}"
