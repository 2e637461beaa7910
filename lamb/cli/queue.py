"""`lamb queue …`: local queues, which boto3 and functions reach as SQS."""

from __future__ import annotations

from typing import Annotated

import typer

from lamb.cli import options, queue_messages
from lamb.cli.faults import Refusal
from lamb.cli.function import agreed
from lamb.cli.queue_messages import Queue, named
from lamb.cli.session import Session
from lamb.model.errors import ResourceNotFound
from lamb.model.queue_errors import QueueDoesNotExist

app = typer.Typer(
    name="queue",
    help="""Local queues: SQS for boto3 and for functions

    lamb queue create orders
    lamb queue send orders '{"id": 7}'
    lamb queue receive orders
    lamb queue create orders.fifo --dead-letters failed.fifo --max-receives 3
    """,
)


@app.command("create")
def create(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="QUEUE-NAME", help="With .fifo at its end, it keeps order", show_default=False
        ),
    ],
    visibility: Annotated[
        int | None, typer.Option("--visibility", metavar="SECONDS", help="In flight for so long; else 30")
    ] = None,
    delay: Annotated[
        int | None, typer.Option("--delay", metavar="SECONDS", help="Messages can be received after this")
    ] = None,
    retention: Annotated[
        int | None, typer.Option("--retention", metavar="SECONDS", help="Messages live so long; else 4 days")
    ] = None,
    dead_letters: Annotated[
        str | None, typer.Option("--dead-letters", metavar="QUEUE", help="Where messages go in the end")
    ] = None,
    max_receives: Annotated[
        int, typer.Option("--max-receives", metavar="N", help="Receives before that")
    ] = 3,
    by_content: Annotated[
        bool, typer.Option("--by-content", help="FIFO: the same body within five minutes is the same message")
    ] = False,
    if_not_exists: options.IfNotExists = False,
) -> None:
    """Make a queue and print its ARN

    lamb queue create orders
    lamb queue create orders --dead-letters failed --max-receives 5
    lamb queue create orders.fifo --by-content --if-not-exists
    """
    session: Session = ctx.obj
    attributes = {
        "VisibilityTimeout": visibility,
        "DelaySeconds": delay,
        "MessageRetentionPeriod": retention,
        "ContentBasedDeduplication": "true" if by_content else None,
        "FifoQueue": "true" if name.endswith(".fifo") else None,
    }
    given = {key: str(value) for key, value in attributes.items() if value is not None}
    if dead_letters is not None:
        given["RedrivePolicy"] = _redrive_policy(session, dead_letters, max_receives)
    made = not _exists(session, name)
    if made:
        session.client.queues.create(name, given)
    elif not if_not_exists:
        raise Refusal(f"There is a queue `{name}` already", hint="`--if-not-exists` is content with it")
    arn = session.client.queues.attributes(name)["QueueArn"]
    if session.as_json:
        session.out.json({"QueueName": name, "QueueArn": arn})
    else:
        session.out.line(arn)
    session.out.receipt(f"made the queue {name}" if made else f"{name} exists", "✓" if made else "·")


@app.command("list")
def list_(ctx: typer.Context, quiet: options.Quiet = False) -> None:
    """List queues with how many messages each has

    lamb queue list
    lamb queue list -q | xargs -n1 lamb queue delete --yes
    """
    session: Session = ctx.obj
    names = list(session.client.queues.list())
    if quiet and not session.as_json:
        for name in names:
            session.out.line(name)
        return
    told = [{"QueueName": name, **session.client.queues.attributes(name)} for name in names]
    if session.as_json:
        session.out.json({"Queues": told})
        return
    session.out.table(
        ("queue", "messages", "in flight", "delayed", "dead letters"),
        [(queue["QueueName"], *_numbers(queue), _dead_letters(queue)) for queue in told],
    )
    if not told and session.out.attended:
        session.out.note("no queues yet")
        session.out.hint("`lamb queue create orders`")


@app.command("show")
def show(ctx: typer.Context, queue: Queue) -> None:
    """Show a queue's attributes

    lamb queue show orders
    lamb queue show orders --json | jq -r .QueueArn
    """
    session: Session = ctx.obj
    with named(session, queue):
        told = session.client.queues.attributes(queue)
    if session.as_json:
        session.out.json({"QueueName": queue, **told})
    else:
        session.out.pairs([("name", queue), *sorted(told.items())])


app.registered_commands.extend(queue_messages.app.registered_commands)


@app.command("purge")
def purge(ctx: typer.Context, queue: Queue, yes: options.Yes = False) -> None:
    """Delete all messages of a queue

    lamb queue purge orders
    lamb queue purge orders --yes
    """
    session: Session = ctx.obj
    with named(session, queue):
        loss = f"{_messages(session, queue)} of {queue}"
        if not (yes or agreed(session, loss)):
            raise typer.Abort
        session.client.queues.purge(queue)
    if session.as_json:
        session.out.json({"Purged": queue})
    session.out.receipt(f"deleted {loss}")


@app.command("redrive")
def redrive(
    ctx: typer.Context,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The dead-letter queue", show_default=False)],
    to: Annotated[
        str | None, typer.Option("--to", metavar="QUEUE", help="Not where they came from, but there")
    ] = None,
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="N", help="At most so many a second, up to 500")
    ] = None,
) -> None:
    """Move dead letters back, and print the task's handle

    lamb queue redrive failed
    lamb queue redrive failed --to orders --rate 10

    The daemon moves them in the background, also when it was stopped meanwhile.
    """
    session: Session = ctx.obj
    with named(session, queue):
        source = session.client.queues.attributes(queue)
    with named(session, to or queue):
        destination = None if to is None else session.client.queues.attributes(to)["QueueArn"]
    handle = session.client.queues.redrive(source["QueueArn"], destination, rate)
    if session.as_json:
        session.out.json({"TaskHandle": handle})
    else:
        session.out.line(handle)
    session.out.receipt(f"moving {source['ApproximateNumberOfMessages']} messages of {queue}")


@app.command("delete")
def delete(
    ctx: typer.Context,
    queue: Queue,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """Delete a queue and its messages

    lamb queue delete orders
    lamb queue delete orders --yes --ignore-not-found
    """
    session: Session = ctx.obj
    try:
        with named(session, queue):
            loss = f"the queue {queue} and {_messages(session, queue)}"
            if not (yes or agreed(session, loss)):
                raise typer.Abort
            session.client.queues.delete(queue)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{queue} does not exist", "·")
        return
    if session.as_json:
        session.out.json({"Deleted": queue})
    session.out.receipt(f"deleted {loss}")


def _exists(session: Session, name: str) -> bool:
    try:
        session.client.queues.attributes(name)
    except QueueDoesNotExist:
        return False
    return True


def _redrive_policy(session: Session, queue: str, receives: int) -> str:
    import json  # noqa: PLC0415 -- only this option pays for it

    with named(session, queue):
        arn = session.client.queues.attributes(queue)["QueueArn"]
    return json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})


def _numbers(told: dict[str, str]) -> tuple[str, ...]:
    """Messages that can be received, in flight, delayed."""
    return tuple(told[f"ApproximateNumberOfMessages{which}"] for which in ("", "NotVisible", "Delayed"))


def _dead_letters(told: dict[str, str]) -> str:
    if "RedrivePolicy" not in told:
        return ""
    import json  # noqa: PLC0415 -- only such queues pay for it

    policy = json.loads(told["RedrivePolicy"])
    return f"{policy['deadLetterTargetArn'].rpartition(':')[2]} after {policy['maxReceiveCount']}"


def _messages(session: Session, queue: str) -> str:
    count = sum(map(int, _numbers(session.client.queues.attributes(queue))))
    return f"{count} message{'' if count == 1 else 's'}"
