"""`lamb events …`: what was sent asynchronously, and what became of it."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Literal

import typer

from lamb.cli.output import size
from lamb.cli.session import Session

app = typer.Typer(
    name="events",
    help="""What was sent asynchronously, and what became of it

    lamb events list hello --state failed
    lamb events show 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
    lamb events replay 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1 --on 7
    """,
)

_TONES = {"succeeded": "green", "failed": "red", "queued": "yellow", "running": "cyan", "cancelled": "dim"}

RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request id", show_default=False)]


@app.command("list")
def list_(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only those of this function", show_default=False)
    ] = None,
    state: Annotated[
        Literal["queued", "succeeded", "failed", "cancelled"] | None,
        typer.Option("--state", help="Only those in this state; `failed` are the dead letters"),
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", metavar="N", help="At the most", min=1)] = 50,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Request ids only")] = False,
) -> None:
    """List events, the newest first

    lamb events list
    lamb events list hello --state failed
    lamb events list hello --state failed -q | xargs -n1 lamb events replay
    """
    session: Session = ctx.obj
    found = list(islice(session.client.events.list(function=name, state=state), limit))
    if session.as_json:
        session.out.json({"Events": found})
    elif quiet:
        for event in found:
            session.out.line(event["RequestId"])
    else:
        columns = ("id", "function", "state", "received", "runs", "what")
        session.out.table(columns, [_summary(session, event) for event in found])


@app.command("show")
def show(ctx: typer.Context, request_id: RequestId) -> None:
    """Show an event with its payload

    lamb events show 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
    lamb events show $id --json | jq -r .Payload
    """
    session: Session = ctx.obj
    document = session.client.events.show(request_id)
    if session.as_json:
        session.out.json(document)
        return
    names = {
        "RequestId": "id", "FunctionArn": "function", "State": "state", "ReceivedAt": "received",
        "DueAt": "due", "FinishedAt": "finished", "Runs": "runs", "Retries": "retries",
        "Throttles": "throttles", "Condition": "condition", "ExecutedVersion": "version", "Error": "error",
        "Payload": "payload", "PayloadBase64": "payload (base64)",
    }  # fmt: skip
    told = {name: document.get(member) for member, name in names.items()}
    session.out.pairs((name, value) for name, value in told.items() if value not in (None, ""))


@app.command("cancel")
def cancel(ctx: typer.Context, request_id: RequestId) -> None:
    """Cancel an event that is not over

    lamb events cancel 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1

    An attempt that runs already is not interrupted, but nothing comes of it.
    """
    session: Session = ctx.obj
    document = session.client.events.cancel(request_id)
    if session.as_json:
        session.out.json(document)
    session.out.receipt(f"cancelled {request_id}")


@app.command("replay")
def replay(
    ctx: typer.Context,
    request_ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Request ids of dead letters", show_default=False)
    ],
    on: Annotated[
        str | None, typer.Option("--on", metavar="VERSION", help="On another version or alias")
    ] = None,
) -> None:
    """Send dead letters again, and print the new request ids

    lamb events replay 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
    lamb events replay $id --on 7  # on the version that mends it
    """
    session: Session = ctx.obj
    replayed = {old: session.client.events.replay(old, on=on) for old in request_ids}
    if session.as_json:
        session.out.json({"Replayed": replayed})
        return
    for new in replayed.values():
        session.out.line(new)


def _summary(session: Session, event: dict[str, Any]) -> tuple[Any, ...]:
    out, state = session.out, event["State"]
    what = "" if state == "succeeded" else event.get("Error") or event.get("Condition") or ""
    if not what and "DueAt" in event:
        what = f"due {event['DueAt'][11:19]}"
    return (
        event["RequestId"],
        event["FunctionArn"].rpartition(":function:")[2],
        out.style(state, _TONES[state], stream=out.stdout),
        # The day is for scripts: a line of a terminal is short.
        event["ReceivedAt"][11:19] if out.terminal else event["ReceivedAt"][:19].replace("T", " "),
        event["Runs"],
        what[:80] or (size(event["PayloadSize"]) if event["PayloadSize"] else ""),
    )
