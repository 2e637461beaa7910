"""What AWS would bill for invocations on demand: prices of us-east-1, without the free tier.

Source: https://aws.amazon.com/lambda/pricing/ (2026), first tier. Provisioned concurrency and /tmp
beyond 512 MB cost extra and are not in it.
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = "aws.amazon.com/lambda/pricing, us-east-1, 2026: on demand, first tier, without the free tier"

USD_PER_GB_S = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
USD_PER_REQUEST = 0.20 / 1_000_000


class Estimate(NamedTuple):
    requests: int
    gb_s: float
    """Seconds that are billed, each run rounded up to a millisecond, times gigabytes of memory."""
    architecture: str

    @property
    def usd_per_gb_s(self) -> float:
        return USD_PER_GB_S.get(self.architecture, USD_PER_GB_S["x86_64"])

    @property
    def requests_usd(self) -> float:
        return self.requests * USD_PER_REQUEST

    @property
    def duration_usd(self) -> float:
        return self.gb_s * self.usd_per_gb_s

    @property
    def usd(self) -> float:
        return self.requests_usd + self.duration_usd


def estimate(requests: int, billed_mb_ms: int, architecture: str) -> Estimate:
    """`billed_mb_ms`: the sum over all runs of billed milliseconds times megabytes."""
    return Estimate(requests, billed_mb_ms / 1024 / 1000, architecture)
