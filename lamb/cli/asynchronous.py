"""`lamb async`: how a function takes asynchronous events."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.destination import target_arn
from lamb.cli.durations import seconds, short
from lamb.cli.faults import UsageFault
from lamb.cli.session import Session
from lamb.model.limits import EVENT_AGE_MAX_S, EVENT_RETRIES_MAX

app = typer.Typer()


@app.command("async")
def asynchronous(
    ctx: typer.Context,
    function: options.Reference,
    retries: Annotated[
        int | None, typer.Option("--retries", metavar="N", help="0 to 2, after one minute and two")
    ] = None,
    max_age: Annotated[
        str | None, typer.Option("--max-age", metavar="DURATION", help="60s to 6h, then it is given up")
    ] = None,
    on_success: Annotated[
        str | None, typer.Option("--on-success", metavar="TO", help="Where the record of a success goes")
    ] = None,
    on_failure: Annotated[
        str | None, typer.Option("--on-failure", metavar="TO", help="Where the record of a failure goes")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Back to the defaults")] = False,
) -> None:
    """Show or change how asynchronous events are retried, and where their records go

    lamb async hello
    lamb async hello --retries 1 --max-age 1h
    lamb async hello --on-failure queue:failed --on-success function:audit
    lamb async hello:prod --on-failure arn:aws:sns:us-east-1:123456789012:alarms  # prod's events only
    lamb async hello --on-failure ''  # nowhere any more

    TO is queue:NAME, topic:NAME, function:NAME or an ARN.
    """
    session: Session = ctx.obj
    body = _body(session, retries, max_age, on_success, on_failure)
    if clear:
        if body:
            raise UsageFault("--clear stands alone")
        session.client.events.clear_config(function)
        _print(session, function, None)
    elif body:
        _print(session, function, session.client.events.configure(function, body))
    else:
        _print(session, function, session.client.events.config(function))


def _body(
    session: Session,
    retries: int | None,
    max_age: str | None,
    on_success: str | None,
    on_failure: str | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if retries is not None:
        body["MaximumRetryAttempts"] = retries
    if max_age is not None:
        body["MaximumEventAgeInSeconds"] = round(seconds(max_age))
    for member, to in (("OnSuccess", on_success), ("OnFailure", on_failure)):
        if to is not None:
            body.setdefault("DestinationConfig", {})[member] = {"Destination": target_arn(session, to)}
    return body


def _print(session: Session, function: str, document: dict[str, Any] | None) -> None:
    if session.as_json:
        session.out.json(document or {})
        return
    document = document or {}
    destinations = document.get("DestinationConfig", {})
    session.out.pairs(
        [
            ("function", document.get("FunctionArn", function)),
            ("retries", document.get("MaximumRetryAttempts", EVENT_RETRIES_MAX)),
            ("max age", short(document.get("MaximumEventAgeInSeconds", EVENT_AGE_MAX_S))),
            ("on success", destinations.get("OnSuccess", {}).get("Destination", "-")),
            ("on failure", destinations.get("OnFailure", {}).get("Destination", "-")),
        ]
    )
