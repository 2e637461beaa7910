"""CloudWatch Logs, in its JSON protocol: groups, streams and tags. What reads and puts events is in
log_events.py."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.api import live_tail, log_events
from lamb.api.log_call import Call, Document, page_token, start_after
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.core import log_groups
from lamb.core.log_groups import PROTECTED, LogGroup
from lamb.logs.chunks import Stream
from lamb.model.errors import (
    InvalidParameterValue,
    LambError,
    SerializationFailure,
    UnknownOperation,
    ValidationFailure,
)
from lamb.model.log_errors import InvalidParameter

_CONTENT_TYPE = (b"content-type", b"application/x-amz-json-1.1")
_PAGE_DEFAULT = 50
_SETTINGS = ("kmsKeyId", "logGroupClass", PROTECTED)

_LIVE_TAIL = "StartLiveTail"

Handler = Callable[[Call], Awaitable["Document | None"]]


class Logs:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset(
        {
            "CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents",
            "GetLogEvents", "PutLogEvents",
        }
    )  # fmt: skip

    async def answer(self, request: Request) -> Response:
        if request.is_form:
            raise UnknownOperation("CloudWatch Logs speaks its JSON protocol")
        if request.operation == _LIVE_TAIL:
            return await live_tail.start(Call(request))
        handler = HANDLERS.get(request.operation)
        if handler is None:
            raise UnknownOperation(f"lamb has no operation {request.operation} of CloudWatch Logs")
        return _response(200, await handler(Call(request)) or {})

    def refusal(self, error: LambError, request: Request) -> Response:  # noqa: ARG002
        code = error.code
        if isinstance(error, (ValidationFailure, InvalidParameterValue)):
            code = "InvalidParameterException"
        # 501 is lamb's own word to those who ask for what Lambda could do.
        status = 400 if error.status == 501 else error.status
        # Of this service, every refusal is a 400.
        status = status if status >= 500 or isinstance(error, SerializationFailure) else 400
        response = _response(status, {"__type": code, "message": error.message})
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Logs()


def _response(status: int, document: Mapping[str, Any]) -> Response:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(status, [_CONTENT_TYPE], content.encode("utf-8", "replace"))


# ---------------------------------------------------------------------------------- groups


async def _create_log_group(call: Call) -> None:
    members = call.members
    settings = {name: members[name] for name in _SETTINGS if name in members}
    group = call.group()
    if group.name.startswith("aws/"):
        raise InvalidParameter("Log groups starting with aws/ are reserved for AWS.")
    await call.logbook.create(group, members.get("tags", {}), settings)


async def _delete_log_group(call: Call) -> None:
    await call.logbook.delete(call.group())


async def _describe_log_groups(call: Call) -> Document:
    members, place = call.members, call.request.place
    prefix, pattern = members.get("logGroupNamePrefix"), members.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    (after,) = start_after(members.get("nextToken"), [""])
    wanted = [
        name
        for name in await call.logbook.names(place)
        if name > after and name.startswith(prefix or "") and (pattern or "").lower() in name.lower()
    ]
    if "logGroupIdentifiers" in members:
        chosen = {call.named(text).name for text in members["logGroupIdentifiers"]}
        wanted = [name for name in wanted if name in chosen]
    most, shown = members.get("limit", _PAGE_DEFAULT), wanted
    if "logGroupClass" not in members:
        shown = wanted[: most + 1]
    found = [
        group
        for group in await call.logbook.named(place, shown)
        if members.get("logGroupClass") in (None, _class(group))
    ]
    page = found[:most]
    token = page_token([page[-1].key.name]) if len(found) > most else None
    return _with_token({"logGroups": [_group(group) for group in page]}, token)


def _class(group: LogGroup) -> str:
    return str((group.settings or {}).get("logGroupClass", "STANDARD"))


def _group(group: LogGroup) -> Document:
    key, settings = group.key, group.settings or {}
    arn = f"arn:aws:logs:{key.region}:{key.account}:log-group:{key.name}"
    told = {
        "logGroupName": key.name,
        "creationTime": group.created_ms,
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": group.size_bytes,
        "kmsKeyId": settings.get("kmsKeyId"),
        "logGroupClass": _class(group),
        "logGroupArn": arn,
        PROTECTED: bool(settings.get(PROTECTED, False)),
    }
    return {name: value for name, value in told.items() if value is not None}


async def _put_retention_policy(call: Call) -> None:
    group = call.group()
    await call.logbook.change(log_groups.set_retention, group, call.members["retentionInDays"])
    await call.logbook.expire(await call.logbook.get(group))


async def _delete_retention_policy(call: Call) -> None:
    await call.logbook.change(log_groups.set_retention, call.group(), None)


async def _put_protection(call: Call) -> None:
    protected = call.members["deletionProtectionEnabled"]
    await call.logbook.change(
        log_groups.set_protection, call.named(call.members["logGroupIdentifier"]), protected
    )


# ---------------------------------------------------------------------------------- tags


async def _tag_resource(call: Call) -> None:
    await call.logbook.change(log_groups.tag, call.tagged(), call.members["tags"])


async def _untag_resource(call: Call) -> None:
    await call.logbook.change(log_groups.untag, call.tagged(), call.members["tagKeys"])


async def _untag_log_group(call: Call) -> None:
    await call.logbook.change(log_groups.untag, call.tagged(), call.members["tags"])


async def _list_tags(call: Call) -> Document:
    group = await call.logbook.get(call.tagged())
    return {"tags": dict(group.tags or {})}


# ---------------------------------------------------------------------------------- streams


async def _create_log_stream(call: Call) -> None:
    name, now_ms = call.members["logStreamName"], call.logbook.now_ms()
    group = call.group()
    found = await call.logbook.get(group)
    if name in await call.logbook.streams(found):
        raise log_events.StreamExists
    await call.logbook.change(log_groups.create_stream, group, name, now_ms)


async def _delete_log_stream(call: Call) -> None:
    await call.logbook.delete_stream(call.group(), call.members["logStreamName"])


async def _describe_log_streams(call: Call) -> Document:
    members = call.members
    group = await call.logbook.get(call.group_or_identifier())
    prefix, by_time = members.get("logStreamNamePrefix", ""), members.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    written, made = await call.logbook.streams(group), group.streams or {}
    # A stream that never had an event was last used when it was made, for this order.
    at_ms = {name: written[name].last_ms if name in written else made[name] for name in {*written, *made}}
    keys = sorted((at_ms[name] if by_time else 0, name) for name in at_ms if name.startswith(prefix))
    if members.get("descending", False):
        keys.reverse()
    if "nextToken" in members:
        number, last = start_after(members["nextToken"], [0, ""])
        after = (int(number), str(last))
        keys = [key for key in keys if (key < after if members.get("descending", False) else key > after)]
    most = members.get("limit", _PAGE_DEFAULT)
    page = [_stream(group, name, written.get(name), made.get(name)) for _, name in keys[:most]]
    token = page_token([*keys[most - 1]]) if len(keys) > most else None
    return _with_token({"logStreams": page}, token)


def _stream(group: LogGroup, name: str, written: Stream | None, made_ms: int | None) -> Document:
    key = group.key
    told: Document = {
        "logStreamName": name,
        "creationTime": made_ms if written is None or made_ms is not None else written.first_ms,
    }
    if written is not None:
        told |= {
            "firstEventTimestamp": written.first_ms,
            "lastEventTimestamp": written.last_ms,
            "lastIngestionTime": written.ingested_ms,
            "uploadSequenceToken": log_events.SEQUENCE_TOKEN,
        }
    arn = f"arn:aws:logs:{key.region}:{key.account}:log-group:{key.name}:log-stream:{name}"
    # AWS has said 0 for every stream since June 2019.
    return {**told, "arn": arn, "storedBytes": 0}


def _with_token(document: Document, token: str | None) -> Document:
    return document if token is None else {**document, "nextToken": token}


HANDLERS: Mapping[str, Handler] = {
    **log_events.HANDLERS,
    "CreateLogGroup": _create_log_group,
    "CreateLogStream": _create_log_stream,
    "DeleteLogGroup": _delete_log_group,
    "DeleteLogStream": _delete_log_stream,
    "DeleteRetentionPolicy": _delete_retention_policy,
    "DescribeLogGroups": _describe_log_groups,
    "DescribeLogStreams": _describe_log_streams,
    "ListTagsForResource": _list_tags,
    "ListTagsLogGroup": _list_tags,
    "PutLogGroupDeletionProtection": _put_protection,
    "PutRetentionPolicy": _put_retention_policy,
    "TagLogGroup": _tag_resource,
    "TagResource": _tag_resource,
    "UntagLogGroup": _untag_log_group,
    "UntagResource": _untag_resource,
}

OPERATIONS = frozenset({*HANDLERS, _LIVE_TAIL})
