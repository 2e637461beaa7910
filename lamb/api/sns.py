"""SNS, in its query protocol: members of requests → use cases → documents and errors in SNS's words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.api import query_protocol
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.api.sns_call import Call
from lamb.core import publishing, subscriptions, topics
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    LambError,
    SerializationFailure,
    UnknownOperation,
)
from lamb.model.topic import TopicKey, parse_topic_arn
from lamb.model.topic_errors import InvalidParameter

Document = dict[str, Any]

_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
# What other parts of lamb raise → what SNS says: its code and status.
_CODES: Mapping[type[LambError], tuple[str, int]] = {
    AccessDenied: ("AuthorizationError", 403),
    InvalidParameterValue: ("InvalidParameter", 400),
    SerializationFailure: ("MalformedQueryString", 404),
    UnknownOperation: ("InvalidAction", 400),
}


Handler = Callable[[Call], Awaitable["Document | None"]]


class Sns:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset(
        {"Publish", "PublishBatch", "GetTopicAttributes", "ListTopics", "ListSubscriptionsByTopic"}
    )

    async def answer(self, request: Request) -> Response:
        if not request.is_form:
            raise UnknownOperation("SNS speaks the query protocol")
        handler = HANDLERS.get(request.operation)
        if handler is None:
            raise UnknownOperation(f"The action {request.operation} is not valid for this endpoint.")
        members = query_protocol.members(request.members)
        document = await handler(Call(request, members))
        return query_protocol.answer(
            request.operation,
            document,
            _NAMESPACE,
            request.request_id,
            as_json=query_protocol.wants_json(request.members),
        )

    def refusal(self, error: LambError, request: Request) -> Response:
        code, status = _CODES.get(type(error), (error.code, error.status))
        message = error.message
        if type(error) is InvalidParameterValue:
            message = f"Invalid parameter: {message}"
        told = {"Type": "Sender" if status < 500 else "Receiver", "Code": code, "Message": message}
        as_json = query_protocol.wants_json(request.members)
        if as_json and error.hint:
            told["Hint"] = error.hint
        response = query_protocol.refusal(status, told, _NAMESPACE, request.request_id, as_json=as_json)
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Sns()


# ---------------------------------------------------------------------------------- topics


async def _create_topic(call: Call) -> Document:
    arguments = (call.text("Name"), call.map("Attributes"), call.tags(required=False))
    key = await call.run(topics.create, call.request.place, *arguments)
    return {"TopicArn": key.arn}


async def _delete_topic(call: Call) -> None:
    await call.run(topics.delete, call.topic())


async def _list_topics(call: Call) -> Document:
    keys, token = await call.run(topics.list_topics, call.request.place, _token(call))
    return {"Topics": [{"TopicArn": key.arn} for key in keys], "NextToken": token}


async def _get_topic_attributes(call: Call) -> Document:
    return {"Attributes": await call.run(topics.attributes, call.topic())}


async def _set_topic_attributes(call: Call) -> None:
    value = call.optional("AttributeValue") or ""
    await call.run(topics.set_attribute, call.topic(), call.text("AttributeName"), value)


async def _tag_resource(call: Call) -> Document:
    await call.run(topics.tag, call.topic("ResourceArn"), call.tags(required=True))
    return {}


async def _untag_resource(call: Call) -> Document:
    await call.run(topics.untag, call.topic("ResourceArn"), call.texts("TagKeys"))
    return {}


async def _list_tags(call: Call) -> Document:
    tags = await call.run(topics.tags, call.topic("ResourceArn"))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _token(call: Call) -> str | None:
    return call.optional("NextToken") or None


# ---------------------------------------------------------------------------------- subscriptions


async def _subscribe(call: Call) -> Document:
    arguments = (call.text("Protocol"), call.optional("Endpoint") or "", call.map("Attributes"))
    key = await call.run(subscriptions.subscribe, call.topic(), *arguments)
    return {"SubscriptionArn": key.arn}


async def _unsubscribe(call: Call) -> None:
    await call.run(subscriptions.unsubscribe, call.subscription())


async def _confirm_subscription(call: Call) -> None:
    topic, _ = call.topic(), call.text("Token")
    await call.run(subscriptions.confirm, topic)


async def _list_subscriptions(call: Call) -> Document:
    return await _listed(call, None)


async def _list_subscriptions_by_topic(call: Call) -> Document:
    return await _listed(call, call.topic())


async def _listed(call: Call, topic: TopicKey | None) -> Document:
    rows, token = await call.run(subscriptions.list_subscriptions, call.request.place, _token(call), topic)
    listed = [
        {
            "SubscriptionArn": row.key.arn,
            "Owner": row.key.topic.account,
            "Protocol": row.protocol,
            "Endpoint": row.endpoint,
            "TopicArn": row.key.topic.arn,
        }
        for row in rows
    ]
    return {"Subscriptions": listed, "NextToken": token}


async def _get_subscription_attributes(call: Call) -> Document:
    return {"Attributes": await call.run(subscriptions.attributes, call.subscription())}


async def _set_subscription_attributes(call: Call) -> None:
    value = call.optional("AttributeValue") or ""
    await call.run(subscriptions.set_attribute, call.subscription(), call.text("AttributeName"), value)


# ---------------------------------------------------------------------------------- publishing


async def _publish(call: Call) -> Document:
    wish = publishing.Publishing(call.request.services.core, _target(call), [call.notification()])
    (published,) = await _published(call, wish)
    return _receipt(published)


async def _publish_batch(call: Call) -> Document:
    topic = call.topic()
    entries = call.entries("PublishBatchRequestEntries")
    ids, wanted = [entry.text("Id") for entry in entries], [entry.notification() for entry in entries]
    wish = publishing.Publishing(call.request.services.core, topic, wanted, ids)
    published = await _published(call, wish)
    taken = [{"Id": entry_id, **_receipt(each)} for entry_id, each in zip(ids, published, strict=True)]
    return {"Successful": taken, "Failed": []}


async def _published(call: Call, wish: publishing.Publishing) -> list[publishing.Published]:
    answer: list[publishing.Published] | LambError = await call.request.services.group.add(
        publishing.publish, wish
    )
    if isinstance(answer, LambError):
        raise answer
    return answer


def _receipt(published: publishing.Published) -> Document:
    return {"MessageId": published.message_id, "SequenceNumber": published.sequence}


def _target(call: Call) -> TopicKey:
    if call.optional("PhoneNumber") is not None:
        raise InvalidParameter("PhoneNumber Reason: lamb delivers to queues and functions, and to no phone")
    if call.optional("TopicArn") is None and call.optional("TargetArn") is not None:
        return parse_topic_arn(call.text("TargetArn"), call.request.place, "TargetArn")
    if call.optional("TopicArn") is None:
        raise InvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
    return call.topic()


HANDLERS: Mapping[str, Handler] = {
    "ConfirmSubscription": _confirm_subscription,
    "CreateTopic": _create_topic,
    "DeleteTopic": _delete_topic,
    "GetSubscriptionAttributes": _get_subscription_attributes,
    "GetTopicAttributes": _get_topic_attributes,
    "ListSubscriptions": _list_subscriptions,
    "ListSubscriptionsByTopic": _list_subscriptions_by_topic,
    "ListTagsForResource": _list_tags,
    "ListTopics": _list_topics,
    "Publish": _publish,
    "PublishBatch": _publish_batch,
    "SetSubscriptionAttributes": _set_subscription_attributes,
    "SetTopicAttributes": _set_topic_attributes,
    "Subscribe": _subscribe,
    "TagResource": _tag_resource,
    "Unsubscribe": _unsubscribe,
    "UntagResource": _untag_resource,
}
