"""The operations of SQS on messages: through the group commit, answered when they are durable."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from lamb.api.body import CallerGone
from lamb.api.neighbour import Request
from lamb.api.sqs_members import Document, Reader
from lamb.core import messages
from lamb.core.messages import Receipts, Received, Receiving, Sending
from lamb.model.errors import LambError
from lamb.model.limits import BATCH_MAX, MESSAGE_MAX_BYTES
from lamb.model.message import (
    Message,
    NewMessage,
    Sent,
    md5_of_attributes,
    md5_of_body,
    size,
    system_attributes,
    visible_attributes,
)
from lamb.model.queue import NUMBERS, QueueKey
from lamb.model.queue_errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidAttributeName,
    InvalidBatchEntryId,
    MissingParameter,
    TooManyEntriesInBatchRequest,
    invalid,
    query_code,
)

_ENTRY_ID = re.compile(r"[a-zA-Z0-9_-]{1,80}", re.ASCII)
_SYSTEM_NAMES = {
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
}


# ---------------------------------------------------------------------------------- sending


async def _send(request: Request) -> Document:
    read = Reader(request)
    message = _new_message(read)
    if not message.body:
        raise MissingParameter("MessageBody")
    (sent,) = await _commit_sending(request, Sending(read.queue(), [message]))
    if isinstance(sent, LambError):
        raise sent
    return _sent(message, sent)


async def _send_batch(request: Request) -> Document:
    read = Reader(request)
    entries = _entries(request, "SendMessageBatchRequestEntry")
    sent = [_new_message(Reader(request, entry)) for entry in entries.values()]
    total = sum(map(size, sent))
    if total > MESSAGE_MAX_BYTES:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {MESSAGE_MAX_BYTES} bytes. You have sent {total} bytes."
        )
    results = await _commit_sending(request, Sending(read.queue(), sent, batch=True))
    return _results(
        entries, [r if isinstance(r, LambError) else _sent(m, r) for m, r in zip(sent, results, strict=True)]
    )


async def _commit_sending(request: Request, wish: Sending) -> Sequence[Sent | LambError]:
    results: Sequence[Sent | LambError] = await request.services.group.add(messages.send, wish)
    _announce(request, wish.queue)
    return results


def _new_message(read: Reader) -> NewMessage:
    return NewMessage(
        body=read.text("MessageBody") or "",
        attributes=read.attributes("MessageAttributes"),
        system_attributes=read.attributes("MessageSystemAttributes"),
        delay_s=read.number("DelaySeconds"),
        group_id=read.text("MessageGroupId"),
        deduplication_id=read.text("MessageDeduplicationId"),
    )


def _sent(message: NewMessage, sent: Sent) -> Document:
    return _given(
        MessageId=sent.message_id,
        MD5OfMessageBody=md5_of_body(message.body),
        MD5OfMessageAttributes=md5_of_attributes(message.attributes),
        MD5OfMessageSystemAttributes=md5_of_attributes(message.system_attributes),
        SequenceNumber=sent.sequence,
    )


# ---------------------------------------------------------------------------------- receiving


async def _receive(request: Request) -> Document | None:
    read = Reader(request)
    names = {*read.texts("AttributeNames"), *read.texts("MessageSystemAttributeNames")}
    for name in names - _SYSTEM_NAMES:
        raise InvalidAttributeName(f"Unknown Attribute {name}.")
    most = _bounded(
        read, "MaxNumberOfMessages", range(1, BATCH_MAX + 1), "Must be between 1 and 10, if provided."
    )
    waits = NUMBERS["ReceiveMessageWaitTimeSeconds"].allowed
    wait_s = _bounded(read, "WaitTimeSeconds", waits, "Must be >= 0 and <= 20, if provided.")
    visibility_s = read.number("VisibilityTimeout")
    messages.refuse_visibility(visibility_s)
    wish = Receiving(read.queue(), most or 1, visibility_s)
    received = await _wait_for_messages(request, wish, wait_s)
    wanted = read.texts("MessageAttributeNames")
    told = [_received(received, message, names, wanted) for message in received.messages]
    return {"Messages": told} if told else None


async def _wait_for_messages(request: Request, wish: Receiving, wait_s: int | None) -> Received:
    """Looks; then again whenever there may be something, until the time has come. Raises CallerGone."""
    arrivals, arn = request.services.arrivals, "" if wish.queue is None else wish.queue.arn
    gone: asyncio.Future[None] | None = None
    until_ms: int | None = None
    try:
        while True:
            seen = arrivals.seen(arn)
            received: Received = await request.services.group.add(messages.receive, wish)
            if received.dead_letter_arn is not None:
                arrivals.announce(received.dead_letter_arn)
            if until_ms is None:
                usual_s = received.queue.number("ReceiveMessageWaitTimeSeconds")
                until_ms = received.now_ms + 1000 * (usual_s if wait_s is None else wait_s)
            if received.messages or received.now_ms >= until_ms or arrivals.closed:
                return received
            gone = gone or asyncio.ensure_future(request.gone())
            due_ms = until_ms if received.next_ms is None else min(until_ms, received.next_ms)
            await _first_of(arrivals.wait(arn, seen, due_ms), gone)
    finally:
        if gone is not None:
            gone.cancel()


async def _first_of(waiting: Awaitable[None], gone: asyncio.Future[None]) -> None:
    """A message must not be given to somebody who no longer listens."""
    task = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()
    if gone.done():
        raise CallerGone


def _received(received: Received, message: Message, names: set[str], wanted: Sequence[str]) -> Document:
    key = received.queue.key
    system = system_attributes(message, key.account, fifo=key.fifo)
    attributes = visible_attributes(message.attributes, wanted)
    return _given(
        MessageId=message.message_id,
        ReceiptHandle=messages.handle(message),
        MD5OfBody=md5_of_body(message.body),
        Body=message.body,
        Attributes={n: v for n, v in system.items() if "All" in names or n in names} or None,
        MD5OfMessageAttributes=md5_of_attributes(attributes),
        MessageAttributes=dict(attributes) or None,
    )


# ---------------------------------------------------------------------------------- receipts


async def _delete(request: Request) -> None:
    read = Reader(request)
    wish = Receipts(read.queue(), [read.required_text("ReceiptHandle")])
    _raise_first(await _commit_deletion(request, wish))


async def _delete_batch(request: Request) -> Document:
    entries = _entries(request, "DeleteMessageBatchRequestEntry")
    handles = [Reader(request, entry).text("ReceiptHandle") or "" for entry in entries.values()]
    return _results(entries, await _commit_deletion(request, Receipts(Reader(request).queue(), handles)))


async def _commit_deletion(request: Request, wish: Receipts) -> Sequence[LambError | None]:
    results: Sequence[LambError | None] = await request.services.group.add(messages.delete, wish)
    if wish.queue is not None and wish.queue.fifo:  # its group may go on
        _announce(request, wish.queue)
    return results


async def _change_visibility(request: Request) -> None:
    read = Reader(request)
    visibility_s = read.number("VisibilityTimeout")
    if visibility_s is None:
        raise MissingParameter("VisibilityTimeout")
    wish = Receipts(read.queue(), [read.required_text("ReceiptHandle")], [visibility_s])
    _raise_first(await _commit_change(request, wish))


async def _change_visibility_batch(request: Request) -> Document:
    entries = _entries(request, "ChangeMessageVisibilityBatchRequestEntry")
    read = [Reader(request, entry) for entry in entries.values()]
    wish = Receipts(
        Reader(request).queue(),
        [entry.text("ReceiptHandle") or "" for entry in read],
        [entry.number("VisibilityTimeout") or 0 for entry in read],
    )
    return _results(entries, await _commit_change(request, wish))


async def _commit_change(request: Request, wish: Receipts) -> Sequence[LambError | None]:
    results: Sequence[LambError | None] = await request.services.group.add(messages.change_visibility, wish)
    _announce(request, wish.queue)
    return results


# ---------------------------------------------------------------------------------- shapes


def _announce(request: Request, key: QueueKey | None) -> None:
    if key is not None:
        request.services.arrivals.announce(key.arn)


def _raise_first(results: Sequence[LambError | None]) -> None:
    for result in results:
        if result is not None:
            raise result


def _bounded(read: Reader, name: str, allowed: range, reason: str) -> int | None:
    value = read.number(name)
    if value is not None and value not in allowed:
        raise invalid(name, value, reason)
    return value


def _entries(request: Request, kind: str) -> dict[str, Mapping[str, Any]]:
    """The entries of a batch by their ids. Raises what SQS says of a batch as a whole."""
    entries = Reader(request).entries("Entries")
    if not entries:
        raise EmptyBatchRequest(f"There should be at least one {kind} in the request.")
    if len(entries) > BATCH_MAX:
        raise TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {BATCH_MAX}. You have sent {len(entries)}."
        )
    by_id: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        name = Reader(request, entry).text("Id") or ""
        if not _ENTRY_ID.fullmatch(name):
            raise InvalidBatchEntryId
        if name in by_id:
            raise BatchEntryIdsNotDistinct(f"Id {name} repeated.")
        by_id[name] = entry
    return by_id


def _results(entries: Mapping[str, Any], results: Sequence[Document | LambError | None]) -> Document:
    """What became of each entry; SQS leaves out a list that is empty."""
    told: dict[str, list[Document]] = {"Successful": [], "Failed": []}
    for name, result in zip(entries, results, strict=True):
        if isinstance(result, LambError):
            failure = {
                "Code": query_code(result),
                "Message": result.message,
                "SenderFault": result.status < 500,
            }
            told["Failed"].append({"Id": name, **failure})
        else:
            told["Successful"].append({"Id": name, **(result or {})})
    return {member: items for member, items in told.items() if items}


def _given(**members: Any) -> Document:
    return {name: value for name, value in members.items() if value is not None}


HANDLERS: Mapping[str, Callable[[Request], Awaitable[Document | None]]] = {
    "ChangeMessageVisibility": _change_visibility,
    "ChangeMessageVisibilityBatch": _change_visibility_batch,
    "DeleteMessage": _delete,
    "DeleteMessageBatch": _delete_batch,
    "ReceiveMessage": _receive,
    "SendMessage": _send,
    "SendMessageBatch": _send_batch,
}
