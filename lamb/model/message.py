"""Messages as values: sums that clients verify, which attributes a receiver sees, what may be in them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from lamb.model.errors import InvalidParameterValue
from lamb.model.queue_errors import InvalidMessageContents
from lamb.model.xml import UNWRITABLE

Attributes = Mapping[str, Mapping[str, str]]
"""As AWS's JSON has them: `{"Name": {"DataType": "String", "StringValue": "x"}}`; BinaryValue in base64."""
NO_ATTRIBUTES: Attributes = {}

_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.ASCII)
_RESERVED = ("aws.", "amazon.")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ATTRIBUTES_MAX = 10
# sqs-message-metadata: the value's kind in the digest
_STRING, _BINARY = b"\x01", b"\x02"


class NewMessage(NamedTuple):
    """A message that somebody sends."""

    body: str
    attributes: Attributes = NO_ATTRIBUTES
    system_attributes: Attributes = NO_ATTRIBUTES
    """AWSTraceHeader, in the same shape."""
    delay_s: int | None = None
    """None: as the queue has it."""
    group_id: str | None = None
    deduplication_id: str | None = None


class Sent(NamedTuple):
    message_id: str
    sequence: str | None = None
    """SequenceNumber, of FIFO queues."""


class Message(NamedTuple):
    """A message at rest or in flight."""

    id: int
    """The order of arrival."""
    queue_id: int
    message_id: str
    body: str
    attributes: Attributes
    system_attributes: Mapping[str, str]
    group_id: str | None
    deduplication_id: str | None
    sent_ms: int
    visible_ms: int
    expires_ms: int
    receives: int
    first_received_ms: int | None
    receipt: str | None


def sequence_number(message_id: int) -> str:
    """Twenty digits, as AWS's have, growing with the order of arrival."""
    return str(10**19 + message_id)


def md5_of_body(body: str) -> str:
    return _md5(_utf8(body))


def md5_of_attributes(attributes: Attributes) -> str | None:
    """None without attributes. sqs-message-metadata, "Calculating the MD5 message digest for message
    attributes": sorted by name; name, type and value, each behind its length in four bytes."""
    if not attributes:
        return None
    parts = []
    for name in sorted(attributes):
        value = attributes[name]
        parts += [_sized(_utf8(name)), _sized(_utf8(value["DataType"]))]
        if "BinaryValue" in value:
            parts += [_BINARY, _sized(binascii.a2b_base64(value["BinaryValue"]))]
        else:
            parts += [_STRING, _sized(_utf8(value.get("StringValue", "")))]
    return _md5(b"".join(parts))


def size(message: NewMessage) -> int:
    """Bytes that count towards MaximumMessageSize: the body and every part of the attributes.

    Also of messages that will be refused.
    """
    total = len(_utf8(message.body))
    for name, value in message.attributes.items():
        encoded = value.get("BinaryValue", "")
        total += len(encoded) // 4 * 3 - encoded.count("=")
        total += sum(
            len(_utf8(text)) for text in (name, value.get("DataType", ""), value.get("StringValue", ""))
        )
    return total


def visible_attributes(attributes: Attributes, wanted: Collection[str]) -> Attributes:
    """Those that a receiver asked for: `All`, `.*`, names, and prefixes that end in `*` or `.*`."""
    if not wanted or not attributes:
        return {}
    if not {"All", ".*", "*"}.isdisjoint(wanted):
        return attributes
    prefixes = tuple(name.removesuffix("*").removesuffix(".") for name in wanted if name.endswith("*"))
    return {
        name: value
        for name, value in attributes.items()
        if name in wanted or (prefixes and name.startswith(prefixes))
    }


def system_attributes(message: Message, sender: str, *, fifo: bool) -> dict[str, str]:
    """Everything that a receiver can ask for with MessageSystemAttributeNames."""
    told: dict[str, str | None] = {
        "SenderId": sender,
        "SentTimestamp": str(message.sent_ms),
        "ApproximateReceiveCount": str(message.receives),
        "ApproximateFirstReceiveTimestamp": str(message.first_received_ms or 0),
        "SequenceNumber": sequence_number(message.id) if fifo else None,
        "MessageDeduplicationId": message.deduplication_id,
        "MessageGroupId": message.group_id,
        **message.system_attributes,
    }
    return {name: value for name, value in told.items() if value is not None}


def refuse_bad_contents(message: NewMessage) -> None:
    """Characters, names, types and values that SQS does not take.

    Raises InvalidMessageContents and InvalidParameterValue.
    """
    _refuse_characters(message.body, "message body")
    if len(message.attributes) > _ATTRIBUTES_MAX:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(message.attributes)}] exceeds the allowed maximum "
            f"[{_ATTRIBUTES_MAX}]."
        )
    for name, value in message.attributes.items():
        _refuse_name(name)
        _refuse_value(f"Message (user) attribute '{name}'", value)
    for name, value in message.system_attributes.items():
        if name != "AWSTraceHeader":
            raise InvalidParameterValue(f"Message system attribute name '{name}' is invalid.")
        if value.get("DataType") != "String":
            raise InvalidParameterValue(
                f"Message (system) attribute '{name}' has an invalid message attribute type, "
                "the set of supported type prefixes is String."
            )
        _refuse_value(f"Message (system) attribute '{name}'", value)


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.lower().startswith(_RESERVED):
        raise InvalidParameterValue(
            f"Message (user) attribute name '{name}' is invalid: it can contain A-Z, a-z, 0-9, underscore "
            "(_), hyphen (-), and period (.) characters, must not start or end with a period or have "
            "periods in succession, and must not start with AWS. or Amazon."
        )


def _refuse_value(what: str, value: Mapping[str, Any]) -> None:
    kind = str(value.get("DataType", ""))
    if not kind:
        raise InvalidParameterValue(f"{what} must contain a non-empty message attribute type.")
    prefix = kind.partition(".")[0]
    if prefix not in ("String", "Number", "Binary") or len(kind) > 256:
        raise InvalidParameterValue(
            f"{what} has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    member, other = ("BinaryValue", "StringValue") if prefix == "Binary" else ("StringValue", "BinaryValue")
    if other in value and member not in value:
        raise InvalidParameterValue(f"{what} with type '{kind}' must use field '{prefix}'.")
    text = value.get(member, "")
    if not text:
        raise InvalidParameterValue(f"{what} must contain a non-empty value of type '{prefix}'.")
    if prefix == "Number" and not _NUMBER.fullmatch(text.strip()):
        raise InvalidParameterValue(f"Can't cast the value of {what[0].lower()}{what[1:]} to a number.")
    if prefix == "Binary":
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            raise InvalidParameterValue(f"{what} has a value that is not base64.") from None
    else:
        _refuse_characters(text, "message attribute value")


def _refuse_characters(text: str, where: str) -> None:
    # SendMessage takes what XML can hold.
    found = UNWRITABLE.search(text)
    if found is not None:
        raise InvalidMessageContents(
            f"Invalid binary character '#x{ord(found[0]):X}' was found in the {where}, the set of allowed "
            "characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]."
        )


def _utf8(text: str) -> bytes:
    # JSON may hold half a pair; that it is refused is said elsewhere.
    return text.encode("utf-8", "surrogatepass")


def _sized(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


def _md5(data: bytes) -> str:
    # Part of the protocol; no secret depends on it.
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
