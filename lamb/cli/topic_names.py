"""Names of topics as people write them, and what is said when there is none of that name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli.destination import target_arn
from lamb.cli.output import nearest
from lamb.cli.session import Session
from lamb.model.errors import ResourceNotFound

Topic = Annotated[str, typer.Argument(metavar="TOPIC", help="Topic name or ARN", show_default=False)]


def arn_of(session: Session, kind: str, name: str) -> str:
    """The ARN of a `queue`, `topic` or `function` of this account; an ARN as it is."""
    return name if name.startswith("arn:") else str(target_arn(session, f"{kind}:{name}"))


def topic_arn(session: Session, topic: str) -> str:
    return arn_of(session, "topic", topic)


def bare_name(arn: str) -> str:
    """The last part of an ARN; for a function, with its qualifier."""
    return arn.rpartition(":function:")[2].split(":", 5)[-1]


def missing(session: Session, error: ResourceNotFound, topic: str) -> ResourceNotFound:
    """SNS names nothing that it does not find; a person should see the name, and the near one."""
    if error.message != "Topic does not exist":
        return error
    known = [bare_name(arn) for arn in session.client.topics.list()]
    hint = nearest(bare_name(topic), known, "`lamb topic list` shows the topics of this home")
    return ResourceNotFound(f"There is no topic `{bare_name(topic)}`", hint=hint)


def print_one(session: Session, member: str, value: str, document: dict[str, Any] | None = None) -> None:
    if session.as_json:
        session.out.json(document or {member: value})
    else:
        session.out.line(value)
