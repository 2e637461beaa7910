"""Rows of asynchronous events. Many at once: whoever writes them shares transactions (group.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, bindparam, func, insert, literal_column, null, or_, select, tuple_, update
from sqlalchemy import delete as delete_from

from lamb.model.errors import ResourceConflict
from lamb.model.events import Ending, EventView, QueuedEvent, Retrial
from lamb.model.names import FunctionKey, Place
from lamb.store.database import Tx
from lamb.store.event_tables import events
from lamb.store.prepared import Prepared, PreparedFor, PreparedInsert

KEPT = 10_000
"""Succeeded events that are still shown."""


class Addition(NamedTuple):
    """An event to be stored, held in memory by the daemon run `lease` or by nobody."""

    event: QueuedEvent
    lease: str | None


class Claim(NamedTuple):
    """A wish for events of one function that are due."""

    key: FunctionKey
    lease: str
    limit: int


class Claimed(NamedTuple):
    events: list[QueuedEvent]
    next_due_ms: int | None
    """When the next of those that were not claimed is due; None where there is none."""


# Spelled out: a partial index is found only by a condition that is known when the statement is prepared.
_IS_QUEUED = events.c.state == literal_column("'queued'")
_OPEN = and_(
    events.c.account == bindparam("account"),
    events.c.region == bindparam("region"),
    events.c.name == bindparam("name"),
    _IS_QUEUED,
)
_CLAIMABLE = (
    select(events)
    .where(_OPEN, or_(events.c.lease.is_(None), events.c.lease != bindparam("mine")))
    .order_by(events.c.due_ms, events.c.id)
    .limit(bindparam("most"))
)
_THIS = events.c.request_id == bindparam("wanted")


def _new(*names: str) -> dict[str, Any]:
    # A parameter may not have the name of a column.
    return {name: bindparam(f"new_{name}") for name in names}


_ADD = PreparedInsert(
    insert(events).values(
        {
            name: bindparam(name)
            for name in (
                "request_id", "account", "region", "name", "qualifier", "payload", "trace_id", "state",
                "lease", "received_ms", "due_ms", "retries", "throttles", "runs",
            )
        }
    )
)  # fmt: skip
_TAKE = PreparedFor(update(events).values(_new("lease")).where(events.c.id.in_([bindparam("wanted")])))
_RETRY = Prepared(
    update(events)
    .where(_THIS, _IS_QUEUED)
    .values(lease=null(), **_new("due_ms", "retries", "throttles", "runs"))
)
_END_NAMES = ("state", "runs", "condition", "executed_version", "error")
_END = (
    update(events)
    .values(lease=null(), **_new("finished_ms", *_END_NAMES))
    .where(_IS_QUEUED, events.c.request_id.in_([bindparam("wanted")]))
)
_ENDS = {
    "failed": PreparedFor(_END),
    "succeeded": PreparedFor(_END.values(payload=null())),
}
_FORGET = delete_from(events).where(
    events.c.id.in_(
        select(events.c.id)
        .where(
            events.c.state == literal_column("'succeeded'"),
            events.c.id <= select(func.max(events.c.id) - KEPT).scalar_subquery(),
        )
        .order_by(events.c.id)
        .limit(bindparam("most"))
    )
)


def add_many(tx: Tx, rows: Sequence[Addition]) -> None:
    """Raises ResourceConflict for a request id that another event has."""
    try:
        _ADD.run(tx, [_columns(row) for row in rows])
    except tx.connection.dialect.loaded_dbapi.IntegrityError as error:
        ids = ", ".join(row.event.request_id for row in rows)
        raise ResourceConflict(f"There is an event with this request id already: {ids}") from error


def claim_many(tx: Tx, rows: Sequence[Claim]) -> list[Claimed]:
    """Due events of each function, the longest due first; the daemon run that claims them has them in hand.

    A lease of another daemon run is none: one home has one daemon, so that one is dead.
    """
    return [_claim(tx, claim) for claim in rows]


def _claim(tx: Tx, claim: Claim) -> Claimed:
    wanted = {**_place(claim.key), "mine": claim.lease, "most": claim.limit + 1}
    found = tx.connection.execute(_CLAIMABLE, wanted).all()
    due = [row for row in found[: claim.limit] if row.due_ms <= tx.now_ms]
    left = found[len(due) :]
    if due:
        _TAKE.run_for(tx, [row.id for row in due], {"new_lease": claim.lease})
    return Claimed([_event(row) for row in due], left[0].due_ms if left else None)


def retry_many(tx: Tx, rows: Sequence[Retrial]) -> None:
    """They wait for their time, in nobody's hand."""
    changes = [
        {
            "wanted": row.event.request_id,
            "new_due_ms": row.again.due_ms,
            "new_retries": row.again.retries,
            "new_throttles": row.again.throttles,
            "new_runs": row.runs,
        }
        for row in rows
    ]
    _RETRY.run(tx, changes)


def end_many(tx: Tx, rows: Sequence[Ending]) -> None:
    """What succeeded loses its payload. Endings that are alike, as most are, take one statement."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        end = (row.state, row.runs, row.condition, row.executed_version, row.error)
        alike.setdefault(end, []).append(row.event.request_id)
    for end, request_ids in alike.items():
        new = {f"new_{name}": value for name, value in zip(_END_NAMES, end, strict=True)}
        _ENDS[end[0]].run_for(tx, request_ids, {"new_finished_ms": tx.now_ms, **new})


def forget_old(tx: Tx, most: Sequence[int]) -> None:
    """Remove succeeded events beyond the newest ones that are shown, at most so many in all."""
    tx.connection.execute(_FORGET, {"most": sum(most)})


def forget_ancient(tx: Tx, before_ms: int) -> int:
    """Remove what failed or was cancelled before that time; how many it were."""
    ancient = events.c.state.in_(("failed", "cancelled")) & (events.c.finished_ms < before_ms)
    return tx.connection.execute(delete_from(events).where(ancient)).rowcount


def functions_with_open(tx: Tx) -> list[FunctionKey]:
    """The functions that have events to run. Hops from one to the next: a backlog costs it nothing."""
    found: list[FunctionKey] = []
    last = ("", "", "")
    columns = (events.c.account, events.c.region, events.c.name)
    while True:
        wanted = select(*columns).where(_IS_QUEUED, tuple_(*columns) > last)
        wanted = wanted.order_by(*columns).limit(1)
        row = tx.connection.execute(wanted).one_or_none()
        if row is None:
            return found
        last = (row.account, row.region, row.name)
        found.append(FunctionKey(*last))


def find(tx: Tx, request_id: str) -> EventView | None:
    row = tx.connection.execute(select(events).where(events.c.request_id == request_id)).one_or_none()
    return None if row is None else _view(row)


def page(
    tx: Tx, place: Place, before: int, limit: int, *, name: str | None, state: str | None
) -> list[tuple[int, EventView]]:
    """The newest events whose numbers are below `before`, with their numbers."""
    wanted = select(events).where(
        events.c.account == place.account, events.c.region == place.region, events.c.id < before
    )
    if name is not None:
        wanted = wanted.where(events.c.name == name)
    if state is not None:
        wanted = wanted.where(events.c.state == state)
    rows = tx.connection.execute(wanted.order_by(events.c.id.desc()).limit(limit))
    return [(row.id, _view(row)) for row in rows]


def count_open(tx: Tx, key: FunctionKey) -> int:
    counted = select(func.count()).select_from(events).where(_OPEN)
    return int(tx.connection.execute(counted, _place(key)).scalar_one())


def still_open(tx: Tx, request_ids: Sequence[str]) -> set[str]:
    """Those that are not over: somebody may have cancelled an event while it ran."""
    wanted = select(events.c.request_id).where(events.c.request_id.in_(request_ids), _IS_QUEUED)
    return set(tx.connection.execute(wanted).scalars())


def cancel(tx: Tx, request_id: str) -> bool:
    """Whether there was anything to cancel: what is over stays as it ended."""
    wanted = update(events).where(events.c.request_id == request_id, _IS_QUEUED)
    done = tx.connection.execute(wanted.values(state="cancelled", lease=None, finished_ms=tx.now_ms))
    return done.rowcount == 1


def _place(key: FunctionKey) -> dict[str, str]:
    return {"account": key.account, "region": key.region, "name": key.name}


def _columns(row: Addition) -> dict[str, Any]:
    event = row.event
    return {
        "request_id": event.request_id,
        "account": event.key.account,
        "region": event.key.region,
        "name": event.key.name,
        "qualifier": event.qualifier,
        "payload": event.payload,
        "trace_id": event.trace_id,
        "state": "queued",
        "lease": row.lease,
        "received_ms": event.received_ms,
        "due_ms": event.due_ms,
        "retries": event.retries,
        "throttles": event.throttles,
        "runs": event.runs,
    }


def _event(row: Row[Any]) -> QueuedEvent:
    return QueuedEvent(
        request_id=row.request_id,
        key=FunctionKey(row.account, row.region, row.name),
        qualifier=row.qualifier,
        payload=row.payload or b"",
        received_ms=row.received_ms,
        due_ms=row.due_ms,
        trace_id=row.trace_id,
        retries=row.retries,
        throttles=row.throttles,
        runs=row.runs,
    )


def _view(row: Row[Any]) -> EventView:
    return EventView(
        event=_event(row),
        state=row.state,
        running=row.lease is not None,
        finished_ms=row.finished_ms,
        condition=row.condition,
        executed_version=row.executed_version,
        error=row.error,
    )
