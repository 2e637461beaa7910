"""Whether more at once is faster, or only more at once: what the processors, and lamb itself, have left."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_STAT = Path("/proc/stat")
# proc(5), the line `cpu`: user nice system idle iowait irq softirq steal, in ticks since boot.
_FIELDS = 8
_IDLE, _WAITING = 3, 4
_MOMENT_S = 0.05
"""In less there are too few ticks to tell anything."""


class Processors:
    """Asked now and then; each answer is about the time since the last one.

    Who asks within a moment of another gets the same answer.
    """

    def __init__(
        self,
        stat: Path = _STAT,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        """`used`: seconds of a processor that this process has had."""
        self._stat = stat
        self._clock = clock
        self._used = used
        self._last = self._read()
        self._asked_s, self._used_s = clock(), used()
        self._answer = 1.0

    def idle_share(self) -> float:
        """From 0.0 to 1.0, of the processors or of this process, whichever is less; 1.0 in the first moment.

        Python runs on one processor at a time: where that one has no time left, others that are idle
        do not help.
        """
        now_s = self._clock()
        if now_s - self._asked_s < _MOMENT_S:
            return self._answer
        elapsed_s, used_s = now_s - self._asked_s, self._used()
        own = max(0.0, 1.0 - (used_s - self._used_s) / elapsed_s)
        self._asked_s, self._used_s = now_s, used_s
        self._answer = min(own, self._machine())
        return self._answer

    def _machine(self) -> float:
        """1.0 where the kernel does not tell."""
        now = self._read()
        passed = [after - before for before, after in zip(self._last, now, strict=True)]
        self._last = now
        total = sum(passed)
        return (passed[_IDLE] + passed[_WAITING]) / total if total > 0 else 1.0

    def _read(self) -> tuple[int, ...]:
        try:
            first = self._stat.read_text().split("\n", 1)[0].split()
        except OSError:
            return (0,) * _FIELDS
        return tuple(map(int, first[1 : 1 + _FIELDS]))
