"""Messages: sent, received for a while, and deleted. Many callers share a transaction (store/group.py).

What a caller did wrong is an answer like any other, so that nobody else's share of the transaction is lost:
the functions that a group commit calls return errors, they do not raise them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from lamb.core import found
from lamb.model.errors import InvalidParameterValue, LambError
from lamb.model.limits import DEDUPLICATION_S, IN_FLIGHT_MAX, VISIBILITY_MAX_S
from lamb.model.message import Message, NewMessage, Sent, refuse_bad_contents, sequence_number, size
from lamb.model.queue import NUMBERS, Queue, QueueKey, parse_arn
from lamb.model.queue_errors import (
    MessageNotInflight,
    MissingParameter,
    OverLimit,
    ReceiptHandleIsInvalid,
    invalid,
)
from lamb.model.wire import new_id
from lamb.store import messages as rows
from lamb.store import queues
from lamb.store.database import Tx

W = TypeVar("W")
A = TypeVar("A")

# SendMessage: "alphanumeric characters and punctuation", up to 128 of them
_TOKEN = re.compile(r"[a-zA-Z0-9!-/:-@\[-`{-~]{1,128}", re.ASCII)
_NOT_FOR_THIS_TYPE = "The request include parameter that is not valid for this queue type."
# What expired at a queue's head goes with each send, and in each receive, a bounded number at a time.
_SWEPT = 4
_LOOKS = 64


class Sending(NamedTuple):
    queue: QueueKey | None
    messages: Sequence[NewMessage]
    batch: bool = False


class Receiving(NamedTuple):
    queue: QueueKey | None
    most: int = 1
    visibility_s: int | None = None
    """None: as the queue has it."""


class Received(NamedTuple):
    queue: Queue
    messages: Sequence[Message]
    now_ms: int
    next_ms: int | None
    """Without messages: when there will be one, as far as is known."""
    dead_letter_arn: str | None
    """The queue that messages were moved to, if any were."""


class Receipts(NamedTuple):
    """What DeleteMessage, ChangeMessageVisibility and their batches name."""

    queue: QueueKey | None
    handles: Sequence[str]
    visibility_s: Sequence[int] = ()
    """ChangeMessageVisibility: one for each handle."""


class _Queues:
    """What is read of each queue once in a transaction, however many callers share it."""

    def __init__(self, tx: Tx) -> None:
        self.in_flight: dict[int, int] = {}
        self._tx = tx
        self._found: dict[QueueKey | None, Queue] = {}

    def find(self, key: QueueKey | None) -> Queue:
        """Raises QueueDoesNotExist."""
        if key not in self._found:
            self._found[key] = found.queue(self._tx, key)
        return self._found[key]

    def refuse_full(self, queue: Queue) -> None:
        if queue.id not in self.in_flight:
            self.in_flight[queue.id] = rows.in_flight(self._tx, queue.id, IN_FLIGHT_MAX)
        if self.in_flight[queue.id] >= IN_FLIGHT_MAX:
            raise OverLimit(f"The queue has {IN_FLIGHT_MAX} messages in flight; no more can be received.")


# ---------------------------------------------------------------------------------- sending


def send(tx: Tx, wishes: Sequence[Sending]) -> list[Any]:
    """For each wish what became of each message: Sent or an error; an error alone where all of it failed."""
    waiting: list[dict[str, Any]] = []
    swept: set[int] = set()

    look_up = _Queues(tx).find

    def carry_out(wish: Sending) -> list[Any]:
        queue = look_up(wish.queue)
        if wish.batch and queue.key.fifo:
            _refuse_incomplete_batch(queue, wish.messages)
        if queue.id not in swept:
            swept.add(queue.id)
            rows.drop_expired(tx, queue.id, _SWEPT)
        return [_or_error(lambda m: _put(tx, queue, m, waiting), message) for message in wish.messages]

    answers = [_or_error(carry_out, wish) for wish in wishes]
    if waiting:
        rows.add_all(tx, waiting)
    return answers


def put(tx: Tx, queue: Queue, message: NewMessage) -> Sent:
    """One message. Raises what `send` answers."""
    waiting: list[dict[str, Any]] = []
    sent = _put(tx, queue, message, waiting)
    if waiting:
        rows.add_all(tx, waiting)
    return sent


def _put(tx: Tx, queue: Queue, message: NewMessage, waiting: list[dict[str, Any]]) -> Sent:
    """Rows whose number nobody has to know yet are left in `waiting`, to be written together."""
    _refuse(queue, message)
    sent_id = new_id()
    delay_s = queue.number("DelaySeconds") if message.delay_s is None else message.delay_s
    row = rows.row(
        queue.id,
        sent_id,
        message.body,
        sent_ms=tx.now_ms,
        visible_ms=tx.now_ms + delay_s * 1000,
        expires_ms=tx.now_ms + queue.ms("MessageRetentionPeriod"),
    )
    row["attributes"] = dict(message.attributes)
    row["system_attributes"] = {n: v["StringValue"] for n, v in message.system_attributes.items()}
    row["group_id"] = message.group_id
    if not queue.key.fifo:
        waiting.append(row)
        return Sent(sent_id)
    given = message.deduplication_id or hashlib.sha256(message.body.encode()).hexdigest()
    row["deduplication_id"] = given
    grouped = queue.attributes.get("DeduplicationScope") == "messageGroup"
    key = f"{message.group_id} {given}" if grouped else given
    before = rows.seen(tx, queue.id, key)
    if before is not None:
        return before
    sent = Sent(sent_id, sequence_number(rows.add(tx, row)))
    rows.remember(tx, queue.id, key, sent, tx.now_ms + DEDUPLICATION_S * 1000)
    return sent


def _refuse(queue: Queue, message: NewMessage) -> None:
    if not message.body:
        raise MissingParameter("MessageBody")
    refuse_bad_contents(message)
    most = queue.number("MaximumMessageSize")
    if size(message) > most:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    _refuse_token("MessageGroupId", message.group_id)
    _refuse_token("MessageDeduplicationId", message.deduplication_id)
    if message.delay_s is not None and message.delay_s not in NUMBERS["DelaySeconds"].allowed:
        raise invalid("DelaySeconds", message.delay_s, "DelaySeconds must be >= 0 and <= 900.")
    if queue.key.fifo:
        _refuse_without_order(queue, message)
    elif message.deduplication_id is not None:
        raise invalid("MessageDeduplicationId", message.deduplication_id, _NOT_FOR_THIS_TYPE)


def _refuse_without_order(queue: Queue, message: NewMessage) -> None:
    """What a FIFO queue wants."""
    if message.delay_s:
        raise invalid("DelaySeconds", message.delay_s, _NOT_FOR_THIS_TYPE)
    if message.group_id is None:
        raise MissingParameter("MessageGroupId")
    if message.deduplication_id is None and not queue.on("ContentBasedDeduplication"):
        raise _no_deduplication()


def _refuse_token(name: str, token: str | None) -> None:
    if token is not None and not _TOKEN.fullmatch(token):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid(name, token, reason)


def _refuse_incomplete_batch(queue: Queue, messages: Sequence[NewMessage]) -> None:
    """These two are said of a batch as a whole, with one code (recorded)."""
    if any(message.group_id is None for message in messages):
        raise InvalidParameterValue(MissingParameter("MessageGroupId").message)
    named = all(message.deduplication_id is not None for message in messages)
    if not named and not queue.on("ContentBasedDeduplication"):
        raise _no_deduplication()


def _no_deduplication() -> InvalidParameterValue:
    return InvalidParameterValue(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )


# ---------------------------------------------------------------------------------- receiving


def receive(tx: Tx, wishes: Sequence[Receiving]) -> list[Any]:
    """For each wish a Received, or an error."""
    queues_seen = _Queues(tx)
    return [_or_error(lambda wish: _receive(tx, queues_seen, wish), wish) for wish in wishes]


def _receive(tx: Tx, queues_seen: _Queues, wish: Receiving) -> Received:
    queue = queues_seen.find(wish.queue)
    queues_seen.refuse_full(queue)
    look = rows.receivable_in_order if queue.key.fifo else rows.receivable
    dead_letters = _dead_letter_queue(tx, queue)
    moved, picked, done = False, list[Message](), False
    for _ in range(_LOOKS):
        seen = look(tx, queue.id, wish.most)
        expired = [m for m in seen if m.expires_ms <= tx.now_ms]
        rows.delete(tx, (m.id for m in expired))
        dead = [m for m in seen if m not in expired and _is_dead(queue, m)] if dead_letters else []
        for message in dead:
            _bury(tx, queue, dead_letters, message)
        moved = moved or bool(dead)
        picked = [m for m in seen if m not in expired and m not in dead]
        done = not expired and not dead
        if done:
            break
    visibility_s = queue.number("VisibilityTimeout") if wish.visibility_s is None else wish.visibility_s
    taken = _take(tx, picked, tx.now_ms + visibility_s * 1000)
    queues_seen.in_flight[queue.id] += len(taken)
    next_ms = None if taken else rows.next_visible_ms(tx, queue.id) if done else tx.now_ms
    return Received(
        queue, taken, tx.now_ms, next_ms, dead_letters.key.arn if moved and dead_letters else None
    )


def _take(tx: Tx, messages: Sequence[Message], until_ms: int) -> list[Message]:
    """When it was received is part of a receipt: ChangeMessageVisibility counts from there."""
    receipts = {m.id: f"{tx.now_ms}.{secrets.token_urlsafe(18)}" for m in messages}
    rows.claim(tx, receipts, until_ms)
    return [
        m._replace(
            receipt=receipts[m.id],
            visible_ms=until_ms,
            receives=m.receives + 1,
            first_received_ms=m.first_received_ms or tx.now_ms,
        )
        for m in messages
    ]


def _dead_letter_queue(tx: Tx, queue: Queue) -> Queue | None:
    """None also where the queue of the policy is gone: its messages stay where they are."""
    if queue.redrive is None:
        return None
    key = parse_arn(queue.redrive.target_arn)
    return None if key is None else queues.find(tx, key)


def _is_dead(queue: Queue, message: Message) -> bool:
    return queue.redrive is not None and message.receives >= queue.redrive.max_receives


def _bury(tx: Tx, queue: Queue, dead_letters: Queue | None, message: Message) -> None:
    """sqs-dead-letter-queues: a standard queue's message keeps the time it was sent at, a FIFO's does not."""
    if dead_letters is None:
        return
    kept_from_ms = tx.now_ms if queue.key.fifo else message.sent_ms
    expires_ms = kept_from_ms + dead_letters.ms("MessageRetentionPeriod")
    rows.move(tx, message, dead_letters.id, expires_ms, queue.key.arn)


# ---------------------------------------------------------------------------------- receipts


def handle(message: Message) -> str:
    """The ReceiptHandle of a message that was just received."""
    text = f"{message.queue_id} {message.id} {message.receipt}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def delete(tx: Tx, wishes: Sequence[Receipts]) -> list[Any]:
    """For each wish, None or an error for each handle; an error alone where all of it failed."""
    gone: list[tuple[int, int, str]] = []

    look_up = _Queues(tx).find

    def carry_out(wish: Receipts) -> list[Any]:
        queue = look_up(wish.queue)
        return [_or_error(lambda h: gone.append(_deletable(tx, queue, h)), text) for text in wish.handles]

    answers = [_or_error(carry_out, wish) for wish in wishes]
    rows.delete_received(tx, gone)
    return answers


def _deletable(tx: Tx, queue: Queue, text: str) -> tuple[int, int, str]:
    number, receipt = _opened(queue, text)
    if queue.key.fifo:
        _held(tx, queue, text)
    return queue.id, number, receipt


def change_visibility(tx: Tx, wishes: Sequence[Receipts]) -> list[Any]:
    """For each wish, None or an error for each handle; an error alone where all of it failed."""
    look_up = _Queues(tx).find

    def carry_out(wish: Receipts) -> list[Any]:
        queue = look_up(wish.queue)
        return [
            _or_error(lambda pair: _change(tx, queue, *pair), pair)
            for pair in zip(wish.handles, wish.visibility_s, strict=True)
        ]

    return [_or_error(carry_out, wish) for wish in wishes]


def _change(tx: Tx, queue: Queue, text: str, visibility_s: int) -> None:
    refuse_visibility(visibility_s)
    message = _held(tx, queue, text)
    if message is None:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise invalid("ReceiptHandle", text, reason)
    receipt = _opened(queue, text)[1]
    if message.receipt != receipt:
        raise MessageNotInflight
    visible_ms = tx.now_ms + visibility_s * 1000
    if visible_ms > _received_ms(receipt) + VISIBILITY_MAX_S * 1000:
        reason = f"Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY_MAX_S} seconds]"
        raise invalid("VisibilityTimeout", visibility_s, reason)
    rows.show_at(tx, message.id, visible_ms)


def refuse_visibility(visibility_s: int | None) -> None:
    if visibility_s is not None and visibility_s not in NUMBERS["VisibilityTimeout"].allowed:
        reason = f"Must be between 0 and {VISIBILITY_MAX_S}, if provided."
        raise invalid("VisibilityTimeout", visibility_s, reason)


def _held(tx: Tx, queue: Queue, text: str) -> Message | None:
    """The message of a handle; None where it is gone. A FIFO queue takes no handle that is over."""
    message = rows.held(tx, queue.id, _opened(queue, text)[0])
    if message is not None and queue.key.fifo and message.visible_ms <= tx.now_ms:
        raise invalid("ReceiptHandle", text, "The receipt handle has expired.")
    return message


def _opened(queue: Queue, text: str) -> tuple[int, str]:
    """Which message, and the receipt itself. Raises ReceiptHandleIsInvalid."""
    try:
        parts = base64.b64decode(text.encode("ascii"), b"-_", validate=True).decode("ascii").split(" ")
        owner, number = map(int, parts[:2])
        (receipt,) = parts[2:]
        _received_ms(receipt)
    except (ValueError, binascii.Error):
        owner, number, receipt = 0, 0, ""
    if owner != queue.id or number >= 1 << 63:
        raise ReceiptHandleIsInvalid(f'The input receipt handle "{text}" is not a valid receipt handle.')
    return number, receipt


def _received_ms(receipt: str) -> int:
    """Raises ValueError for what `_take` never wrote."""
    received, _ = receipt.split(".", 1)
    return int(received)


def _or_error(work: Callable[[W], A], wish: W) -> A | LambError:
    try:
        return work(wish)
    except LambError as error:
        return error
