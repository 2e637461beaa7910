"""What a benchmark says: medians, ratios to a baseline of the same run, and the bars they are held to."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["yes", "by ratio", "no", ""]


@dataclass(frozen=True)
class Figure:
    """One measured number. `bar` is what was promised, `ratio` the number over its baseline's."""

    name: str
    value: float
    unit: str
    baseline: str = ""
    ratio: float | None = None
    bar: float | None = None
    bar_of: Literal["value", "ratio"] = "value"
    at_least: bool = False
    reference: float | None = None
    """The baseline's number on the machine for which the bar was set: on one of another speed, a bar that is
    a time or a rate means as many baselines as there."""

    @property
    def verdict(self) -> Verdict:
        """Empty where nothing was promised."""
        measured = self.value if self.bar_of == "value" else self.ratio
        if self.bar is None or measured is None:
            return ""
        if self._meets(measured, self.bar):
            return "yes"
        by_ratio = self._bar_ratio is not None and self._meets(self.ratio or 0, self._bar_ratio)
        return "by ratio" if by_ratio else "no"

    def cells(self) -> list[str]:
        """A row of the table: figure, measured, ratio to, promised, holds."""
        sign = "≥" if self.at_least else "≤"
        unit = "×" if self.bar_of == "ratio" else self.unit
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} × {self.baseline}"
        bar = "" if self.bar is None else f"{sign} {_short(self.bar)} {unit}"
        if self._bar_ratio is not None:
            bar += f" or {_short(self._bar_ratio)} ×"
        verdict = "**no**" if self.verdict == "no" else self.verdict
        return [self.name, f"{_short(self.value)} {self.unit}", ratio, bar, verdict]

    @property
    def _bar_ratio(self) -> float | None:
        return None if self.bar is None or self.reference is None else self.bar / self.reference

    def _meets(self, measured: float, bar: float) -> bool:
        return measured >= bar if self.at_least else measured <= bar


HEAD = ["figure", "measured", "ratio", "promised", "holds"]


def interleaved(rounds: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run the measures in turn, `rounds` times: noise of the machine meets all of them alike."""
    samples: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            samples[name].append(measure())
    return samples


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def percentile(samples: Sequence[float], percent: float) -> float:
    """Nearest rank; `samples` need not be sorted."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(figures: Sequence[Figure]) -> str:
    """Markdown, with columns aligned for terminals."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _short(number: float) -> str:
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"
