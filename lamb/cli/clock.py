"""`lamb clock`: the time that retries, ages, delays and visibility go by."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli.durations import seconds, short
from lamb.cli.faults import UsageFault
from lamb.cli.session import Session

app = typer.Typer()


@app.command("clock")
def clock(
    ctx: typer.Context,
    ahead: Annotated[
        str | None, typer.Argument(metavar="[+DURATION]", help="Set it ahead, e.g. +6h", show_default=False)
    ] = None,
    time_scale: Annotated[
        float | None, typer.Option("--time-scale", metavar="N", help="Let it go N times as fast")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the machine's time")] = False,
) -> None:
    """Show or move the time of events and queues

    lamb clock
    lamb clock +6h  # what was due within six hours is due now
    lamb clock --time-scale 60  # a minute in a second
    lamb clock --reset

    Retries, event ages, delays and visibility timeouts go by it; functions and logs keep the machine's.
    """
    session: Session = ctx.obj
    events = session.client.events
    if ahead is None and time_scale is None and not reset:
        _print(session, events.clock())
        return
    advance_ms = None
    if ahead is not None:
        if not ahead.startswith("+"):
            raise UsageFault(f"`{ahead}` does not set a clock ahead", hint="e.g. `lamb clock +6h`")
        advance_ms = round(seconds(ahead[1:]) * 1000)
    _print(session, events.set_clock(advance_ms=advance_ms, scale=time_scale, reset=reset))


def _print(session: Session, document: dict[str, Any]) -> None:
    if session.as_json:
        session.out.json(document)
        return
    session.out.line(document["Now"])
    ahead_s, scale = document["AheadMs"] / 1000, document["Scale"]
    told = [f"{short(ahead_s)} ahead"] if round(ahead_s) > 0 else []
    told += [f"{short(-ahead_s)} behind"] if round(ahead_s) < 0 else []
    told += [f"{scale:g} times as fast"] if scale != 1 else []
    session.out.receipt(", ".join(told) or "the machine's time", "·")
