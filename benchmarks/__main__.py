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
from collections.abc import Iterable
from pathlib import Path

from benchmarks import async_events, cold_start, command_line, control_plane, memory, rivals, warm_invoke
from benchmarks.figures import Figure, table
from benchmarks.place import Home, Installation

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures -->\n", "<!-- end of figures -->\n"
SCRIPTS = ("cold", "warm", "line", "memory", "events", "control")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scripts", nargs="*", default=SCRIPTS, metavar="|".join(SCRIPTS))
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
    installation = Installation(installed / "lamb")
    found: list[Figure] = []
    with contextlib.ExitStack() as stack:

        def home(name: str) -> Home:
            return stack.enter_context(contextlib.closing(Home(installation, scratch / name)))

        if "cold" in scripts:
            found += _said(cold_start.figures(installation, home("cold")))
        if "memory" in scripts:
            found += _said(memory.figures(home("memory")))
        if "line" in scripts:
            found += _said(command_line.figures(installation, home("line"), scratch))
            peer = None if arguments.no_rivals else rivals.python_lambda_local(installed)
            if peer is not None:
                found += _said(command_line.rival(peer, scratch))
        if "warm" in scripts:
            servers = [] if arguments.no_rivals else stack.enter_context(rivals.running(installed))
            found += _said(warm_invoke.figures(installation, home("warm"), servers))
        if "events" in scripts:
            found += _said(async_events.figures(installation, home, scratch))
        if "control" in scripts:
            peers = None if arguments.no_rivals else installed
            found += _said(control_plane.figures(installation, home, peers))
    return found


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
