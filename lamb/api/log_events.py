"""CloudWatch Logs' events: put, read from either end, and searched."""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from lamb.api.log_call import Call, Document
from lamb.core.log_groups import LogGroup
from lamb.logs.journal import Entry
from lamb.logs.pages import AFTER_ALL, BEFORE_ALL, OVERHEAD_BYTES, Found, Key, Wanted
from lamb.model import log_pattern
from lamb.model.log_errors import InvalidParameter, StreamExists, StreamNotFound

__all__ = ["HANDLERS", "SEQUENCE_TOKEN", "StreamExists"]

SEQUENCE_TOKEN = "4" + "9" * 55
"""Any token has been taken since January 2023, and they mean nothing any more."""

_LIMIT = 10_000
# PutLogEvents, "Constraints"
_BATCH_MAX_BYTES = 1_048_576
_EVENT_MAX_BYTES = 1_048_576
_DAY_MS = 86_400_000
_OLDEST_MS = 14 * _DAY_MS
_NEWEST_MS = 2 * 3_600_000
_TOKEN = re.compile(r"([fb])/(\d{20})(\d{12})(\d{24})")

Handler = Callable[[Call], Awaitable["Document | None"]]


# ---------------------------------------------------------------------------------- put


async def _put_log_events(call: Call) -> Document:
    group = await call.logbook.get(call.group())
    stream, events = call.members["logStreamName"], call.members["logEvents"]
    if stream not in (group.streams or {}) and stream not in await call.logbook.streams(group):
        raise StreamNotFound
    _refuse_bad_batch(events)
    now_ms = call.logbook.now_ms()
    rejected = _rejected(events, now_ms, group.since_ms(now_ms))
    first = max((rejected.get(name, 0) for name in _TOO_OLD), default=0)
    kept = events[first : rejected.get("tooNewLogEventStartIndex", len(events))]
    entries = [
        Entry(event["timestamp"], stream, None, event["message"], ingested_ms=now_ms) for event in kept
    ]
    if entries:
        await call.logbook.put(group.key, entries)
    told: Document = {"nextSequenceToken": SEQUENCE_TOKEN}
    return {**told, "rejectedLogEventsInfo": rejected} if rejected else told


_TOO_OLD = ("tooOldLogEventEndIndex", "expiredLogEventEndIndex")


def _refuse_bad_batch(events: Sequence[Mapping[str, Any]]) -> None:
    times = [event["timestamp"] for event in events]
    if any(later < earlier for earlier, later in itertools.pairwise(times)):
        raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > _DAY_MS:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    sizes = [len(event["message"].encode("utf-8", "replace")) + OVERHEAD_BYTES for event in events]
    if max(sizes) > _EVENT_MAX_BYTES:
        raise InvalidParameter(f"Log event too large: {max(sizes)} bytes exceeds limit of {_EVENT_MAX_BYTES}")
    if sum(sizes) > _BATCH_MAX_BYTES:
        raise InvalidParameter(f"Upload too large: {sum(sizes)} bytes exceeds limit of {_BATCH_MAX_BYTES}")


def _rejected(events: Sequence[Mapping[str, Any]], now_ms: int, kept_since_ms: int) -> dict[str, int]:
    """Which events of a batch are not taken: up to an index, exclusive, or from one on."""
    expired = sum(event["timestamp"] < kept_since_ms for event in events)
    too_old = sum(event["timestamp"] < now_ms - _OLDEST_MS for event in events)
    too_new = sum(event["timestamp"] > now_ms + _NEWEST_MS for event in events)
    told = {}
    if too_new:
        told["tooNewLogEventStartIndex"] = len(events) - too_new
    if too_old:
        told["tooOldLogEventEndIndex"] = too_old
    if expired:
        told["expiredLogEventEndIndex"] = expired
    return told


# ---------------------------------------------------------------------------------- one stream


async def _get_log_events(call: Call) -> Document:
    members = call.members
    group = await call.logbook.get(call.group_or_identifier())
    name = members["logStreamName"]
    await _require_streams(call, group, [name])
    wanted = Wanted(*_span(members), stream=lambda stream: stream == name)
    limit = members.get("limit", _LIMIT)
    token = members.get("nextToken")
    if token is None:
        forward, key = members.get("startFromHead", False), None
    else:
        forward, key = _direction(token), _key(token)
    if forward:
        found, _ = await call.logbook.after(group, wanted, key or BEFORE_ALL, limit)
    else:
        found, _ = await call.logbook.before(group, wanted, key or AFTER_ALL, limit)
    first, last = _ends(found, key, forward=forward)
    return {
        "events": [_event(each) for each in found],
        "nextForwardToken": _token("f", last),
        "nextBackwardToken": _token("b", first),
    }


def _ends(found: Sequence[Found], key: Key | None, *, forward: bool) -> tuple[Key, Key]:
    """The keys to go back in front of, and to go on behind: at the end, the token comes back that came."""
    if found:
        return found[0].key, found[-1].key
    if key is None:
        return Key(0, 0, 0), Key(0, 0, 0)
    if forward:  # back means: with the event that the token was of
        return Key(key.timestamp_ms, key.segment, key.offset + 1), key
    return key, Key(key.timestamp_ms, key.segment, max(key.offset - 1, 0))


def _event(found: Found) -> Document:
    entry = found.entry
    ingested_ms = entry.timestamp_ms if entry.ingested_ms is None else entry.ingested_ms
    return {
        "timestamp": entry.timestamp_ms,
        "message": entry.message,
        "ingestionTime": ingested_ms,
    }


def _token(direction: str, key: Key) -> str:
    return f"{direction}/{event_id(key)}/s"


def event_id(key: Key) -> str:
    """56 digits, as AWS has them; of one event only, and in the order of events."""
    return f"{max(key.timestamp_ms, 0):020d}{key.segment:012d}{key.offset:024d}"


def _direction(token: str) -> bool:
    """Whether it goes forward."""
    return token.startswith("f")


def _key(token: str) -> Key:
    match = _TOKEN.fullmatch(token.removesuffix("/s"))
    if match is None:
        raise InvalidParameter("The specified nextToken is invalid.")
    return Key(int(match[2]), int(match[3]), int(match[4]))


# ---------------------------------------------------------------------------------- a whole group


async def _filter_log_events(call: Call) -> Document:
    members = call.members
    group = await call.logbook.get(call.group_or_identifier())
    names, prefix = members.get("logStreamNames"), members.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise InvalidParameter("Only one of logStreamNamePrefix and logStreamNames can be specified.")
    if names is not None:
        await _require_streams(call, group, names)
    key = BEFORE_ALL if "nextToken" not in members else _key(f"f/{members['nextToken']}")
    wanted = Wanted(
        *_span(members),
        stream=chosen(names, None if prefix is None else [prefix]),
        matches=log_pattern.compiled(members.get("filterPattern", "")),
    )
    found, more = await call.logbook.after(group, wanted, key, members.get("limit", _LIMIT))
    told: Document = {
        "events": [
            {"logStreamName": each.entry.stream, **_event(each), "eventId": event_id(each.key)}
            for each in found
        ],
        "searchedLogStreams": [],
    }
    return {**told, "nextToken": event_id(found[-1].key)} if more else told


def chosen(names: Sequence[str] | None, prefixes: Sequence[str] | None) -> Callable[[str], bool]:
    """Whether a stream is one of these; None of both: any."""
    if names is not None:
        named = frozenset(names)
        return lambda stream: stream in named
    if prefixes is not None:
        beginnings = tuple(prefixes)
        return lambda stream: stream.startswith(beginnings)
    return lambda _: True


async def _require_streams(call: Call, group: LogGroup, names: Sequence[str]) -> None:
    missing = set(names) - set(group.streams or {})
    if missing and missing - set(await call.logbook.streams(group)):
        raise StreamNotFound


def _span(members: Mapping[str, Any]) -> tuple[int, int]:
    since_ms, until_ms = members.get("startTime", 0), members.get("endTime", AFTER_ALL.timestamp_ms)
    if since_ms > until_ms:
        raise InvalidParameter("startTime must be less than or equal to endTime")
    return since_ms, until_ms


HANDLERS: Mapping[str, Handler] = {
    "FilterLogEvents": _filter_log_events,
    "GetLogEvents": _get_log_events,
    "PutLogEvents": _put_log_events,
}
