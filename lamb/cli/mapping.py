"""`lamb mapping …`: event source mappings, which give functions what queues and streams hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lamb.cli import options
from lamb.cli.faults import UsageFault
from lamb.cli.function import agreed
from lamb.cli.session import Session
from lamb.model.errors import ResourceNotFound

app = typer.Typer(
    name="mapping",
    help="""Event source mappings: which queue or stream goes to which function

    lamb mapping create hello --queue orders
    lamb mapping list hello
    lamb mapping update 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --disable
    """,
)

Uuid = Annotated[str, typer.Argument(metavar="MAPPING", help="Its UUID", show_default=False)]
Batch = Annotated[int | None, typer.Option("--batch", metavar="N", help="Records in one event, at most")]
Window = Annotated[
    int | None, typer.Option("--window", metavar="SECONDS", help="Wait so long for a batch to fill")
]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", metavar="PATTERN", help="Only records that match this JSON; may be repeated"),
]
Partial = Annotated[
    bool | None,
    typer.Option("--partial/--whole", help="The function says which records failed; else a batch is one"),
]
MaxConcurrency = Annotated[
    int | None, typer.Option("--max-concurrency", metavar="N", help="Of a queue: so many batches at a time")
]
Retries = Annotated[
    int | None,
    typer.Option("--retries", metavar="N", help="Of a stream: then a batch is given up; -1: never"),
]


@app.command("create")
def create(
    ctx: typer.Context,
    function: options.Reference,
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="QUEUE", help="A local queue, by its name")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="ARN", help="A queue or stream, by its ARN")
    ] = None,
    start: Annotated[
        Literal["latest", "trim-horizon"] | None,
        typer.Option(
            "--from", help="Where reading a stream begins: with what comes, or with all that is there"
        ),
    ] = None,
    batch: Batch = None,
    window: Window = None,
    filters: Filters = None,
    partial: Partial = None,
    max_concurrency: MaxConcurrency = None,
    retries: Retries = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Read nothing yet")] = False,
    no_wait: options.NoWait = False,
) -> None:
    """Give a function what a queue or stream holds, and print the mapping's UUID

    lamb mapping create hello --queue orders
    lamb mapping create hello:prod --queue orders --batch 5 --partial
    lamb mapping create hello --queue orders --filter '{"body": {"kind": ["new"]}}'
    lamb mapping create hello --source arn:aws:kinesis:us-east-1:123456789012:stream/s --from latest
    """
    session: Session = ctx.obj
    if (queue is None) == (source is None):
        raise UsageFault("Say what is read", hint="exactly one of --queue QUEUE and --source ARN")
    arn = source if queue is None else session.client.queues.attributes(queue)["QueueArn"]
    body = _settings(batch, window, filters, partial=partial)
    _limits(body, max_concurrency, retries)
    body.update({"FunctionName": function, "EventSourceArn": arn})
    if start is not None:
        body["StartingPosition"] = start.upper().replace("-", "_")
    if disabled:
        body["Enabled"] = False
    made = session.client.mappings.create(body)
    _print(session, _awaited(session, made, wait=not no_wait), made["UUID"])
    session.out.receipt(f"{arn} → {function}")


@app.command("list")
def list_(
    ctx: typer.Context,
    function: Annotated[
        str | None, typer.Argument(metavar="FUNCTION", help="Only those of this function", show_default=False)
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """List event source mappings

    lamb mapping list
    lamb mapping list hello -q | xargs -n1 lamb mapping delete --yes
    """
    session: Session = ctx.obj
    told = list(session.client.mappings.list(function))
    if session.as_json:
        session.out.json({"EventSourceMappings": told})
        return
    if quiet:
        for mapping in told:
            session.out.line(mapping["UUID"])
        return
    session.out.table(
        ("mapping", "source", "function", "state", "batch"),
        [(m["UUID"], _source(m), _short(m["FunctionArn"]), m["State"], m["BatchSize"]) for m in told],
    )
    if not told and session.out.attended:
        session.out.note("no event source mappings yet")
        session.out.hint("`lamb mapping create FUNCTION --queue QUEUE`")


@app.command("show")
def show(ctx: typer.Context, mapping: Uuid) -> None:
    """Show an event source mapping

    lamb mapping show 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1
    lamb mapping show 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --json | jq -r .State
    """
    session: Session = ctx.obj
    document = session.client.mappings.get(mapping)
    if session.as_json:
        session.out.json(document)
    else:
        session.out.pairs(sorted(document.items()))


@app.command("update")
def update(
    ctx: typer.Context,
    mapping: Uuid,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Read the source, or stop reading it")
    ] = None,
    function: Annotated[
        str | None, typer.Option("--function", metavar="FUNCTION", help="Who gets the records from now on")
    ] = None,
    batch: Batch = None,
    window: Window = None,
    filters: Filters = None,
    no_filter: Annotated[bool, typer.Option("--no-filter", help="Take all records again")] = False,
    partial: Partial = None,
    max_concurrency: MaxConcurrency = None,
    retries: Retries = None,
    no_wait: options.NoWait = False,
) -> None:
    """Change an event source mapping

    lamb mapping update 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --disable
    lamb mapping update 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --batch 100 --window 5
    """
    session: Session = ctx.obj
    body = _settings(batch, window, filters, partial=partial)
    _limits(body, max_concurrency, retries)
    if no_filter:
        if filters:
            raise UsageFault("--filter and --no-filter contradict each other")
        body["FilterCriteria"] = {}
    if enable is not None:
        body["Enabled"] = enable
    if function is not None:
        body["FunctionName"] = function
    if not body:
        raise UsageFault("Say what to change", hint="e.g. --disable, or --batch 5")
    changed = session.client.mappings.update(mapping, body)
    changed = _awaited(session, changed, wait=not no_wait)
    _print(session, changed, None)
    session.out.receipt(f"{mapping} is {changed['State'].lower()}")


@app.command("delete")
def delete(
    ctx: typer.Context,
    mapping: Uuid,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
    no_wait: options.NoWait = False,
) -> None:
    """Delete an event source mapping; source and function stay

    lamb mapping delete 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1
    lamb mapping delete 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --yes --ignore-not-found
    """
    session: Session = ctx.obj
    try:
        document = session.client.mappings.get(mapping)
        between = f"{_source(document)} → {_short(document['FunctionArn'])}"
        if not (yes or agreed(session, f"the mapping {mapping} ({between})")):
            raise typer.Abort
        session.client.mappings.delete(mapping)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{mapping} does not exist", "·")
        return
    if not no_wait:
        session.client.mappings.settled(mapping)
    if session.as_json:
        session.out.json({"Deleted": document["EventSourceMappingArn"]})
    session.out.receipt(f"deleted the mapping {mapping} ({between})")


def _settings(
    batch: int | None, window: int | None, filters: list[str] | None, *, partial: bool | None
) -> dict[str, Any]:
    """The members that are given."""
    body: dict[str, Any] = {"BatchSize": batch, "MaximumBatchingWindowInSeconds": window}
    if filters:
        body["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in filters]}
    if partial is not None:
        body["FunctionResponseTypes"] = ["ReportBatchItemFailures"] if partial else []
    return {member: value for member, value in body.items() if value is not None}


def _limits(body: dict[str, Any], max_concurrency: int | None, retries: int | None) -> None:
    if max_concurrency is not None:
        body["ScalingConfig"] = {"MaximumConcurrency": max_concurrency}
    if retries is not None:
        body["MaximumRetryAttempts"] = retries


def _awaited(session: Session, document: dict[str, Any], *, wait: bool) -> dict[str, Any]:
    if not wait:
        return document
    session.client.mappings.settled(document["UUID"])
    return session.client.mappings.get(document["UUID"])


def _print(session: Session, document: dict[str, Any], line: str | None) -> None:
    if session.as_json:
        session.out.json(document)
    elif line is not None:
        session.out.line(line)


def _source(mapping: dict[str, Any]) -> str:
    """`sqs:orders`, `kinesis:stream/s`; the topic of a Kafka cluster of one's own."""
    arn = mapping.get("EventSourceArn")
    if arn is None:
        return f"kafka:{mapping['Topics'][0]}"
    parts = arn.split(":", 5)
    return f"{parts[2]}:{parts[5]}"


def _short(function_arn: str) -> str:
    """`hello:prod` of an ARN."""
    return function_arn.split(":function:")[1]
