"""`lamb wait`: until something holds, or the time is up."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from lamb.cli import options
from lamb.cli.durations import seconds
from lamb.cli.exit_codes import WAIT_EXPIRED
from lamb.cli.faults import UsageFault
from lamb.cli.session import Session

app = typer.Typer(
    name="wait",
    help="""Wait until something holds; the exit code is 124 when the time is up

    lamb wait events hello --empty --timeout 10m
    """,
)

_ASKED_AT_ONCE_S = 30.0


@app.command("events")
def events(
    ctx: typer.Context,
    name: options.Function,
    empty: Annotated[bool, typer.Option("--empty", help="Until none waits or runs")] = False,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="DURATION", help="e.g. 30s or 10m; without it, for ever"),
    ] = None,
) -> None:
    """Wait until a function's events are all over

    lamb wait events hello --empty
    lamb wait events hello --empty --timeout 10m || echo 'still at work'

    Events that wait for a retry count, too: `lamb clock` makes them come sooner.
    """
    session: Session = ctx.obj
    if not empty:
        raise UsageFault("What to wait for was not given", hint="`lamb wait events NAME --empty`")
    deadline = None if timeout is None else time.monotonic() + seconds(timeout)
    done = False
    while not done:
        left_s = _ASKED_AT_ONCE_S if deadline is None else deadline - time.monotonic()
        if left_s < 0:
            break
        done = session.client.events.emptied(name, min(left_s, _ASKED_AT_ONCE_S))
    if session.as_json:
        session.out.json({"Empty": done})
    if not done:
        session.exit_code = WAIT_EXPIRED
        session.out.error(f"{name} still has events after {timeout}", "`lamb events list` shows them")
    else:
        session.out.receipt(f"{name} has no events left")
