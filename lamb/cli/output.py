"""Where words go: data on stdout, everything else on stderr; tables for eyes, tabs for pipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from lamb.model import settings

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Output:
    """Both streams of a command, with what the reader at the other end can show."""

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        color: str = "auto",
        verbose: bool = False,
    ) -> None:
        """`color`: `auto` · `always` · `never`. `verbose`: receipts also where no terminal is."""
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
        self._color = color
        self.terminal = self.stdout.isatty()
        """stdout is read by eyes."""
        self.attended = self.stderr.isatty()
        """stderr is read by eyes."""
        self.receipts = self.attended or verbose

    # --- data: stdout --------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """One line of data."""
        self.stdout.write(text + "\n")

    def raw(self, data: bytes) -> None:
        """Bytes as they are, as a line."""
        self.stdout.flush()
        buffer = getattr(self.stdout, "buffer", None)
        if buffer is None:
            self.stdout.write(data.decode(errors="replace") + "\n")
            return
        buffer.write(data + b"\n")
        buffer.flush()

    def json(self, document: Any) -> None:
        import json  # noqa: PLC0415 -- many commands print no JSON

        self.line(json.dumps(document, indent=2, ensure_ascii=False))

    def json_line(self, document: Any) -> None:
        """One document of a stream."""
        import json  # noqa: PLC0415 -- as above

        self.line(json.dumps(document, separators=(",", ":"), ensure_ascii=False))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """With a head on a terminal; without one, separated by tabs, in a pipe."""
        texts = [[_cell(value) for value in row] for row in rows]
        if not self.terminal:
            for row in texts:
                self.line("\t".join(" ".join(cell.split()) for cell in row))
        elif texts:
            self._draw(texts, columns)

    def pairs(self, rows: Iterable[tuple[str, Any]]) -> None:
        """Names and values, one pair a line."""
        texts = [[name, _cell(value)] for name, value in rows]
        if self.terminal:
            self._draw(texts)
        else:
            self.table((), texts)

    def _draw(self, rows: list[list[str]], columns: Sequence[str] = ()) -> None:
        # Rich costs as much as all the rest of a command: only a terminal pays for it.
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, show_header=bool(columns), pad_edge=False, padding=(0, 3, 0, 0))
        table.header_style = "dim"
        for index in range(len(rows[0]) if rows else 0):
            first = index == 0
            table.add_column(
                columns[index].upper() if columns else "",
                style=("bold" if columns else "dim") if first else "",
                no_wrap=first,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(Text.from_ansi(cell) for cell in row))
        plain = not self.colored(self.stdout)
        console = Console(
            file=self.stdout, highlight=False, color_system=None if plain else "standard", no_color=plain
        )
        # Rich pads every line to the table's width; what is copied from a terminal should not have that.
        with console.capture() as drawn:
            console.print(table)
        for line in drawn.get().splitlines():
            self.line(line.rstrip())

    # --- words: stderr -------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """What a person should know, and a script may ignore."""
        self.stderr.write(text + "\n")
        self.stderr.flush()

    def hint(self, text: str) -> None:
        """The next command to try."""
        self.note(f"{self.style('hint:', 'cyan')} {text}")

    def receipt(self, text: str, mark: str = "✓") -> None:
        """What was done, for those who watch."""
        if self.receipts:
            tone = {"✓": "green", "✗": "red"}.get(mark, "yellow")
            self.note(f"{self.style(mark, tone)} {text}")

    def error(self, message: str, hint: str = "") -> None:
        self.note(f"{self.style('lamb:', 'red')} {message}")
        if hint:
            self.hint(hint)

    def style(self, text: str, *styles: str, stream: TextIO | None = None) -> str:
        """`text` in ANSI colours where `stream` (default stderr) shows them."""
        if not self.colored(self.stderr if stream is None else stream):
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"

    def colored(self, stream: TextIO) -> bool:
        if self._color != "auto":
            return self._color == "always"
        if not stream.isatty() or settings.variable("NO_COLOR"):
            return False
        return settings.variable("TERM") != "dumb"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def size(count: int) -> str:
    """`412 B`, `3.4 kB`, `12 MB`."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names what was probably meant."""
    import difflib  # noqa: PLC0415 -- only mistakes pay for it

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise
