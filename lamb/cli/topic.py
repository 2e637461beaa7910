"""`lamb topic …`: local topics, which publish to queues and functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from lamb.cli import options, subscription
from lamb.cli.faults import Refusal, UsageFault
from lamb.cli.function import agreed
from lamb.cli.queue_messages import message_text
from lamb.cli.session import Session
from lamb.cli.topic_names import Topic, bare_name, missing, print_one, topic_arn
from lamb.model.errors import InvalidParameterValue, ResourceNotFound

app = typer.Typer(
    name="topic",
    help="""Local topics: one message for many queues and functions

    lamb topic create alarms
    lamb topic subscribe alarms --function hello
    lamb topic publish alarms 'disk full'
    """,
)

Attributes = Annotated[
    list[str] | None,
    typer.Option("-a", "--attribute", metavar="NAME=VALUE", help="A message attribute; may stand repeatedly"),
]


@app.command("create")
def create(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC-NAME", help="With .fifo at its end, it keeps order", show_default=False
        ),
    ],
    attributes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An attribute in SNS's words; may stand repeatedly"),
    ] = None,
    if_not_exists: options.IfNotExists = False,
) -> None:
    """Create a topic and print its ARN

    lamb topic create alarms
    lamb topic create orders.fifo --set ContentBasedDeduplication=true  # FIFO, as its name says
    lamb topic create alarms --if-not-exists
    """
    session: Session = ctx.obj
    wanted = _pairs("--set", attributes)
    if name.endswith(".fifo"):
        wanted.setdefault("FifoTopic", "true")
    if not if_not_exists and _exists(session, name):
        raise Refusal(f"Topic {name} exists already", hint="`--if-not-exists` leaves it as it is")
    arn = session.client.topics.create(name, wanted)
    print_one(session, "TopicArn", arn)
    session.out.receipt(f"created the topic {name}")


@app.command("list")
def list_(ctx: typer.Context, quiet: options.Quiet = False) -> None:
    """List topics

    lamb topic list
    lamb topic list -q | xargs -n1 lamb topic delete --yes
    """
    session: Session = ctx.obj
    arns = list(session.client.topics.list())
    if session.as_json:
        session.out.json({"Topics": [{"TopicArn": arn} for arn in arns]})
    elif quiet:
        for arn in arns:
            session.out.line(bare_name(arn))
    else:
        session.out.table(("topic", "arn"), [(bare_name(arn), arn) for arn in arns])
        if not arns and session.out.attended:
            session.out.note("no topics yet")
            session.out.hint("`lamb topic create alarms`")


@app.command("show")
def show(ctx: typer.Context, topic: Topic) -> None:
    """Show a topic's attributes and tags

    lamb topic show alarms
    lamb topic show alarms --json | jq -r .Attributes.SubscriptionsConfirmed
    """
    session: Session = ctx.obj
    arn = topic_arn(session, topic)
    attributes = _there(session, arn)
    tags = session.client.topics.tags(arn)
    if session.as_json:
        session.out.json({"Attributes": attributes, "Tags": tags})
        return
    session.out.pairs([*sorted(attributes.items()), *((f"tag {key}", value) for key, value in tags.items())])


@app.command("publish")
def publish(
    ctx: typer.Context,
    topic: Topic,
    message: Annotated[
        str | None,
        typer.Argument(metavar="MESSAGE", help="The text, @FILE, or - for stdin", show_default=False),
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="TEXT")] = None,
    attributes: Attributes = None,
    group: Annotated[str | None, typer.Option("--group", metavar="ID", help="Its message group")] = None,
    dedup: Annotated[
        str | None, typer.Option("--dedup", metavar="ID", help="FIFO: what it is known again by")
    ] = None,
    per_protocol: Annotated[
        bool, typer.Option("--per-protocol", help='The message is {"default": …, "sqs": …, "lambda": …}')
    ] = False,
) -> None:
    """Publish a message to all subscribers and print its id

    lamb topic publish alarms 'disk full' --subject warning
    lamb topic publish alarms -a severity=high < report.json
    lamb topic publish orders.fifo @order.json --group customer-7 --dedup order-1
    """
    session: Session = ctx.obj
    further = {
        "Subject": subject,
        "MessageGroupId": group,
        "MessageDeduplicationId": dedup,
        "MessageStructure": "json" if per_protocol else None,
    }
    text = _message(session, message)
    named = _pairs("--attribute", attributes)
    try:
        document = session.client.topics.publish(topic_arn(session, topic), text, named, further)
    except ResourceNotFound as error:
        raise missing(session, error, topic) from None
    print_one(session, "MessageId", document["MessageId"], document)
    session.out.receipt(f"published to {bare_name(topic)}")


@app.command("delete")
def delete(
    ctx: typer.Context,
    topic: Topic,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete a topic and its subscriptions

    lamb topic delete alarms
    lamb topic delete alarms --yes --ignore-not-found  # in scripts
    """
    session: Session = ctx.obj
    arn = topic_arn(session, topic)
    try:
        # AWS deletes what is not there without a word; a person should know.
        count = int(_there(session, arn)["SubscriptionsConfirmed"])
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{topic} does not exist", "·")
        return
    loss = f"the topic {bare_name(arn)} and its {count} subscription{'' if count == 1 else 's'}"
    if dry_run:
        session.out.json({"WouldDelete": loss}) if session.as_json else session.out.line(loss)
        return
    if not (yes or agreed(session, loss)):
        raise typer.Abort
    session.client.topics.delete(arn)
    if session.as_json:
        session.out.json({"Deleted": arn})
    session.out.receipt(f"deleted {loss}")


app.registered_commands.extend(subscription.app.registered_commands)


def _there(session: Session, arn: str) -> dict[str, str]:
    """A topic's attributes. Raises ResourceNotFound with the name that was meant."""
    try:
        return session.client.topics.attributes(arn)
    except ResourceNotFound as error:
        raise missing(session, error, arn) from None


def _exists(session: Session, name: str) -> bool:
    try:
        session.client.topics.attributes(topic_arn(session, name))
    except (ResourceNotFound, InvalidParameterValue):  # what is wrong with a name, CreateTopic says better
        return False
    return True


def _pairs(flag: str, given: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageFault(f"`{flag} {text}` is no NAME=VALUE")
        pairs[name] = value
    return pairs


def _message(session: Session, given: str | None) -> str:
    if given is None and session.stdin.isatty():
        raise UsageFault("There is no message", hint="as an argument, or on stdin")
    return message_text(session, given or "-")
