"""`lamb runtimes` and `lamb doctor`: what this machine can do."""

from __future__ import annotations

from typing import Any

import typer

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
    session.out.table(("runtime", "version", "interpreter"), [_row(entry) for entry in found])


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["name"], entry.get("version"), entry.get("interpreter") or entry.get("fix")


@app.command("doctor")
def doctor(ctx: typer.Context) -> None:
    """Check which walls of the sandbox stand here, and how to fix it

    lamb doctor
    lamb doctor --json
    """
    session: Session = ctx.obj
    session.out.json(session.client.doctor())
