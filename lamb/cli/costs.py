"""`lamb stats NAME --cost`: what AWS would bill for what ran."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamb.cli.output import Output


def show(out: Output, told: dict[str, Any]) -> None:
    """Names and values; dollars with all the digits that matter."""
    out.pairs(_rows(told, eyes=out.terminal))


def _rows(told: dict[str, Any], *, eyes: bool) -> Iterator[tuple[str, Any]]:
    cost = told["Cost"]
    yield "resource", told["Resource"]
    yield "start", told["StartTime"]
    yield "end", told["EndTime"]
    yield "requests", cost["Requests"]
    yield "gb_seconds", f"{cost['GBSeconds']:.6f}"
    yield "architecture", cost["Architecture"]
    for name, member in (("requests_usd", "RequestsUSD"), ("duration_usd", "DurationUSD"), ("usd", "USD")):
        yield name, f"{cost[member]:.9f}"
    if eyes and cost["Requests"]:
        yield "usd per million", f"{cost['USD'] / cost['Requests'] * 1_000_000:.2f}"
    yield "prices", cost["Source"]
