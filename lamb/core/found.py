"""What references name, and AWS's words for what is not there or not ready."""

from __future__ import annotations

import re

from lamb.model.errors import InvalidParameterValue, PreconditionFailed, ResourceConflict, ResourceNotFound
from lamb.model.function import Alias
from lamb.model.limits import ALIAS_NAME_MAX
from lamb.model.names import ALIAS_PATTERN, LATEST, FunctionKey, Reference, is_version_number
from lamb.model.queue import Queue, QueueKey
from lamb.model.queue_errors import QueueDoesNotExist
from lamb.model.topic import TopicKey
from lamb.model.topic_errors import NotFound
from lamb.model.wire import new_id
from lamb.store import aliases, functions, queues, topics, versions
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow
from lamb.store.topics import TopicRow
from lamb.store.versions import Record

_NOT_NOW = "The operation cannot be performed at this time."
# No version number has more digits; SQL's integers would not hold it either.
_DIGITS_MAX = 9


def new_revision() -> str:
    return new_id()


def function(tx: Tx, key: FunctionKey, shown_arn: str | None = None) -> FunctionRow:
    """Raises ResourceNotFound, which shows `shown_arn` or else the bare ARN."""
    row = functions.find(tx, key)
    if row is None:
        raise not_found(shown_arn or key.arn)
    return row


def latest(tx: Tx, ref: Reference) -> Record:
    """`$LATEST`, for operations that change or publish it and that take no other version."""
    record = versions.find(tx, ref.key, 0)
    if record is None:
        raise not_found(ref.arn)
    if ref.qualifier not in (None, LATEST):
        raise InvalidParameterValue(f"Only {LATEST} can be changed or published, not {ref.qualifier}")
    return record


def number_of(label: str) -> int | None:
    """`$LATEST` → 0, `7` → 7, None for what is no version's label."""
    if label == LATEST:
        return 0
    if is_version_number(label) and len(label) <= _DIGITS_MAX and not label.startswith("0"):
        return int(label)
    return None


def version(tx: Tx, key: FunctionKey, label: str) -> Record:
    """The version of that label. Raises ResourceNotFound with the qualified ARN."""
    number = number_of(label)
    record = None if number is None else versions.find(tx, key, number)
    if record is None:
        raise not_found(key.qualified(label))
    return record


def timeout_s(tx: Tx, ref: Reference) -> int:
    """Of the function, version or alias that is referred to. Raises ResourceNotFound."""
    label = ref.qualifier or LATEST
    if number_of(label) is None:
        named = alias(tx, function(tx, ref.key, ref.effective_arn), label)
        if named is None:
            raise not_found(ref.effective_arn)
        label = named.version
    return version(tx, ref.key, label).version.configuration.timeout_s


def queue(tx: Tx, key: QueueKey | None) -> Queue:
    """None: what was no queue's URL or ARN. Raises QueueDoesNotExist."""
    row = None if key is None else queues.find(tx, key)
    if row is None:
        raise QueueDoesNotExist
    return row


def topic(tx: Tx, key: TopicKey) -> TopicRow:
    """Raises NotFound."""
    row = topics.find(tx, key)
    if row is None:
        raise NotFound
    return row


def alias(tx: Tx, row: FunctionRow, name: str) -> Alias | None:
    return aliases.find(tx, row, name) if is_alias_name(name) else None


def is_alias_name(name: str) -> bool:
    return len(name) <= ALIAS_NAME_MAX and re.fullmatch(ALIAS_PATTERN, name, re.ASCII) is not None


def not_found(shown_arn: str) -> ResourceNotFound:
    return ResourceNotFound(f"Function not found: {shown_arn}")


def refuse_qualified(ref: Reference) -> None:
    """What belongs to a whole function is not asked of a version or an alias."""
    if ref.qualifier is not None:
        raise InvalidParameterValue(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )


def refuse_stale(revision_id: str | None, current: str) -> None:
    """The RevisionId guard of changes; None guards nothing."""
    if revision_id is not None and revision_id != current:
        raise PreconditionFailed


def refuse_unsettled(record: Record) -> None:
    """What changes a version waits until the change before has settled."""
    if record.version.status.state == "Pending":
        refuse_inactive(record)
    refuse_updating(record)


def refuse_updating(record: Record) -> None:
    if record.version.status.last_update == "InProgress":
        raise ResourceConflict(f"{_NOT_NOW} An update is in progress for resource: {record.version.key.arn}")


def refuse_inactive(record: Record) -> None:
    """Only an active version can be invoked or published."""
    state = record.version.status.state
    if state != "Active":
        raise ResourceConflict(f"{_NOT_NOW} The function is currently in the following state: {state}")
