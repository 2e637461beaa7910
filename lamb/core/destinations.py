"""Where records and dead letters go: to local queues, topics and functions in the event's own transaction."""

from __future__ import annotations

from lamb.core import events, found, queues, topics
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, LambError, ResourceNotFound
from lamb.model.events import Delivery
from lamb.model.names import FunctionKey, Place, parse_reference
from lamb.model.queue import parse_arn
from lamb.model.topic import local_topic
from lamb.store import functions
from lamb.store.database import Tx

# Services that a destination may name; what is not kept here goes to an endpoint that the settings name.
SERVICES = ("sqs", "sns", "lambda", "events", "s3")
ENDPOINTS = {
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "sns": "AWS_ENDPOINT_URL_SNS",
    "events": "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "s3": "AWS_ENDPOINT_URL_S3",
    # Of the keys that functions name for their variables.
    "kms": "AWS_ENDPOINT_URL_KMS",
}
"""The variable, as the SDKs call it, that names where a service is."""


def service(arn: str) -> str:
    """`sqs` of `arn:aws:sqs:…`; "" for what is no ARN."""
    parts = arn.split(":", 3)
    return parts[2] if len(parts) > 3 and parts[0] == "arn" else ""


def deliver(core: Core, tx: Tx, delivery: Delivery) -> None:
    """Make one local delivery in the caller's transaction. Raises ResourceNotFound, LambError."""
    attributes = {name: {"DataType": kind, "StringValue": value} for name, kind, value in delivery.attributes}
    body = delivery.body.decode("utf-8", "replace")
    kind = service(delivery.arn)
    if kind == "sqs":
        queues.deliver(tx, delivery.arn, body, attributes)
        # Before the commit, and yet not too early: a receive waits for the writer's turn.
        core.arrived(delivery.arn)
    elif kind == "sns":
        topics.deliver(core, tx, delivery.arn, body, attributes)
    elif kind == "lambda":
        events.accept(core, tx, delivery.arn, delivery.body, delivery.trace_id)
    else:
        raise LambError(f"lamb has no {kind or 'such'} destination of its own: {delivery.arn}")


def refuse_unusable(core: Core, tx: Tx, key: FunctionKey, member: str, arn: str) -> None:
    """Raise InvalidParameterValue for a destination that could never be reached."""
    kind = service(arn)
    allowed = SERVICES if member == "onFailure" else SERVICES[:-1]
    if kind not in allowed:
        given = f"On{member[2:]}(destination={arn})"
        inside = (
            f"onSuccess={given}, onFailure=null"
            if member == "onSuccess"
            else f"onSuccess=null, onFailure={given}"
        )
        raise InvalidParameterValue(
            f"The provided destination config DestinationConfig({inside}) is invalid."
        )
    if kind == "lambda":
        try:
            other = parse_reference(arn, Place(key.account, key.region)).key
        except LambError as error:
            raise InvalidParameterValue(f"The destination ARN {arn} is invalid.") from error
        if other == key:
            raise InvalidParameterValue("You can't specify the function as a destination for itself.")
        there = functions.find(tx, other) is not None
    else:
        there = kind in core.remote_services or _kept_here(tx, kind, arn)
    if not there:
        raise InvalidParameterValue(f"The destination ARN {arn} is invalid.", hint=_way_to(kind))


def refuse_dead_letter(core: Core, tx: Tx, arn: str) -> None:
    """Raise InvalidParameterValue for a dead-letter target that is not there."""
    kind = service(arn)
    if kind not in ("sqs", "sns"):
        raise InvalidParameterValue(f"The dead-letter target {arn} is neither a queue nor a topic")
    if kind not in core.remote_services and not _kept_here(tx, kind, arn):
        # AWS learns it by calling the service with the function's role, and says so.
        call = "SendMessage on SQS" if kind == "sqs" else "Publish on SNS"
        raise InvalidParameterValue(
            f"The provided execution role does not have permissions to call {call}: there is no {arn}",
            hint=_way_to(kind),
        )


def _kept_here(tx: Tx, kind: str, arn: str) -> bool:
    try:
        if kind == "sqs":
            found.queue(tx, parse_arn(arn))
        elif kind == "sns":
            found.topic(tx, local_topic(arn))
        else:
            return False
    except ResourceNotFound:
        return False
    return True


def _way_to(kind: str) -> str:
    if kind in ("sqs", "sns"):
        noun = "queue" if kind == "sqs" else "topic"
        return f"`lamb {noun} create` makes one here; {ENDPOINTS[kind]} names a real service"
    if kind == "lambda":
        return "`lamb list` shows the functions that are there"
    return f"set {ENDPOINTS[kind]} to the endpoint of that service"
