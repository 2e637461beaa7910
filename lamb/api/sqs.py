"""SQS, in its JSON protocol: members of requests → use cases → documents and errors in AWS's words.

What sends, receives and deletes messages is in sqs_messages.py.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.api import query_protocol, sqs_messages
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.api.sqs_members import Document, Reader
from lamb.core import queue_policy, queues, redrive
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    LambError,
    SerializationFailure,
    UnknownOperation,
)
from lamb.model.queue import QueueKey
from lamb.model.queue_errors import BY_CODE, MissingParameter, invalid, query_code
from lamb.model.requests import Page

_CONTENT_TYPE = (b"content-type", b"application/x-amz-json-1.0")
_NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_PAGE = range(1, 1001)
_TASKS = range(1, 11)
_TAGS_MAX = 50
# These are said by the layer in front of SQS.
_CORAL = (AccessDenied, InvalidParameterValue, MissingParameter, SerializationFailure, UnknownOperation)

Handler = Callable[[Request], Awaitable["Document | None"]]


class Sqs:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset({*sqs_messages.HANDLERS, "GetQueueAttributes", "GetQueueUrl", "ListQueues"})

    async def answer(self, request: Request) -> Response:
        if request.is_form:
            raise UnknownOperation("lamb speaks SQS's JSON protocol, as boto3 does from 1.28.82 on")
        handler = HANDLERS.get(request.operation)
        if handler is None:
            raise UnknownOperation(f"SQS has no operation {request.operation}")
        return _response(200, await handler(request) or {})

    def refusal(self, error: LambError, request: Request) -> Response:
        code, query = error.code, query_code(error)
        if isinstance(error, UnknownOperation):
            code = query = "InvalidAction"
        known = type(error) in BY_CODE.values() and type(error) not in _CORAL
        place = "com.amazonaws.sqs" if known else "com.amazon.coral.service"
        # 501 is lamb's own word to those who ask for what Lambda could do.
        status = 400 if error.status == 501 else error.status
        if request.is_form:
            told = {"Type": "Sender", "Code": query, "Message": error.message}
            return query_protocol.refusal(status, told, _NAMESPACE, request.request_id, as_json=False)
        response = _response(status, {"__type": f"{place}#{code}", "message": error.message})
        fault = "Sender" if status < 500 else "Receiver"
        response.headers.append((b"x-amzn-query-error", f"{query};{fault}".encode()))
        # What lamb's own client tells errors by.
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Sqs()


def _response(status: int, document: Mapping[str, Any]) -> Response:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(status, [_CONTENT_TYPE], content.encode("utf-8", "surrogatepass"))


# ---------------------------------------------------------------------------------- queues


async def _create_queue(request: Request) -> Document:
    read = Reader(request)
    key = QueueKey(request.place.account, request.place.region, read.required_text("QueueName"))
    attributes, tags = read.texts_by_name("Attributes"), read.texts_by_name("tags")
    _refuse_many_tags(tags)
    queue = await request.services.run(queues.create, request.services.core, key, attributes, tags)
    return {"QueueUrl": _url(request, queue.key)}


async def _get_queue_url(request: Request) -> Document:
    read = Reader(request)
    owner = read.text("QueueOwnerAWSAccountId") or request.place.account
    key = QueueKey(owner, request.place.region, read.required_text("QueueName"))
    queue = await request.services.run(queues.get, request.services.core, key)
    return {"QueueUrl": _url(request, queue.key)}


async def _list_queues(request: Request) -> Document:
    read = Reader(request)
    listed, token = await request.services.run(
        queues.list_queues,
        request.services.core,
        request.place,
        read.text("QueueNamePrefix") or "",
        _page(read),
    )
    return _listed(request, "QueueUrls", [queue.key for queue in listed], token)


async def _get_queue_attributes(request: Request) -> Document | None:
    read = Reader(request)
    names = read.texts("AttributeNames")
    told = await request.services.run(queues.attributes_of, request.services.core, read.queue(), names)
    return {"Attributes": told} if told else None


async def _set_queue_attributes(request: Request) -> None:
    read = Reader(request)
    key, attributes = read.queue(), read.texts_by_name("Attributes", required=True)
    await request.services.run(queues.set_attributes, request.services.core, key, attributes)


async def _delete_queue(request: Request) -> None:
    await request.services.run(queues.delete, request.services.core, Reader(request).queue())


async def _purge_queue(request: Request) -> None:
    await request.services.run(queues.purge, request.services.core, Reader(request).queue())


async def _tag_queue(request: Request) -> None:
    read = Reader(request)
    tags = read.texts_by_name("Tags", required=True)
    _refuse_many_tags(tags)
    await request.services.run(queues.tag, request.services.core, read.queue(), tags)


async def _untag_queue(request: Request) -> None:
    read = Reader(request)
    names = read.texts("TagKeys", required=True)
    await request.services.run(queues.untag, request.services.core, read.queue(), names)


async def _list_queue_tags(request: Request) -> Document | None:
    queue = await request.services.run(queues.get, request.services.core, Reader(request).queue())
    return {"Tags": dict(queue.tags)} if queue.tags else None


async def _add_permission(request: Request) -> None:
    read = Reader(request)
    permission = queue_policy.Permission(
        label=read.required_text("Label"),
        accounts=read.texts("AWSAccountIds", required=True),
        actions=read.texts("Actions", required=True),
    )
    await request.services.run(queue_policy.add, request.services.core, read.queue(), permission)


async def _remove_permission(request: Request) -> None:
    read = Reader(request)
    label = read.required_text("Label")
    await request.services.run(queue_policy.remove, request.services.core, read.queue(), label)


# ---------------------------------------------------------------------------------- dead letters


async def _list_dead_letter_source_queues(request: Request) -> Document:
    read = Reader(request)
    keys, token = await request.services.run(
        redrive.sources, request.services.core, read.queue(), _page(read)
    )
    return {"queueUrls": [], **_listed(request, "queueUrls", keys, token)}


async def _start_message_move_task(request: Request) -> Document:
    read = Reader(request)
    task = await request.services.run(
        redrive.start,
        request.services.core,
        read.required_text("SourceArn"),
        read.text("DestinationArn"),
        read.number("MaxNumberOfMessagesPerSecond"),
    )
    request.services.move_messages(task.id)
    return {"TaskHandle": task.handle}


async def _cancel_message_move_task(request: Request) -> Document:
    handle = Reader(request).required_text("TaskHandle")
    moved = await request.services.run(redrive.cancel, request.services.core, handle)
    return {"ApproximateNumberOfMessagesMoved": moved}


async def _list_message_move_tasks(request: Request) -> Document:
    read = Reader(request)
    source, most = read.required_text("SourceArn"), read.number("MaxResults")
    if most is not None and most not in _TASKS:
        raise invalid("MaxResults", most, "Must be between 1 and 10, if provided.")
    tasks = await request.services.run(redrive.tasks, request.services.core, source, most or 1)
    return {"Results": [_task(task, source) for task in tasks]}


def _task(task: redrive.MoveTask, source_arn: str) -> Document:
    """A handle is shown of what can be cancelled."""
    told = {
        "TaskHandle": task.handle if task.status == redrive.RUNNING else None,
        "Status": task.status,
        "SourceArn": source_arn,
        "DestinationArn": task.destination_arn,
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure,
        "StartedTimestamp": task.started_ms,
    }
    return {name: value for name, value in told.items() if value is not None}


# ---------------------------------------------------------------------------------- shapes


def _url(request: Request, key: QueueKey) -> str:
    return request.base_url + key.path


def _listed(request: Request, member: str, keys: list[QueueKey], token: str | None) -> Document:
    """SQS leaves out a list that is empty."""
    told: Document = {member: [_url(request, key) for key in keys]} if keys else {}
    return {**told, "NextToken": token} if token else told


def _page(read: Reader) -> Page:
    most = read.number("MaxResults")
    if most is not None and most not in _PAGE:
        raise invalid("MaxResults", most, "Must be between 1 and 1000, if provided.")
    return Page(read.text("NextToken") or None, most)


def _refuse_many_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > _TAGS_MAX:
        raise InvalidParameterValue(f"Too many tags for the queue: at most {_TAGS_MAX} are allowed.")


HANDLERS: Mapping[str, Handler] = {
    **sqs_messages.HANDLERS,
    "AddPermission": _add_permission,
    "CancelMessageMoveTask": _cancel_message_move_task,
    "CreateQueue": _create_queue,
    "DeleteQueue": _delete_queue,
    "GetQueueAttributes": _get_queue_attributes,
    "GetQueueUrl": _get_queue_url,
    "ListDeadLetterSourceQueues": _list_dead_letter_source_queues,
    "ListMessageMoveTasks": _list_message_move_tasks,
    "ListQueueTags": _list_queue_tags,
    "ListQueues": _list_queues,
    "PurgeQueue": _purge_queue,
    "RemovePermission": _remove_permission,
    "SetQueueAttributes": _set_queue_attributes,
    "StartMessageMoveTask": _start_message_move_task,
    "TagQueue": _tag_queue,
    "UntagQueue": _untag_queue,
}
