"""Queues: made, changed, listed, emptied, deleted; and the way in for whoever holds a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lamb.core import found, messages, pages, queue_attributes
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue
from lamb.model.limits import PURGE_AGAIN_S
from lamb.model.message import Attributes, Message, NewMessage
from lamb.model.names import Place
from lamb.model.queue import FIFO_SUFFIX, NAME, Queue, QueueKey, parse_arn
from lamb.model.queue_errors import InvalidAttributeName, PurgeQueueInProgress, QueueNameExists
from lamb.model.requests import Page
from lamb.store import messages as message_rows
from lamb.store import queues as rows
from lamb.store.database import Tx

_PAGE_MAX = 1000
_ALL = 1 << 31


def deliver(
    tx: Tx,
    arn: str,
    body: str,
    attributes: Attributes | None = None,
    *,
    group_id: str | None = None,
    deduplication_id: str | None = None,
) -> str:
    """Put one message into the local queue with that ARN, within the caller's transaction. Its message id.

    `attributes`: in AWS's JSON shape, `{"Name": {"DataType": "String", "StringValue": "x"}}`. Whoever has
    committed calls `core.arrived(arn)`. Raises ResourceNotFound for a queue that is not there, and
    InvalidParameterValue for what SendMessage would refuse (a FIFO queue wants `group_id`).
    """
    queue = found.queue(tx, parse_arn(arn))
    message = NewMessage(body, attributes or {}, group_id=group_id, deduplication_id=deduplication_id)
    return messages.put(tx, queue, message).message_id


def create(core: Core, key: QueueKey, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
    """One that is there already is no error if it has these attributes.

    Raises QueueNameExists, InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue.
    """
    _refuse_name(key, attributes)
    with core.database.transaction() as tx:
        there = rows.find(tx, key)
        wanted = queue_attributes.accept(tx, key, attributes, {} if there is None else there.attributes)
        if there is None:
            return rows.add(tx, key, queue_attributes.without_removed(wanted), tags)
        different = queue_attributes.first_difference(there, wanted)
        if different is not None:
            raise QueueNameExists(
                f"A queue already exists with the same name and a different value for attribute {different}"
            )
        return there


def get(core: Core, key: QueueKey | None) -> Queue:
    """Raises QueueDoesNotExist."""
    with core.database.reading() as tx:
        return found.queue(tx, key)


def list_queues(core: Core, place: Place, prefix: str, page: Page) -> tuple[list[Queue], str | None]:
    """By name, and the NextToken. Without MaxResults there is no token, and at most a thousand queues."""
    (after,) = pages.start(page, [""])
    most = _PAGE_MAX if page.max_items is None else page.max_items
    with core.database.reading() as tx:
        listed = rows.page(tx, place, after, most + 1, prefix=prefix)
    if page.max_items is None or len(listed) <= most:
        return listed[:most], None
    return listed[:most], pages.marker([listed[most - 1].key.name])


def names(core: Core, place: Place) -> list[str]:
    """Of all queues."""
    with core.database.reading() as tx:
        return [queue.key.name for queue in rows.page(tx, place, "", _ALL)]


def attributes_of(core: Core, key: QueueKey | None, wanted: Collection[str]) -> dict[str, str]:
    """Those that were asked for and are set. Raises QueueDoesNotExist, InvalidAttributeName."""
    queue_attributes.refuse_unknown(wanted)
    with core.database.reading() as tx:
        queue = found.queue(tx, key)
        counted = "All" in wanted or any(name.startswith("ApproximateNumber") for name in wanted)
        counts = message_rows.count(tx, queue.id) if counted else None
    told = queue_attributes.shown(queue, counts)
    return {name: value for name, value in told.items() if "All" in wanted or name in wanted}


def set_attributes(core: Core, key: QueueKey | None, attributes: Mapping[str, str]) -> None:
    """Only those given change. Raises as `create`, and QueueDoesNotExist."""
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        changes = queue_attributes.accept(tx, queue.key, attributes, queue.attributes, creating=False)
        merged = queue_attributes.without_removed({**queue.attributes, **changes})
        rows.set_attributes(tx, queue.id, merged)
        after = Queue(queue.id, queue.key, merged, queue.tags, queue.created_ms, tx.now_ms)
        if after.number("MessageRetentionPeriod") != queue.number("MessageRetentionPeriod"):
            message_rows.keep_for(tx, queue.id, after.ms("MessageRetentionPeriod"))
        # sqs-delay-queues: changing it is retroactive for FIFO queues, and for no others.
        if queue.key.fifo and after.number("DelaySeconds") != queue.number("DelaySeconds"):
            message_rows.delay_by(tx, queue.id, after.ms("DelaySeconds"))
    core.arrived(queue.key.arn)


def delete(core: Core, key: QueueKey | None) -> None:
    """With its messages. Raises QueueDoesNotExist."""
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        rows.delete(tx, queue.id)
    # Whoever waits there is told that it is gone.
    core.arrived(queue.key.arn)


def purge(core: Core, key: QueueKey | None) -> None:
    """Raises QueueDoesNotExist, and PurgeQueueInProgress within a minute of the last one."""
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        if queue.purged_ms is not None and tx.now_ms < queue.purged_ms + PURGE_AGAIN_S * 1000:
            raise PurgeQueueInProgress(
                f"Only one PurgeQueue operation on {queue.key.name} is allowed every 60 seconds."
            )
        message_rows.purge(tx, queue.id)
        rows.set_purged(tx, queue.id)


def peek(core: Core, key: QueueKey | None, most: int) -> tuple[Queue, list[Message]]:
    """The first messages in the order of arrival, received by nobody. Raises QueueDoesNotExist."""
    with core.database.reading() as tx:
        queue = found.queue(tx, key)
        return queue, message_rows.first(tx, queue.id, most)


def tag(core: Core, key: QueueKey | None, tags: Mapping[str, str]) -> None:
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        rows.set_tags(tx, queue.id, {**queue.tags, **tags})


def untag(core: Core, key: QueueKey | None, names: Collection[str]) -> None:
    """Tags that are not there are no error."""
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        rows.set_tags(tx, queue.id, {n: value for n, value in queue.tags.items() if n not in names})


def _refuse_name(key: QueueKey, attributes: Mapping[str, str]) -> None:
    if attributes.get("FifoQueue") == "true":
        if not key.fifo or not NAME.fullmatch(key.name.removesuffix(FIFO_SUFFIX)) or len(key.name) > 80:
            raise InvalidParameterValue(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                "must end with .fifo suffix and be 1 to 80 in length."
            )
        return
    if not NAME.fullmatch(key.name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    if "FifoQueue" in attributes:
        raise InvalidAttributeName("Unknown Attribute FifoQueue.")
