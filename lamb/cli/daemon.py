"""`lamb daemon …`: a look at the process behind every command, which starts and ends by itself."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Literal

import typer

from lamb.cli.exit_codes import NOT_FOUND
from lamb.cli.session import Session
from lamb.model import settings

app = typer.Typer(
    name="daemon",
    help="""The process behind every command

    lamb daemon status
    lamb daemon run
    lamb daemon stop
    """,
)


@app.command("run")
def run(
    ctx: typer.Context,
    sandbox: Annotated[
        Literal["auto", "require"] | None,
        typer.Option("--sandbox", help="`require`: refuse to run with less than all walls"),
    ] = None,
) -> None:
    """Run the daemon in the foreground

    lamb daemon run
    lamb daemon run --sandbox require
    """
    session: Session = ctx.obj
    if sandbox is not None:
        session.flags["sandbox"] = sandbox
    environment = {**settings.process_environment(), **settings.as_environment(session.settings)}
    os.execve(sys.executable, [sys.executable, "-m", "lamb.daemon"], environment)  # noqa: S606 -- our own


@app.command("status")
def status(ctx: typer.Context) -> None:
    """Say whether a daemon runs for this home, and what it does

    lamb daemon status
    lamb daemon status --json | jq .pid
    """
    session: Session = ctx.obj
    running = session.another_client().running()
    if running is None:
        session.exit_code = NOT_FOUND
        if session.as_json:
            session.out.json({"running": False, "home": str(session.settings.home)})
        else:
            session.out.line("not running")
        return
    if session.as_json:
        session.out.json({"running": True, **running})
    else:
        session.out.pairs(running.items())


@app.command("stop")
def stop(ctx: typer.Context) -> None:
    """End the daemon after what runs has ended, and wait for that

    lamb daemon stop

    The next command starts a new one.
    """
    session: Session = ctx.obj
    stopped = session.another_client().stop()
    if session.as_json:
        session.out.json({"stopped": stopped})
    session.out.receipt("stopped" if stopped else "no daemon was running", "✓" if stopped else "·")


@app.command("logs")
def logs(ctx: typer.Context) -> None:
    """Print what the daemon has to say about itself

    lamb daemon logs
    lamb daemon logs | tail -20
    """
    session: Session = ctx.obj
    path = session.settings.run / "daemon.log"
    text = path.read_text(errors="replace") if path.exists() else ""
    if session.as_json:
        session.out.json({"Path": str(path), "Lines": text.splitlines()})
    elif text:
        session.out.line(text.rstrip("\n"))
