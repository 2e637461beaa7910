"""Durations as people write them: `30s`, `10m`, `6h`, `1d12h`."""

from __future__ import annotations

import re

from lamb.cli.faults import UsageFault

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(text: str) -> float:
    """Of `90`, `1.5s`, `10m`, `1h30m`. Raises UsageFault."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        return float(text)
    parts = re.findall(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageFault(f"`{text}` is no duration", hint="e.g. 30s, 10m, 6h, 1d12h")
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def span_ms(text: str) -> int | None:
    """`10m` in milliseconds; None for what is no length of time."""
    span = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    return int(span[1]) * SECONDS[span[2]] * 1000 if span else None


def short(total_s: float) -> str:
    """`1d 2h 3m 4s` without what is 0."""
    left, parts = round(total_s), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
