"""Rows of messages: put, claimed for a while, deleted; and what FIFO queues took before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Row, Select, bindparam, case, func, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.message import Message, Sent
from lamb.store.database import Tx
from lamb.store.queue_tables import deduplications as _seen
from lamb.store.queue_tables import messages as _messages

_c = _messages.c


class Counts(NamedTuple):
    """The three numbers of GetQueueAttributes."""

    visible: int
    in_flight: int
    delayed: int


def row(
    queue_id: int, message_id: str, body: str, *, sent_ms: int, visible_ms: int, expires_ms: int
) -> dict[str, Any]:
    """The columns of a message that nobody has received; the caller fills in what else it has."""
    return {
        "queue_id": queue_id,
        "message_id": message_id,
        "body": body,
        "attributes": {},
        "system_attributes": {},
        "group_id": None,
        "deduplication_id": None,
        "sent_ms": sent_ms,
        "visible_ms": visible_ms,
        "expires_ms": expires_ms,
        "receives": 0,
        "first_received_ms": None,
        "receipt": None,
    }


def add(tx: Tx, values: Mapping[str, Any]) -> int:
    """Its place in the order of arrival."""
    done = tx.connection.execute(insert(_messages).values(dict(values)))
    made: int = done.inserted_primary_key[0]  # type: ignore[index]
    return made


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    tx.connection.execute(insert(_messages), list(rows))


# ---------------------------------------------------------------------------------- receiving


# Built once: Core takes several times as long to put a statement together as SQLite to carry it out.
_HERE = _c.queue_id == bindparam("queue")
_NOW: BindParameter[int] = bindparam("now")
_LATER = (_HERE, _c.visible_ms > _NOW)
_TAKEN = (*_LATER, _c.receipt.is_not(None))
_SOME = select(_messages).where(_HERE).limit(bindparam("most"))
_BY_AGE = _SOME.where(_c.visible_ms <= _NOW).order_by(_c.visible_ms, _c.id)
# The sum keeps the time from being looked up in an index: the order of arrival is the better way in, because
# it ends at the first few, where the other one sorts a whole backlog.
_IN_ORDER = _SOME.where(
    _c.visible_ms + 0 <= _NOW, _c.group_id.not_in(select(_c.group_id).where(*_TAKEN))
).order_by(_c.id)
_COUNT_TAKEN = select(func.count()).select_from(
    select(_c.id).where(*_TAKEN).limit(bindparam("most")).subquery()
)
_NEXT = select(func.min(_c.visible_ms)).where(*_LATER)
_HELD = select(_messages).where(_c.id == bindparam("row"), _HERE)
_OLDEST = select(_c.id, _c.expires_ms).where(_HERE).order_by(_c.visible_ms).limit(bindparam("most"))


def receivable(tx: Tx, queue_id: int, most: int) -> list[Message]:
    """What may be received now, longest visible first. Some may have expired."""
    return _look(tx, _BY_AGE, queue_id, most)


def receivable_in_order(tx: Tx, queue_id: int, most: int) -> list[Message]:
    """The same in the order of arrival, without the groups of which a message is in flight."""
    return _look(tx, _IN_ORDER, queue_id, most)


def _look(tx: Tx, statement: Select[Any], queue_id: int, most: int) -> list[Message]:
    wanted = {"queue": queue_id, "now": tx.now_ms, "most": most}
    return [_message(row) for row in tx.connection.execute(statement, wanted)]


_CLAIM = (
    update(_messages)
    .where(_c.id == bindparam("row"))
    .values(
        receipt=bindparam("token"),
        visible_ms=bindparam("until"),
        receives=_c.receives + 1,
        first_received_ms=func.coalesce(_c.first_received_ms, bindparam("now")),
    )
)


def claim(tx: Tx, receipts: Mapping[int, str], until_ms: int) -> None:
    """Messages are in flight until then, under these receipts (message → receipt)."""
    rows = [
        {"row": message, "token": receipt, "until": until_ms, "now": tx.now_ms}
        for message, receipt in receipts.items()
    ]
    if rows:
        tx.connection.execute(_CLAIM, rows)


def in_flight(tx: Tx, queue_id: int, most: int) -> int:
    """How many are; counted no further than `most`."""
    wanted = {"queue": queue_id, "now": tx.now_ms, "most": most}
    return int(tx.connection.execute(_COUNT_TAKEN, wanted).scalar_one())


def next_visible_ms(tx: Tx, queue_id: int) -> int | None:
    """When the next message that cannot be received now will be."""
    found: int | None = tx.connection.execute(_NEXT, {"queue": queue_id, "now": tx.now_ms}).scalar_one()
    return found


# ---------------------------------------------------------------------------------- the rest


def held(tx: Tx, queue_id: int, message: int) -> Message | None:
    """A message of this queue, by its place in the order of arrival."""
    found = tx.connection.execute(_HELD, {"row": message, "queue": queue_id}).one_or_none()
    return None if found is None else _message(found)


def delete(tx: Tx, messages: Iterable[int]) -> None:
    gone = [{"row": message} for message in messages]
    if gone:
        tx.connection.execute(delete_from(_messages).where(_c.id == bindparam("row")), gone)


_DELETE_RECEIVED = delete_from(_messages).where(
    _c.id == bindparam("row"), _HERE, _c.receipt == bindparam("token")
)


def delete_received(tx: Tx, receipts: Iterable[tuple[int, int, str]]) -> None:
    """(queue, message, receipt); those that are there no more, or held by another receipt, are left alone."""
    rows = [{"queue": queue, "row": row, "token": token} for queue, row, token in receipts]
    if rows:
        tx.connection.execute(_DELETE_RECEIVED, rows)


def show_at(tx: Tx, message: int, visible_ms: int) -> None:
    """Change when it may be received (again)."""
    tx.connection.execute(update(_messages).where(_c.id == message).values(visible_ms=visible_ms))


def move(tx: Tx, message: Message, queue_id: int, expires_ms: int, source_arn: str) -> None:
    """To a dead-letter queue, as the same message."""
    told = {**message.system_attributes, "DeadLetterQueueSourceArn": source_arn}
    values = {
        "queue_id": queue_id,
        "visible_ms": tx.now_ms,
        "expires_ms": expires_ms,
        "receipt": None,
        "system_attributes": told,
    }
    tx.connection.execute(update(_messages).where(_c.id == message.id).values(values))


def first(tx: Tx, queue_id: int, limit: int, *, after: int = 0) -> list[Message]:
    """In the order of arrival, whether they can be received or not; none that has expired."""
    wanted = select(_messages).where(_c.queue_id == queue_id, _c.id > after, _c.expires_ms > tx.now_ms)
    return [_message(row) for row in tx.connection.execute(wanted.order_by(_c.id).limit(limit))]


def purge(tx: Tx, queue_id: int) -> None:
    tx.connection.execute(delete_from(_messages).where(_c.queue_id == queue_id))


def keep_for(tx: Tx, queue_id: int, retention_ms: int) -> None:
    """A changed retention is also that of messages that are there."""
    changed = update(_messages).where(_c.queue_id == queue_id)
    tx.connection.execute(changed.values(expires_ms=_c.sent_ms + retention_ms))


def delay_by(tx: Tx, queue_id: int, delay_ms: int) -> None:
    """A changed delay of a FIFO queue is also that of messages that nobody has received."""
    waiting = update(_messages).where(_c.queue_id == queue_id, _c.receives == 0)
    tx.connection.execute(waiting.values(visible_ms=_c.sent_ms + delay_ms))


def drop_expired(tx: Tx, queue_id: int, most: int) -> None:
    """Of the `most` that have been visible longest, those that have expired."""
    found = tx.connection.execute(_OLDEST, {"queue": queue_id, "most": most})
    delete(tx, [message for message, expires_ms in found if expires_ms <= tx.now_ms])


def count(tx: Tx, queue_id: int) -> Counts:
    later, taken = _c.visible_ms > tx.now_ms, _c.receipt.is_not(None)
    counted = select(
        func.count(case((~later, 1))),
        func.count(case((later & taken, 1))),
        func.count(case((later & ~taken, 1))),
    )
    here = (_c.queue_id == queue_id, _c.expires_ms > tx.now_ms)
    return Counts(*tx.connection.execute(counted.where(*here)).one())


# ---------------------------------------------------------------------------------- deduplication


def seen(tx: Tx, queue_id: int, key: str) -> Sent | None:
    """What was sent under this key within the last five minutes."""
    wanted = select(_seen.c.message_id, _seen.c.sequence).where(
        _seen.c.queue_id == queue_id, _seen.c.key == key, _seen.c.expires_ms > tx.now_ms
    )
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else Sent(found.message_id, found.sequence)


def remember(tx: Tx, queue_id: int, key: str, sent: Sent, expires_ms: int) -> None:
    """And forget what is over."""
    tx.connection.execute(delete_from(_seen).where(_seen.c.expires_ms <= tx.now_ms))
    values = {
        "queue_id": queue_id,
        "key": key,
        "message_id": sent.message_id,
        "sequence": sent.sequence,
        "expires_ms": expires_ms,
    }
    tx.connection.execute(insert(_seen).values(values))


def _message(row: Row[Any]) -> Message:
    return Message(**row._mapping)  # noqa: SLF001 - the columns are the fields
