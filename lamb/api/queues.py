"""lamb's own routes for local queues: what SQS has no word for."""

from __future__ import annotations

from lamb.api.messages import Response, json_response
from lamb.api.own import Ask
from lamb.core import queues
from lamb.model.errors import InvalidParameterValue
from lamb.model.message import Message, system_attributes
from lamb.model.queue import Queue, parse_url

_PEEK_MAX = 1000
_DEFAULT = 10


async def peek(ask: Ask) -> Response:
    """The first `max` messages in the order of arrival, in SQS's shape, and none the more received."""
    most = ask.argument("max") or _DEFAULT
    if most > _PEEK_MAX:
        raise InvalidParameterValue(f"At most {_PEEK_MAX} messages are shown at once")
    key = parse_url(ask.params["queue"], ask.place)
    queue, found = await ask.services.run(queues.peek, ask.services.core, key, most)
    return json_response({"Messages": [_document(queue, message) for message in found]})


def _document(queue: Queue, message: Message) -> dict[str, object]:
    told = system_attributes(message, queue.key.account, fifo=queue.key.fifo)
    return {
        "MessageId": message.message_id,
        "Body": message.body,
        "Attributes": told,
        "MessageAttributes": dict(message.attributes),
        "VisibleTimestamp": message.visible_ms,
    }
