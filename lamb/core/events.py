"""Asynchronous events: accepted, ended, looked at, replayed. What runs them is lamb.queue."""

from __future__ import annotations

from lamb.core import found, pages
from lamb.core.context import Core
from lamb.model.errors import ResourceConflict, ResourceNotFound
from lamb.model.events import EventView, QueuedEvent
from lamb.model.limits import DEAD_LETTERS_KEPT_S
from lamb.model.names import LATEST, FunctionKey, Place, Reference, parse_reference
from lamb.model.requests import Page
from lamb.model.wire import new_id
from lamb.store import events as rows
from lamb.store.database import Tx

_NEWEST = 1 << 30


def accept(core: Core, tx: Tx, arn: str, payload: bytes, trace_id: str | None = None) -> str:
    """Put an event for a function into the caller's transaction; its request id.

    `arn`: qualified or not. Raises ResourceNotFound where there is no such function, version or alias.
    """
    parts = arn.split(":")
    place = Place(parts[4], parts[3]) if len(parts) > 6 else Place()
    reference = parse_reference(arn, place)
    _refuse_missing(tx, reference)
    event = QueuedEvent(new_id(), reference.key, reference.qualifier, payload, tx.now_ms, tx.now_ms, trace_id)
    rows.add_many(tx, [rows.Addition(event, None)])
    # Before the commit, and yet not too early: whoever looks for it has to wait for the writer's turn.
    core.queued(reference.key)
    return event.request_id


def get(core: Core, request_id: str) -> EventView:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return _there(tx, request_id)


def list_events(
    core: Core, place: Place, page: Page, *, name: str | None, state: str | None
) -> tuple[list[EventView], str | None]:
    """Newest first, with the NextMarker; of one function or of all, in one state or in any."""
    (before,) = pages.start(page, [_NEWEST])
    with core.database.reading() as tx:
        numbered = rows.page(tx, place, before, pages.size(page) + 1, name=name, state=state)
    kept, marker = pages.cut(numbered, page, lambda row: [row[0]])
    return [view for _, view in kept], marker


def waiting(core: Core, key: FunctionKey) -> int:
    """How many events of a function are not over."""
    with core.database.reading() as tx:
        return rows.count_open(tx, key)


def open_functions(core: Core) -> list[FunctionKey]:
    """The functions that have events to run."""
    with core.database.reading() as tx:
        return rows.functions_with_open(tx)


def cancel(core: Core, request_id: str) -> EventView:
    """An attempt that runs is not interrupted, but nothing comes of it.

    Raises ResourceNotFound, and ResourceConflict for an event that is over.
    """
    with core.database.transaction() as tx:
        before = _there(tx, request_id)
        if not rows.cancel(tx, request_id):
            raise ResourceConflict(f"Event {request_id} is over: it {_ended(before)}")
        view = _there(tx, request_id)
    core.cancelled(view.event.key, request_id)
    return view


def replay(core: Core, request_id: str, *, on: str | None = None) -> str:
    """A dead letter is sent again as a new event; its request id. `on`: another version or alias.

    Raises ResourceNotFound, and ResourceConflict for an event whose payload is not kept.
    """
    with core.database.transaction() as tx:
        view = _there(tx, request_id)
        if view.state not in ("failed", "cancelled"):
            raise ResourceConflict(
                f"Event {request_id} {_ended(view)}: only dead letters and cancelled events can be replayed"
            )
        qualifier = view.event.qualifier if on is None else on
        return accept(core, tx, view.event.key.qualified(qualifier), view.event.payload)


def forget_ancient(core: Core) -> int:
    """Dead letters are kept as long as a queue may keep a message at most; how many were older."""
    with core.database.transaction() as tx:
        return rows.forget_ancient(tx, tx.now_ms - DEAD_LETTERS_KEPT_S * 1000)


def _there(tx: Tx, request_id: str) -> EventView:
    view = rows.find(tx, request_id)
    if view is None:
        raise ResourceNotFound(
            f"There is no event {request_id}", hint="`lamb events list` shows those that are kept"
        )
    return view


def _ended(view: EventView) -> str:
    return {"queued": "is still waiting", "succeeded": "succeeded", "failed": "failed"}.get(
        view.state, "was cancelled"
    )


def _refuse_missing(tx: Tx, reference: Reference) -> None:
    function = found.function(tx, reference.key, reference.effective_arn)
    label = reference.qualifier or LATEST
    if found.number_of(label) is not None:
        found.version(tx, reference.key, label)
    elif found.alias(tx, function, label) is None:
        raise found.not_found(reference.effective_arn)
