"""Messages of local queues on the command line: `lamb queue send`, `receive` and `peek`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lamb.cli.faults import UsageFault, WaitExpired
from lamb.cli.output import nearest
from lamb.cli.session import Session
from lamb.model.queue_errors import QueueDoesNotExist

app = typer.Typer()

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="Queue name", show_default=False)]
# One long poll; SQS waits no longer.
_POLL_MAX_S = 20
_BATCH_MAX = 10


@app.command("send")
def send(
    ctx: typer.Context,
    queue: Queue,
    body: Annotated[
        str, typer.Argument(metavar="BODY", help="Text, @FILE, or - for stdin", show_default=False)
    ],
    attributes: Annotated[
        list[str] | None,
        typer.Option("-a", "--attribute", metavar="NAME=VALUE", help="A message attribute, as a String"),
    ] = None,
    delay: Annotated[
        int | None, typer.Option("--delay", metavar="SECONDS", help="It can be received after this")
    ] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="ID", help="Its message group")] = None,
    dedup: Annotated[
        str | None, typer.Option("--dedup", metavar="ID", help="FIFO: what it is known again by")
    ] = None,
) -> None:
    """Send a message and print its id

    lamb queue send orders '{"id": 7}' -a kind=new
    lamb queue send orders @order.json --delay 30
    jq -c .order event.json | lamb queue send orders -
    lamb queue send orders.fifo hello --group customer-7 --dedup 42
    """
    session: Session = ctx.obj
    message: dict[str, Any] = {
        "MessageBody": message_text(session, body),
        "MessageAttributes": dict(map(_attribute, attributes or [])),
        "DelaySeconds": delay,
        "MessageGroupId": group,
        "MessageDeduplicationId": dedup,
    }
    with named(session, queue):
        sent = session.client.queues.send(queue, message)
    if session.as_json:
        session.out.json(sent)
    else:
        session.out.line(sent["MessageId"])


@app.command("receive")
def receive(
    ctx: typer.Context,
    queue: Queue,
    most: Annotated[int, typer.Option("--max", metavar="N", help="At most so many", min=1)] = 1,
    wait: Annotated[
        int, typer.Option("--wait", metavar="SECONDS", help="Wait so long for the first", min=0)
    ] = 0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not delete them; they come again after a while")
    ] = False,
) -> None:
    """Receive messages, print their bodies, delete them

    lamb queue receive orders
    lamb queue receive orders --max 10 --wait 20
    lamb queue receive orders --keep --json | jq '.Messages[].Attributes'

    They are deleted when they have been printed. Exit code 124 when nothing came within --wait.
    """
    session: Session = ctx.obj
    found: list[dict[str, Any]] = []
    with named(session, queue):
        for messages in _batches(session, queue, most, wait):
            found += messages
            if not session.as_json:
                for message in messages:
                    session.out.line(message["Body"])
                session.out.stdout.flush()
                _delete(session, queue, messages, keep=keep)
    if session.as_json:
        session.out.json({"Messages": found})
        session.out.stdout.flush()
        _delete(session, queue, found, keep=keep)
    if wait and not found:
        raise WaitExpired(f"No message came to `{queue}` within {wait} s")


@app.command("peek")
def peek(
    ctx: typer.Context,
    queue: Queue,
    most: Annotated[
        int, typer.Option("-n", "--max", metavar="N", help="At most so many", min=1, max=1000)
    ] = 10,
) -> None:
    """Print the bodies of messages without receiving them

    lamb queue peek orders
    lamb queue peek orders -n 100 --json | jq '.Messages[].Attributes'

    Also those that are in flight or delayed, in the order in which they came.
    """
    session: Session = ctx.obj
    with named(session, queue):
        found = session.client.queues.peek(queue, most)
    if session.as_json:
        session.out.json({"Messages": found})
        return
    for message in found:
        session.out.line(message["Body"])


@contextmanager
def named(session: Session, name: str) -> Iterator[None]:
    """SQS does not say which queue does not exist, and knows of none that is called nearly so."""
    try:
        yield
    except QueueDoesNotExist as error:
        known = session.client.complete("queues")
        hint = nearest(name, known, "`lamb queue list` shows the queues of this home")
        error.message, error.hint = f"There is no queue `{name}`", hint
        raise


def _batches(session: Session, queue: str, most: int, wait_s: int) -> Iterator[list[dict[str, Any]]]:
    """What one receive after the other gives, until there is enough or no more."""
    left = most
    while left:
        poll_s = min(wait_s, _POLL_MAX_S)
        wait_s -= poll_s
        messages = list(session.client.queues.receive(queue, min(left, _BATCH_MAX), poll_s))
        if messages:
            yield messages
            left -= len(messages)
            wait_s = 0
        elif not wait_s:
            return


def _delete(session: Session, queue: str, messages: list[dict[str, Any]], *, keep: bool) -> None:
    for start in range(0, 0 if keep else len(messages), _BATCH_MAX):
        session.client.queues.delete_messages(queue, messages[start : start + _BATCH_MAX])


def message_text(session: Session, text: str) -> str:
    """Text, `@FILE`, or `-` for stdin, whose last line end is none of its own."""
    if text == "-":
        return session.stdin.read().removesuffix("\n")
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise UsageFault(f"`{text[1:]}` cannot be read: {why}") from error


def _attribute(text: str) -> tuple[str, dict[str, str]]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageFault(f"`{text}` is no attribute", hint="e.g. `-a kind=new`")
    return name, {"DataType": "String", "StringValue": value}
