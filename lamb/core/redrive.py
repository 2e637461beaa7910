"""Back from a dead-letter queue: message move tasks, a bounded number of messages in each transaction.

A task is a row that says how far it has come: whoever finds it there, also the next daemon, goes on.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import NamedTuple

from lamb.core import found, pages
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.limits import MOVES_PER_SECOND_MAX
from lamb.model.message import Message
from lamb.model.queue import Queue, QueueKey, parse_arn
from lamb.model.queue_errors import QueueDoesNotExist, invalid
from lamb.model.requests import Page
from lamb.model.wire import new_id
from lamb.store import messages, move_tasks, queues
from lamb.store.database import Tx
from lamb.store.move_tasks import CANCELLED, COMPLETED, FAILED, RUNNING, MoveTask

__all__ = ["RUNNING", "MoveTask", "Step", "cancel", "running", "sources", "start", "step", "tasks"]

_AT_ONCE = 100
_PAGE_MAX = 1000


class Step(NamedTuple):
    """What one transaction of a task came to."""

    next_ms: int | None
    """When to go on; None: the task is over."""


def sources(core: Core, key: QueueKey | None, page: Page) -> tuple[list[QueueKey], str | None]:
    """The queues whose dead letters come here, by name, and the NextToken. Raises QueueDoesNotExist."""
    (after,) = pages.start(page, [""])
    most = _PAGE_MAX if page.max_items is None else page.max_items
    with core.database.reading() as tx:
        queue = found.queue(tx, key)
        names = [source.key for source in queues.sources_of(tx, queue.key) if source.key.name > after]
    more = page.max_items is not None and len(names) > most
    return names[:most], pages.marker([names[most - 1].name]) if more else None


def start(core: Core, source_arn: str, destination_arn: str | None, rate: int | None) -> MoveTask:
    """`rate`: messages a second. Raises ResourceNotFound and InvalidParameterValue."""
    if rate is not None and not 1 <= rate <= MOVES_PER_SECOND_MAX:
        reason = f"Must be between 1 and {MOVES_PER_SECOND_MAX}, if provided."
        raise invalid("MaxNumberOfMessagesPerSecond", rate, reason)
    with core.database.transaction() as tx:
        source = _there(tx, source_arn, "SourceArn")
        if next(queues.sources_of(tx, source.key), None) is None:
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        if destination_arn is not None:
            destination = _there(tx, destination_arn, "DestinationArn")
            if destination.id == source.id or destination.key.fifo != source.key.fifo:
                raise InvalidParameterValue(
                    "Value for parameter DestinationArn is invalid. "
                    "Reason: it must be another queue of the same type as the source."
                )
        if any(task.status == RUNNING for task in move_tasks.of_queue(tx, source.id, 1)):
            raise InvalidParameterValue(
                "There is already a task running. Only one active task is allowed for a source queue arn "
                "at a given time."
            )
        return move_tasks.add(
            tx,
            MoveTask(
                id=0,
                queue_id=source.id,
                handle=_handle(source_arn),
                destination_arn=destination_arn,
                rate=rate,
                status=RUNNING,
                started_ms=tx.now_ms,
                to_move=messages.count(tx, source.id).visible,
                moved=0,
                failure=None,
            ),
        )


def cancel(core: Core, handle: str) -> int:
    """How many messages were moved until then. Raises ResourceNotFound and InvalidParameterValue."""
    told = _opened(handle)
    with core.database.transaction() as tx:
        _there(tx, str(told.get("sourceArn", "")), "SourceArn")
        task = move_tasks.by_handle(tx, handle)
        if task is None:
            raise ResourceNotFound("Task does not exist.")
        if task.status != RUNNING:
            raise InvalidParameterValue("Only active tasks can be cancelled.")
        move_tasks.change(tx, task.id, status=CANCELLED)
    return task.moved


def tasks(core: Core, source_arn: str, most: int) -> list[MoveTask]:
    """Newest first. Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return move_tasks.of_queue(tx, _there(tx, source_arn, "SourceArn").id, most)


def running(core: Core) -> list[int]:
    """The tasks that somebody must go on with."""
    with core.database.reading() as tx:
        return [task.id for task in move_tasks.running(tx)]


def step(core: Core, task_id: int) -> Step:
    """Move what may be moved now, at most a hundred messages."""
    arrived: set[str] = set()
    with core.database.transaction() as tx:
        task = move_tasks.find(tx, task_id)
        if task is None or task.status != RUNNING:
            return Step(None)
        quota, next_ms = _allowance(tx, task)
        wanted = min(quota, _AT_ONCE, task.to_move - task.moved)
        moved, failure, seen = 0, None, messages.receivable(tx, task.queue_id, wanted)
        for message in seen:
            try:
                arrived.add(_move(tx, task, message))
            except (QueueDoesNotExist, _NoWayBack) as error:
                failure = error.reason if isinstance(error, _NoWayBack) else error.query_code
                break
            moved += 1
        over = failure is None and (len(seen) < wanted or task.moved + moved >= task.to_move)
        status = FAILED if failure else COMPLETED if over else RUNNING
        move_tasks.change(tx, task.id, moved=task.moved + moved, status=status, failure=failure)
    for arn in arrived:
        core.arrived(arn)
    return Step(next_ms if status == RUNNING else None)


class _NoWayBack(Exception):
    """A message was sent to the dead-letter queue itself"""

    reason = "CouldNotDetermineMessageSource"


def _allowance(tx: Tx, task: MoveTask) -> tuple[int, int]:
    """How many may go now, and when to look again."""
    if task.rate is None:
        return _AT_ONCE, tx.now_ms
    seconds = max(0, tx.now_ms - task.started_ms) // 1000 + 1
    return max(0, task.rate * seconds - task.moved), task.started_ms + seconds * 1000


def _move(tx: Tx, task: MoveTask, message: Message) -> str:
    """As a new message, which it is to SQS: with another id, its age beginning anew. The ARN where it is."""
    arn = task.destination_arn or message.system_attributes.get("DeadLetterQueueSourceArn")
    if arn is None:
        raise _NoWayBack
    queue = found.queue(tx, parse_arn(arn))
    expires_ms = tx.now_ms + queue.ms("MessageRetentionPeriod")
    row = messages.row(
        queue.id,
        new_id(),
        message.body,
        sent_ms=tx.now_ms,
        visible_ms=tx.now_ms,
        expires_ms=expires_ms,
    )
    row["attributes"] = dict(message.attributes)
    told = message.system_attributes.items()
    row["system_attributes"] = {n: value for n, value in told if n != "DeadLetterQueueSourceArn"}
    row["group_id"], row["deduplication_id"] = message.group_id, message.deduplication_id
    messages.delete(tx, [message.id])
    messages.add(tx, row)
    return arn


def _there(tx: Tx, arn: str, member: str) -> Queue:
    key = parse_arn(arn)
    queue = None if key is None else queues.find(tx, key)
    if queue is None:
        raise ResourceNotFound(f"The resource that you specified for the {member} parameter doesn't exist.")
    return queue


def _handle(source_arn: str) -> str:
    told = {"taskId": new_id(), "sourceArn": source_arn}
    return base64.b64encode(json.dumps(told, separators=(",", ":")).encode()).decode()


def _opened(handle: str) -> Mapping[str, object]:
    try:
        told = json.loads(base64.b64decode(handle.encode("ascii"), validate=True))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or "sourceArn" not in told or "taskId" not in told:
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.")
    return told
