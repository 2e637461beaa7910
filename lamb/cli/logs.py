"""`lamb logs`: what functions print, and AWS's own lines around it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Annotated

import typer

from lamb.cli import options
from lamb.cli.durations import span_ms
from lamb.cli.faults import UsageFault
from lamb.cli.session import Session
from lamb.model.clock import SystemClock, iso_z

app = typer.Typer()

_PLATFORM = ("INIT_START ", "START RequestId:", "END RequestId:", "REPORT RequestId:")


@app.command("logs")
def logs(
    ctx: typer.Context,
    function: options.Reference,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what comes")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="10m, 2h, 1d or 2026-01-31T12:00:00Z")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option("--request-id", metavar="ID", help="Only this invocation")
    ] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", metavar="TEXT", help="Only lines with this text")
    ] = None,
    times: Annotated[
        bool, typer.Option("-t", "--times", help="Time and log stream before each line")
    ] = False,
) -> None:
    """Print a function's log lines, also while it runs

    lamb logs hello
    lamb logs hello -f --since 10m
    lamb logs hello --request-id 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
    lamb logs hello --grep ERROR --json | jq -r .message
    """
    session: Session = ctx.obj
    since_ms = None if since is None else moment_ms(since, SystemClock().now_ms())
    entries = session.client.logs(
        function, follow=follow, since_ms=since_ms, request_id=request_id, grep=grep
    )
    print_entries(session, entries, times=times)


def print_entries(session: Session, entries: Iterable[dict[str, object]], *, times: bool) -> None:
    """One line an entry, each written at once: someone may be waiting for it."""
    out = session.out
    for entry in entries:
        if session.as_json:
            out.json_line(entry)
        else:
            message = str(entry["message"]).rstrip("\n")
            if message.startswith(_PLATFORM):
                message = out.style(message.rstrip(), "dim", stream=out.stdout)
            if times:
                stamp = out.style(iso_z(int(str(entry["timestamp"]))), "cyan", stream=out.stdout)
                message = f"{stamp} {entry['stream']} {message}"
            out.line(message)
        out.stdout.flush()


def moment_ms(text: str, now_ms: int) -> int:
    """`10m` ago, or an ISO 8601 time (UTC unless it says otherwise), in milliseconds since the epoch."""
    ago_ms = span_ms(text)
    if ago_ms is not None:
        return now_ms - ago_ms
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UsageFault(f"`{text}` is no time", hint="e.g. 30s, 10m, 2h, 1d, 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)
