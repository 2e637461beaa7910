"""Members of SQS requests, each of the type that SQS's model gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamb.api.neighbour import Request
from lamb.model.errors import SerializationFailure
from lamb.model.queue import QueueKey, parse_url
from lamb.model.queue_errors import MissingParameter

Document = dict[str, Any]
_VALUE = ("DataType", "StringValue", "BinaryValue")


class Reader:
    """Reads a request, or one entry of a batch. Every method raises SerializationFailure for another type,
    and MissingParameter for what is required and not there."""

    def __init__(self, request: Request, entry: Mapping[str, Any] | None = None) -> None:
        self._request = request
        self._members = request.members if entry is None else entry

    def queue(self) -> QueueKey | None:
        """The queue that QueueUrl names, or the path that was asked; None for what is no queue's URL."""
        url = self.text("QueueUrl") or (self._request.path if self._request.path != "/" else None)
        if url is None:
            raise MissingParameter("QueueUrl")
        return parse_url(url, self._request.place)

    def text(self, name: str) -> str | None:
        value = self._members.get(name)
        if value is None or isinstance(value, str):
            return value
        raise _mismatch(name, "a String")

    def required_text(self, name: str) -> str:
        """An empty one is none."""
        value = self.text(name)
        if not value:
            raise MissingParameter(name)
        return value

    def number(self, name: str) -> int | None:
        value = self._members.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise _mismatch(name, "an Integer")

    def texts(self, name: str, *, required: bool = False) -> list[str]:
        value = self._members.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _mismatch(name, "a List of Strings")
        if required and not value:
            raise MissingParameter(name)
        return value

    def texts_by_name(self, name: str, *, required: bool = False) -> dict[str, str]:
        value = self._members.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise _mismatch(name, "a Map of Strings")
        if required and name not in self._members:
            raise MissingParameter(name)
        return value

    def attributes(self, name: str) -> dict[str, dict[str, str]]:
        """Message attributes, with the parts that SQS knows what to do with."""
        value = self._members.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            raise _mismatch(name, "a Map of Structures")
        read = {
            key: {part: item[part] for part in _VALUE if item.get(part) is not None}
            for key, item in value.items()
        }
        if not all(isinstance(text, str) for item in read.values() for text in item.values()):
            raise _mismatch(name, "a Map of Structures")
        return read

    def entries(self, name: str) -> list[Mapping[str, Any]]:
        value = self._members.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise _mismatch(name, "a List of Structures")
        return value


def _mismatch(name: str, wanted: str) -> SerializationFailure:
    return SerializationFailure(f"The value of {name} can not be converted to {wanted}")
