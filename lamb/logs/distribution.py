"""How long things took: a histogram whose bounds never change, so that any two can be added up."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any


def _bounds() -> Iterator[float]:
    """The upper bound of each bucket, from 0.01 ms to a day.

    Steps of 0.1 from 1 to 2, of 0.2 to 5 and of 0.5 to 10 in each power of ten: a bucket is at most a tenth
    wider than it begins, and its middle at most 5 % away from whatever fell into it. 1, 2 and 5 are bounds
    in each power of ten, so that counts up to them are exact.
    """
    tenths = (*range(10, 20), *range(20, 50, 2), *range(50, 100, 5))
    for power in range(-3, 7):
        for mantissa in tenths:
            yield mantissa * 10.0**power if power >= 0 else mantissa / 10**-power


BOUNDS_MS = tuple(_bounds())
"""Bucket i holds what is above bound i - 1 and not above bound i; one more bucket holds the rest."""


class Distribution:
    """Durations in milliseconds: their count, sum, least, most, and percentiles within 5 %."""

    __slots__ = ("buckets", "count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least = math.inf
        self.most = 0.0
        self.buckets: dict[int, int] = {}
        """Bucket → how many; those that are missing are empty."""

    def add(self, ms: float) -> None:
        self.count += 1
        self.total += ms
        # On the path of every invocation, where a call of min() costs four times as much.
        if ms < self.least:  # noqa: PLR1730
            self.least = ms
        if ms > self.most:  # noqa: PLR1730
            self.most = ms
        # Some ten comparisons in C: cheaper than a logarithm and its rounding in Python.
        bucket = bisect_left(BOUNDS_MS, ms)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def add_many(self, value: float, times: int) -> None:
        """The same value several times."""
        if times > 0:
            self.put(value * times, value, value, times)
            bucket = bisect_left(BOUNDS_MS, value)
            self.buckets[bucket] = self.buckets.get(bucket, 0) + times

    def put(self, total: float, least: float, most: float, times: int) -> None:
        """Values of which only that much is known: percentiles leave them out."""
        self.most = max(self.most, most) if self.count else most
        self.least = min(self.least, least)
        self.count += times
        self.total += total

    def merge(self, other: Distribution) -> None:
        """Add what the other one holds."""
        if not other.count:
            return
        self.put(other.total, other.least, other.most, other.count)
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    def percentile(self, percent: float) -> float | None:
        """By nearest rank, within 5 %; 0 and 100 are exact. None of nothing."""
        if not self.count:
            return None
        rank, seen = max(1, math.ceil(self.count * percent / 100)), 0
        if percent <= 0 or rank >= self.count:
            return self.least if percent <= 0 else self.most
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return min(max(_middle(bucket), self.least), self.most)
        return self.most

    def up_to(self, bounds_ms: Sequence[float]) -> list[int]:
        """For each of `bounds_ms`, ascending and of BOUNDS_MS, how many were not above it. Exact."""
        limits = [bisect_left(BOUNDS_MS, bound) for bound in bounds_ms]
        counts = [0] * len(limits)
        for bucket, count in self.buckets.items():
            for index in range(bisect_left(limits, bucket), len(limits)):
                counts[index] += count
        return counts

    def document(self) -> list[Any]:
        """What JSON can keep."""
        return [self.count, self.total, self.least, self.most, self.buckets] if self.count else []

    @classmethod
    def read(cls, document: Sequence[Any]) -> Distribution:
        """What `document` has become in JSON, whose keys are texts."""
        made = cls()
        if document:
            made.count, made.total, made.least, made.most, buckets = document
            made.buckets = {int(bucket): count for bucket, count in buckets.items()}
        return made


def _middle(bucket: int) -> float:
    """The value whose relative distance to both bounds is the same."""
    below = BOUNDS_MS[bucket - 1] if bucket else 0.0
    above = BOUNDS_MS[min(bucket, len(BOUNDS_MS) - 1)]
    return 2 * below * above / (below + above)
