"""StartLiveTail: what log groups get from now on, once a second, as an event stream.

Real sessions end after three hours, and show at most 500 events of a second; so do these.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from lamb.api import event_stream, log_events
from lamb.api.log_call import Call, Document
from lamb.api.messages import Response
from lamb.logs.journal import Entry, Group
from lamb.logs.pages import Wanted
from lamb.model import log_pattern
from lamb.model.log_errors import InvalidParameter

_JSON = "application/json"
_SESSION_MS = 3 * 3_600_000
_EVENTS_MAX = 500
_TIMED_OUT = {
    ":message-type": "exception",
    ":exception-type": "SessionTimeoutException",
    ":content-type": _JSON,
}


async def start(call: Call) -> Response:
    """Raises GroupNotFound, InvalidParameter."""
    members = call.members
    names, prefixes = members.get("logStreamNames"), members.get("logStreamNamePrefixes")
    if names is not None and prefixes is not None:
        raise InvalidParameter("Only one of logStreamNames or logStreamNamePrefixes can be provided.")
    groups = [call.named(text) for text in members["logGroupIdentifiers"]]
    if (names is not None or prefixes is not None) and len(groups) != 1:
        raise InvalidParameter(
            "logStreamNames and logStreamNamePrefixes can only be used with a single log group."
        )
    pattern = members.get("logEventFilterPattern", "")
    wanted = Wanted(stream=log_events.chosen(names, prefixes), matches=log_pattern.compiled(pattern))
    for group in groups:
        await call.logbook.get(group)
    opening = {
        "requestId": call.request.request_id,
        "sessionId": call.request.request_id,
        "logGroupIdentifiers": members["logGroupIdentifiers"],
        "logStreamNames": names or [],
        "logStreamNamePrefixes": prefixes or [],
        "logEventFilterPattern": pattern,
    }
    return Response(200, [event_stream.CONTENT_TYPE], stream=_session(call, opening, groups, wanted))


async def _session(
    call: Call, opening: Document, groups: list[Group], wanted: Wanted
) -> AsyncIterator[bytes]:
    until_ms = call.logbook.now_ms() + _SESSION_MS
    coming = call.logbook.tail(groups, wanted)
    yield event_stream.event("initial-response", "application/x-amz-json-1.1", b"{}")
    yield event_stream.event("sessionStart", _JSON, _json(opening))
    async for found in coming:
        if call.logbook.now_ms() >= until_ms:
            yield event_stream.message(_TIMED_OUT, _json({"message": "The session has timed out."}))
            return
        results = [_result(group, entry) for group, entry in found[:_EVENTS_MAX]]
        sampled = {"sampled": len(found) > _EVENTS_MAX}
        update = {"sessionMetadata": sampled, "sessionResults": results}
        yield event_stream.event("sessionUpdate", _JSON, _json(update))


def _result(group: Group, entry: Entry) -> Document:
    return {
        "logStreamName": entry.stream,
        "logGroupIdentifier": f"{group.account}:{group.name}",
        "message": entry.message,
        "timestamp": entry.timestamp_ms,
        "ingestionTime": entry.timestamp_ms if entry.ingested_ms is None else entry.ingested_ms,
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
