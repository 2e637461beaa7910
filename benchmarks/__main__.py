"""`python -m benchmarks`: every promise in figures, measured here and now.

Writes the table into README.md with --record. Bounded: some ten minutes, with the installations.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks import async_events, cold_start, command_line, control_plane, memory, rivals, warm_invoke
from benchmarks.figures import Figure, table
from benchmarks.place import Home, Installation

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scripts", nargs="*", default=tuple(_FIGURES), metavar="|".join(_FIGURES))
    parser.add_argument("--no-rivals", action="store_true", help="measure lamb alone")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep and reuse what is installed in DIR")
    parser.add_argument("--record", action="store_true", help="put the figures into benchmarks/README.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lamb-bench-") as scratch:
        found = _measure(set(arguments.scripts), Path(scratch), arguments)
    print(table(found))
    if arguments.record:
        _record(found)
    missed = [figure.name for figure in found if figure.verdict == "no"]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return bool(missed)


def _measure(scripts: set[str], scratch: Path, arguments: argparse.Namespace) -> list[Figure]:
    installed = arguments.keep or scratch / "installed"
    print("installing …", file=sys.stderr)
    bench = Bench(Installation(installed / "lamb"), scratch, None if arguments.no_rivals else installed)
    found: list[Figure] = []
    for script, figures in _FIGURES.items():
        if script in scripts:
            # What one has started, or has left for the disk to write, is not there when the next begins.
            with contextlib.ExitStack() as stack:
                found += _said(figures(bench, stack))
            os.sync()
    return found


class Bench(NamedTuple):
    """What every script works with."""

    installation: Installation
    scratch: Path
    rivals: Path | None
    """Where they are installed; None leaves them out."""

    def homes(self, stack: contextlib.ExitStack) -> Callable[[str], Home]:
        """Makes homes by name, closed with the stack."""
        return lambda name: stack.enter_context(
            contextlib.closing(Home(self.installation, self.scratch / name))
        )


def _cold(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    return cold_start.figures(bench.installation, bench.homes(stack)("cold"))


def _warm(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    servers = [] if bench.rivals is None else stack.enter_context(rivals.running(bench.rivals))
    return warm_invoke.figures(bench.installation, bench.homes(stack)("warm"), servers)


def _line(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    yield from command_line.figures(bench.installation, bench.homes(stack)("line"), bench.scratch)
    peer = None if bench.rivals is None else rivals.python_lambda_local(bench.rivals)
    if peer is not None:
        yield from command_line.rival(peer, bench.scratch)


def _memory(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    return memory.figures(bench.homes(stack)("memory"))


def _events(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    return async_events.figures(bench.installation, bench.homes(stack), bench.scratch)


def _control(bench: Bench, stack: contextlib.ExitStack) -> Iterable[Figure]:
    return control_plane.figures(bench.installation, bench.homes(stack), bench.rivals)


_FIGURES: Mapping[str, Callable[[Bench, contextlib.ExitStack], Iterable[Figure]]] = {
    "cold": _cold,
    "memory": _memory,
    "line": _line,
    "warm": _warm,
    "events": _events,
    "control": _control,
}
"""By the name of the script, in the order in which they run."""


def _said(figures: Iterable[Figure]) -> list[Figure]:
    """Each as soon as it is known: the whole takes minutes."""
    said = []
    for figure in figures:
        print("  ".join(filter(None, figure.cells())), file=sys.stderr, flush=True)
        said.append(figure)
    return said


def _record(figures: list[Figure]) -> None:
    before, _, rest = README.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    where = (
        f"{time.strftime('%Y-%m-%d', time.gmtime())} · {os.cpu_count()} cores · Linux {platform.release()} · "
        f"Python {platform.python_version()} · load at the end {load}"
    )
    README.write_text(f"{before}{_BEGIN}{where}\n\n{table(figures)}\n{_END}{after}")


if __name__ == "__main__":
    sys.exit(main())
