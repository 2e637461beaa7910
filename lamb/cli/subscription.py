"""`lamb topic subscribe`, `unsubscribe`, `subscriptions`: who gets what is published to a topic."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.faults import UsageFault
from lamb.cli.grants import grant, revoke, statement_id
from lamb.cli.queue_messages import named
from lamb.cli.session import Session
from lamb.cli.topic_names import Topic, arn_of, bare_name, missing, print_one, topic_arn
from lamb.model.errors import ResourceNotFound

app = typer.Typer()

ToQueue = Annotated[str | None, typer.Option("--queue", metavar="QUEUE", help="A queue: name or ARN")]
ToFunction = Annotated[
    str | None,
    typer.Option("--function", metavar="FUNCTION", help="A function: `NAME`, `NAME:ALIAS` or ARN"),
]


@app.command("subscribe")
def subscribe(
    ctx: typer.Context,
    topic: Topic,
    queue: ToQueue = None,
    function: ToFunction = None,
    filter_policy: Annotated[
        str | None, typer.Option("--filter", metavar="JSON", help="Only messages that match this policy")
    ] = None,
    filter_body: Annotated[
        bool, typer.Option("--filter-body", help="The policy is about the body, not about attributes")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The bare message, without SNS's envelope")] = False,
    dead_letters: Annotated[
        str | None,
        typer.Option("--dead-letters", metavar="QUEUE", help="A queue for what cannot be delivered"),
    ] = None,
) -> None:
    """Have a queue or a function get what is published, and print the subscription's ARN

    lamb topic subscribe alarms --queue inbox --raw
    lamb topic subscribe alarms --function hello:prod --filter '{"severity": ["high"]}'
    lamb topic subscribe alarms --queue inbox --filter '{"free": [{"numeric": ["<", 5]}]}' --filter-body

    A function is told to let the topic in, as AWS's console does it (`lamb permission list`).
    """
    session: Session = ctx.obj
    protocol, endpoint = _endpoint(session, queue, function)
    wanted = {
        "RawMessageDelivery": "true" if raw else None,
        "FilterPolicy": filter_policy,
        "FilterPolicyScope": "MessageBody" if filter_body else None,
        "RedrivePolicy": _redrive(session, dead_letters),
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    # SNS takes what is not there yet; a slip of the pen should not go unnoticed here.
    if protocol == "lambda":
        session.client.get(endpoint)
    for name in (queue, dead_letters):
        if name is not None and not name.startswith("arn:"):
            with named(session, name):
                session.client.queues.attributes(name)
    try:
        arn = session.client.topics.subscribe(topic_arn(session, topic), protocol, endpoint, given)
    except ResourceNotFound as error:
        raise missing(session, error, topic) from None
    print_one(session, "SubscriptionArn", arn)
    if protocol == "lambda" and grant(session, endpoint, _permission(session, topic)):
        session.out.receipt(
            f"{bare_name(topic)} may invoke {bare_name(endpoint)}: "
            f"`lamb permission list {bare_name(endpoint)}`"
        )
    session.out.receipt(f"{bare_name(endpoint)} gets what is published to {bare_name(topic)}")


@app.command("unsubscribe")
def unsubscribe(
    ctx: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help="Topic name or ARN, or a subscription's ARN", show_default=False
        ),
    ],
    queue: ToQueue = None,
    function: ToFunction = None,
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """End a subscription

    lamb topic unsubscribe alarms --queue inbox
    lamb topic unsubscribe alarms --function hello:prod --ignore-not-found
    lamb topic unsubscribe arn:aws:sns:us-east-1:123456789012:alarms:7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
    """
    session: Session = ctx.obj
    try:
        arn = _subscription(session, topic, queue, function)
    except ResourceNotFound as error:
        if not ignore_not_found:
            raise missing(session, error, topic) from None
        session.out.receipt("there is no such subscription", "·")
        return
    session.client.topics.unsubscribe(arn)
    if function is not None:
        revoke(session, arn_of(session, "function", function), _permission(session, topic)["StatementId"])
    if session.as_json:
        session.out.json({"Unsubscribed": arn})
    session.out.receipt(f"unsubscribed {arn}")


@app.command("subscriptions")
def subscriptions(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="Only those of this topic", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="ARNs only")] = False,
) -> None:
    """List subscriptions

    lamb topic subscriptions
    lamb topic subscriptions alarms
    lamb topic subscriptions alarms -q | xargs -n1 lamb topic unsubscribe
    """
    session: Session = ctx.obj
    try:
        found = list(
            session.client.topics.subscriptions(None if topic is None else topic_arn(session, topic))
        )
    except ResourceNotFound as error:
        raise missing(session, error, topic or "") from None
    if session.as_json:
        session.out.json({"Subscriptions": found})
    elif quiet:
        for row in found:
            session.out.line(row["SubscriptionArn"])
    else:
        columns = ("topic", "protocol", "endpoint", "filter", "arn")
        session.out.table(columns, [_summary(session, row) for row in found])


def _endpoint(session: Session, queue: str | None, function: str | None) -> tuple[str, str]:
    """Protocol and ARN."""
    if (queue is None) is (function is None):
        raise UsageFault("A subscriber is either --queue or --function")
    if queue is not None:
        return "sqs", arn_of(session, "queue", queue)
    return "lambda", arn_of(session, "function", function or "")


def _subscription(session: Session, topic: str, queue: str | None, function: str | None) -> str:
    """The ARN of the subscription that is meant. Raises ResourceNotFound."""
    if queue is None and function is None:
        if topic.count(":") != 6:
            raise UsageFault(f"`{topic}` is no subscription", hint="name its --queue or --function, too")
        session.client.topics.subscription(topic)
        return topic
    _, endpoint = _endpoint(session, queue, function)
    for row in session.client.topics.subscriptions(topic_arn(session, topic)):
        if row["Endpoint"] == endpoint:
            return str(row["SubscriptionArn"])
    raise ResourceNotFound(
        f"{bare_name(endpoint)} does not subscribe to {bare_name(topic)}",
        hint=f"`lamb topic subscriptions {bare_name(topic)}` lists those that do",
    )


def _permission(session: Session, topic: str) -> dict[str, str]:
    """What AWS's console adds when it subscribes a function."""
    arn = topic_arn(session, topic)
    return {
        "StatementId": statement_id("sns", bare_name(arn)),
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": arn,
    }


def _redrive(session: Session, dead_letters: str | None) -> str | None:
    if dead_letters is None:
        return None
    return f'{{"deadLetterTargetArn":"{arn_of(session, "queue", dead_letters)}"}}'


def _summary(session: Session, row: dict[str, Any]) -> tuple[Any, ...]:
    attributes = session.client.topics.subscription(row["SubscriptionArn"])
    policy = attributes.get("FilterPolicy")
    return (
        bare_name(row["TopicArn"]),
        row["Protocol"] + (" raw" if attributes.get("RawMessageDelivery") == "true" else ""),
        bare_name(row["Endpoint"]),
        policy,
        row["SubscriptionArn"],
    )
