"""Queues as values: their names, their attributes, and what those mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from lamb.model.limits import MESSAGE_MAX_BYTES
from lamb.model.names import Place

# CreateQueue: "Up to 80 characters, valid values: alphanumeric characters, hyphens, and underscores",
# and ".fifo" at the end of a FIFO queue's.
NAME = re.compile(r"[a-zA-Z0-9_-]{1,80}", re.ASCII)
FIFO_SUFFIX = ".fifo"
_ARN = re.compile(
    r"arn:aws[a-z-]*:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[\w.-]+)", re.ASCII
)


class Number(NamedTuple):
    """An attribute that is a whole number."""

    default: int
    allowed: range


# SetQueueAttributes, the list of attributes with their defaults and bounds.
NUMBERS: Mapping[str, Number] = {
    "DelaySeconds": Number(0, range(901)),
    "MaximumMessageSize": Number(MESSAGE_MAX_BYTES, range(1024, MESSAGE_MAX_BYTES + 1)),
    "MessageRetentionPeriod": Number(345_600, range(60, 1_209_601)),
    "ReceiveMessageWaitTimeSeconds": Number(0, range(21)),
    "VisibilityTimeout": Number(30, range(43_201)),
}


class QueueKey(NamedTuple):
    """One queue: its account, region and name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"

    @property
    def fifo(self) -> bool:
        return self.name.endswith(FIFO_SUFFIX)

    @property
    def path(self) -> str:
        """What a queue's URL has behind host and port."""
        return f"/{self.account}/{self.name}"


class Redrive(NamedTuple):
    """A redrive policy: after `max_receives`, a message goes to `target_arn` instead."""

    target_arn: str
    max_receives: int


class Queue(NamedTuple):
    id: int
    key: QueueKey
    attributes: Mapping[str, str]
    """Those that were set, in AWS's names and words."""
    tags: Mapping[str, str]
    created_ms: int
    modified_ms: int
    purged_ms: int | None = None

    def number(self, name: str) -> int:
        """One of NUMBERS."""
        return int(self.attributes.get(name, NUMBERS[name].default))

    def ms(self, name: str) -> int:
        """The same, for those that are seconds."""
        return self.number(name) * 1000

    def on(self, name: str) -> bool:
        return self.attributes.get(name) == "true"

    @property
    def redrive(self) -> Redrive | None:
        if "RedrivePolicy" not in self.attributes:
            return None
        policy = json.loads(self.attributes["RedrivePolicy"])
        return Redrive(policy["deadLetterTargetArn"], int(policy["maxReceiveCount"]))

    def takes_dead_letters_of(self, source: QueueKey) -> bool:
        """What RedriveAllowPolicy says; without one, everybody may."""
        policy = json.loads(self.attributes.get("RedriveAllowPolicy", "{}"))
        permission = policy.get("redrivePermission", "allowAll")
        return permission == "allowAll" or (
            permission == "byQueue" and source.arn in policy.get("sourceQueueArns", [])
        )


def parse_arn(arn: str) -> QueueKey | None:
    """None for what is no queue's ARN."""
    match = _ARN.fullmatch(arn)
    return None if match is None else QueueKey(match["account"], match["region"], match["name"])


def parse_url(url: str, place: Place) -> QueueKey | None:
    """A queue URL, whatever host it names: `…/<account>/<name>`. A bare name is one of `place`."""
    scheme, _, rest = url.rpartition("://")
    path = rest.partition("/")[2] if scheme else rest
    *above, name = [segment for segment in path.split("/") if segment] or [""]
    if not above and not scheme:
        return QueueKey(place.account, place.region, name)
    return QueueKey(above[-1], place.region, name) if above and above[-1].isdigit() else None
