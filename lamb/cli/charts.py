"""Pictures made of characters: bars, and lines that are one character high."""

from __future__ import annotations

from collections.abc import Sequence

from lamb.cli.output import Output

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def spark(values: Sequence[float | None], width: int = 1) -> str:
    """One line; the highest value is a full block, and nothing above 0 is invisible."""
    most = max((value or 0 for value in values), default=0)
    return "".join(_cell(_eighths(value or 0, most, 8), width) for value in values).rstrip()


def bars(out: Output, values: Sequence[int], failed: Sequence[int], *, height: int, width: int) -> list[str]:
    """`height` lines from the top, each value `width` characters wide; what `failed` of it stands below.

    Where there are no colours, bars show the values alone.
    """
    most = max(values, default=0)
    whole = [_eighths(value, most, 8 * height) for value in values]
    lost = [_eighths(value, most, 8 * height) for value in failed]
    lines = []
    for row in reversed(range(height)):
        cells = []
        for all_of_it, part in zip(whole, lost, strict=True):
            fill = min(max(all_of_it - 8 * row, 0), 8)
            # A cell has one colour: that of the greater part.
            tone = "red" if 0 < fill <= 2 * (part - 8 * row) else "green"
            cells.append((_cell(fill, width), tone))
        lines.append(_coloured(out, cells).rstrip())
    return lines


def _cell(fill: int, width: int) -> str:
    """Those that are wide enough stand apart."""
    return f"{_EIGHTHS[fill] * (width - 1)} " if width > 2 else _EIGHTHS[fill] * width


def _eighths(value: float, most: float, full: int) -> int:
    return max(1, round(full * value / most)) if value else 0


def _coloured(out: Output, cells: Sequence[tuple[str, str]]) -> str:
    """Neighbours of one colour share it: a recording of a terminal stays small."""
    text, run, tone = "", "", ""
    for cell, wanted in (*cells, ("", "")):
        if wanted != tone and cell.strip():
            text, run, tone = text + _styled(out, run, tone), "", wanted
        run += cell
    return text + _styled(out, run, tone)


def _styled(out: Output, text: str, tone: str) -> str:
    return out.style(text, tone, stream=out.stdout) if text.strip() else text
