"""Destinations as people write them: `queue:failed`, `topic:alarms`, `function:audit`, or an ARN."""

from __future__ import annotations

from lamb.cli.faults import UsageFault
from lamb.cli.session import Session

_KINDS = {"queue": "sqs", "topic": "sns", "function": "lambda"}


def target_arn(session: Session, text: str | None) -> str | None:
    """`queue:NAME`, `topic:NAME` or `function:NAME` as an ARN of this account; others as they are."""
    if text is None:
        return None
    kind, _, name = text.partition(":")
    if not text or kind == "arn":
        return text
    if kind not in _KINDS or not name:
        raise UsageFault(
            f"`{text}` is no destination", hint="queue:NAME, topic:NAME, function:NAME or an ARN"
        )
    settings = session.settings
    noun = "function:" if kind == "function" else ""
    return f"arn:aws:{_KINDS[kind]}:{settings.region}:{settings.account}:{noun}{name}"
