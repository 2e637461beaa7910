"""lamb's own routes for asynchronous events and for the time they wait by."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from lamb.api.messages import Response, json_response
from lamb.api.own import Ask
from lamb.core import events
from lamb.model.clock import iso_z
from lamb.model.errors import InvalidParameterValue
from lamb.model.events import EventView
from lamb.model.names import parse_reference
from lamb.model.requests import Page

_STATES = ("queued", "succeeded", "failed", "cancelled")
_WAIT_MAX_S = 60.0


async def list_all(ask: Ask) -> Response:
    """Newest first: `function`, `state`, `marker`, `max_items` of the query."""
    function, state = ask.query.get("function"), ask.query.get("state")
    if state not in (None, *_STATES):
        raise InvalidParameterValue(f"An event's state is {', '.join(_STATES)}, not {state}")
    name = None if function is None else parse_reference(function, ask.place).key.name
    page = Page(ask.query.get("Marker"), ask.argument("max_items"))

    def read() -> tuple[list[EventView], str | None]:
        return events.list_events(ask.services.core, ask.place, page, name=name, state=state)

    found, marker = await ask.services.run(read)
    listed = [document(view) for view in found]
    return json_response({"Events": listed, **({"NextMarker": marker} if marker else {})})


async def show(ask: Ask) -> Response:
    """With the payload: as text, or in base64 where it is not UTF-8."""
    view = await ask.services.run(events.get, ask.services.core, ask.params["id"])
    shown = document(view)
    try:
        shown["Payload"] = view.event.payload.decode()
    except UnicodeDecodeError:
        shown["PayloadBase64"] = b64encode(view.event.payload).decode()
    return json_response(shown)


async def cancel(ask: Ask) -> Response:
    return json_response(document(await ask.services.run(events.cancel, ask.services.core, ask.params["id"])))


async def replay(ask: Ask) -> Response:
    """`on`: the version or alias to run instead of the one that was invoked."""

    def again() -> str:
        return events.replay(ask.services.core, ask.params["id"], on=ask.query.get("on"))

    return json_response({"RequestId": await ask.services.run(again)}, 202)


async def emptied(ask: Ask) -> Response:
    """Wait for at most `timeout_ms` until no event of the function is waiting or running."""
    wanted_ms = ask.argument("timeout_ms")
    timeout_s = _WAIT_MAX_S if wanted_ms is None else min(wanted_ms / 1000, _WAIT_MAX_S)
    return json_response({"Empty": await ask.services.events.emptied(ask.reference().key, timeout_s)})


async def clock(ask: Ask) -> Response:
    return json_response(ask.services.events.clock())


async def set_clock(ask: Ask) -> Response:
    """`advance_ms`, `scale` or `reset=1` of the query; the clock as it is then."""
    scale = ask.query.get("scale")
    try:
        factor = None if scale is None else float(scale)
    except ValueError:
        raise InvalidParameterValue(f"A time scale is a number, not {scale}") from None
    await ask.services.events.set_clock(
        advance_ms=ask.argument("advance_ms") or 0, scale=factor, reset=ask.query.get("reset") == "1"
    )
    return json_response(ask.services.events.clock())


def document(view: EventView) -> dict[str, Any]:
    """An event without its payload; what is not known yet is left out."""
    event = view.event
    state = "running" if view.state == "queued" and view.running else view.state
    found = {
        "RequestId": event.request_id,
        "FunctionArn": event.reference.arn,
        "State": state,
        "ReceivedAt": iso_z(event.received_ms),
        "DueAt": iso_z(event.due_ms) if view.state == "queued" else None,
        "FinishedAt": None if view.finished_ms is None else iso_z(view.finished_ms),
        "Runs": event.runs,
        "Retries": event.retries,
        "Throttles": event.throttles,
        "Condition": view.condition,
        "ExecutedVersion": view.executed_version,
        "Error": view.error,
        "PayloadSize": len(event.payload),
    }
    return {name: value for name, value in found.items() if value is not None}
