"""The attributes of queues: which there are, what each may be, how they are shown."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from lamb.model.queue import NUMBERS, Queue, QueueKey, parse_arn
from lamb.model.queue_errors import InvalidAttributeName, InvalidAttributeValue, invalid
from lamb.store import queues
from lamb.store.database import Tx
from lamb.store.messages import Counts

Changes = Mapping[str, str | None]
"""None: the attribute is no longer set."""

_BOOLEANS = ("true", "false")
_CHOICES = {
    "FifoQueue": ("true",),
    "SqsManagedSseEnabled": _BOOLEANS,
    "ContentBasedDeduplication": _BOOLEANS,
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
_OF_FIFO = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_REUSE_S = range(60, 86_401)
_REUSE_DEFAULT_S = "300"
_RECEIVES = range(1, 1001)
_PERMISSIONS = ("allowAll", "denyAll", "byQueue")
_SOURCES_MAX = 10
_REMOVABLE = ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId")
_SETTABLE = {*NUMBERS, *_CHOICES, *_REMOVABLE, "KmsDataKeyReusePeriodSeconds"}
_TOLD = {
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
}
_TWO_KEYS = (
    "You can use one type of server-side encryption (SSE) at one time. "
    "You can either enable KMS SSE or SQS SSE."
)


def accept(
    tx: Tx, key: QueueKey, given: Mapping[str, str], before: Mapping[str, str], *, creating: bool = True
) -> Changes:
    """The given attributes as they are to be stored. `before`: what the queue has now.

    Raises InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue.
    """
    for name in given:
        if name not in _SETTABLE or (name in _OF_FIFO and not key.fifo):
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
        if name == "FifoQueue" and not creating and given[name] != "true":
            raise InvalidAttributeValue(
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
            )
    changes = {name: _accepted(tx, key, name, value) for name, value in given.items()}
    after = without_removed({**before, **changes})
    if given.get("SqsManagedSseEnabled") == "true" and "KmsMasterKeyId" in after:
        raise InvalidAttributeName(_TWO_KEYS)
    if "KmsMasterKeyId" in after and "KmsMasterKeyId" in given:
        changes["SqsManagedSseEnabled"] = "false"
    per_group = after.get("FifoThroughputLimit") == "perMessageGroupId"
    if per_group and after.get("DeduplicationScope") != "messageGroup":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only "
            "when the value for DeduplicationScope is messageGroup."
        )
    return changes


def without_removed(changes: Changes) -> dict[str, str]:
    return {name: value for name, value in changes.items() if value is not None}


def first_difference(queue: Queue, wanted: Changes) -> str | None:
    """The first attribute that this queue has another value of."""
    told = shown(queue, None)
    return next((name for name, value in wanted.items() if told.get(name) != value), None)


def refuse_unknown(names: Collection[str]) -> None:
    for name in names:
        if name not in _SETTABLE | _TOLD | {"All"}:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")


def shown(queue: Queue, counts: Counts | None) -> dict[str, str]:
    """As GetQueueAttributes has them; the numbers of messages only where they were counted."""
    told = {
        "QueueArn": queue.key.arn,
        "CreatedTimestamp": str(queue.created_ms // 1000),
        "LastModifiedTimestamp": str(queue.modified_ms // 1000),
        **{name: str(queue.number(name)) for name in NUMBERS},
        "SqsManagedSseEnabled": "true",
    }
    if queue.key.fifo:
        told["ContentBasedDeduplication"] = "false"
        told["DeduplicationScope"] = "queue"
        told["FifoThroughputLimit"] = "perQueue"
    if "KmsMasterKeyId" in queue.attributes:
        told["KmsDataKeyReusePeriodSeconds"] = _REUSE_DEFAULT_S
    if counts is not None:
        told["ApproximateNumberOfMessages"] = str(counts.visible)
        told["ApproximateNumberOfMessagesNotVisible"] = str(counts.in_flight)
        told["ApproximateNumberOfMessagesDelayed"] = str(counts.delayed)
    return {**told, **queue.attributes}


def _accepted(tx: Tx, key: QueueKey, name: str, value: str) -> str | None:
    if name in _REMOVABLE and not value:
        return None
    if name in NUMBERS or name == "KmsDataKeyReusePeriodSeconds":
        allowed = NUMBERS[name].allowed if name in NUMBERS else _REUSE_S
        if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) in allowed):
            raise _bad(name)
        return str(int(value))
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise _bad(name)
        return value
    if name == "RedrivePolicy":
        return _redrive_policy(tx, key, value)
    if name == "RedriveAllowPolicy":
        return _redrive_allow_policy(value)
    if name == "Policy" and _map(value) is None:
        raise _bad(name)
    return value


def _redrive_policy(tx: Tx, key: QueueKey, text: str) -> str:
    def refusal(reason: str) -> Exception:
        return invalid("RedrivePolicy", text, reason)

    policy = _map(text)
    if policy is None:
        raise refusal("Redrive policy is not a valid JSON map.")
    for name in ("deadLetterTargetArn", "maxReceiveCount"):
        if name not in policy:
            raise refusal(f"Redrive policy does not contain mandatory attribute: {name}.")
    count = str(policy["maxReceiveCount"])
    if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count) in _RECEIVES):
        raise refusal(
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        )
    trouble = _trouble_with(tx, key, str(policy["deadLetterTargetArn"]))
    if trouble is not None:
        raise refusal(trouble)
    return _compact({"deadLetterTargetArn": policy["deadLetterTargetArn"], "maxReceiveCount": int(count)})


def _trouble_with(tx: Tx, key: QueueKey, arn: str) -> str | None:
    """Why this is no dead-letter queue for that one."""
    target = parse_arn(arn)
    if target is None:
        return "Invalid value for deadLetterTargetArn."
    if (target.account, target.region) != (key.account, key.region):
        return "Dead-letter target owner should be same as the source."
    there = queues.find(tx, target)
    if there is None:
        return "Dead letter target does not exist."
    if target.fifo != key.fifo:
        return "Dead-letter queue must be same type of queue as the source."
    if not there.takes_dead_letters_of(key):
        return "The redrive allow policy of the dead-letter queue does not permit this source."
    return None


def _redrive_allow_policy(text: str) -> str:
    policy = _map(text)
    sources = None if policy is None else policy.get("sourceQueueArns")
    if policy is None or policy.get("redrivePermission") not in _PERMISSIONS:
        raise invalid("RedriveAllowPolicy", text, "Amazon SQS can't create the redrive allow policy.")
    by_queue = policy["redrivePermission"] == "byQueue"
    listed = isinstance(sources, list) and 1 <= len(sources) <= _SOURCES_MAX
    if by_queue != listed or (sources is not None and not by_queue):
        reason = "sourceQueueArns lists 1 to 10 queues when redrivePermission is byQueue, and only then."
        raise invalid("RedriveAllowPolicy", text, reason)
    return _compact(policy)


def _map(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _bad(name: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {name}.")
