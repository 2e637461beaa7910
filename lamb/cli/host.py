"""`lamb runtimes` and `lamb doctor`: what this machine can do."""

from __future__ import annotations

from typing import Any

import typer

from lamb.cli.output import Output
from lamb.cli.session import Session

app = typer.Typer()


@app.command("runtimes")
def runtimes(ctx: typer.Context) -> None:
    """List the runtimes found here, and how to add one

    lamb runtimes
    lamb runtimes --json | jq -r '.Runtimes[].name'
    """
    session: Session = ctx.obj
    found = session.client.runtimes()
    if session.as_json:
        session.out.json({"Runtimes": found})
        return
    session.out.table(("", "runtime", "version", "interpreter"), _runtimes(session.out, found))


@app.command("doctor")
def doctor(ctx: typer.Context) -> None:
    """Check which walls of the sandbox stand here, and how to fix it

    lamb doctor
    lamb doctor --json | jq '.walls[] | select(.stands | not)'
    """
    session: Session = ctx.obj
    out = session.out
    document = session.client.doctor()
    if session.as_json:
        out.json(document)
        return
    out.table(("", "wall", "what it is for"), _walls(out, document["walls"]))
    if out.terminal:
        out.line("")
    out.table(("", "runtime", "version", "interpreter"), _runtimes(out, document["runtimes"]))
    dot = out.style(" · ", "dim")
    whole = all(wall["stands"] for wall in document["walls"])
    parts = [f"walls {document['summary']}", f"as {document['user']}", document["home"]]
    out.receipt(dot.join(parts), "✓" if whole else "!")


def _walls(out: Output, walls: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for wall in walls:
        rows.append((_tick(out, good=wall["stands"]), wall["name"], wall["keeps"]))
        if not wall["stands"]:
            rows.append(("", "", out.style(f"missing: {wall['reason']}", "yellow", stream=out.stdout)))
            rows.append(("", "", out.style(f"fix: {wall['fix']}", "cyan", stream=out.stdout)))
    return rows


def _runtimes(out: Output, found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for entry in found:
        tick = _tick(out, good=bool(entry["path"]), bad="·")
        where = entry["path"] or out.style(entry["fix"], "dim", stream=out.stdout)
        rows.append((tick, entry["name"], entry["version"] or "", where))
    return rows


def _tick(out: Output, *, good: bool, bad: str = "✗") -> str:
    """A mark for eyes; a word for scripts."""
    if not out.terminal:
        return "ok" if good else "missing"
    if good:
        return out.style("✓", "green", stream=out.stdout)
    return out.style(bad, "red" if bad == "✗" else "dim", stream=out.stdout)
