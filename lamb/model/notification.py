"""What is published to a topic: the rules for it, and what it becomes for each kind of subscriber."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lamb.model.clock import iso_z
from lamb.model.message import NO_ATTRIBUTES, Attributes
from lamb.model.topic import SubscriptionKey, TopicKey
from lamb.model.topic_errors import InvalidParameter, MemberMissing, ParameterValueInvalid

_SUBJECT_MAX = 100
_ATTRIBUTE_NAME_MAX = 256
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
# API reference, Publish, on MessageGroupId and MessageDeduplicationId
_ID = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")
_COUNTED = ("DataType", "StringValue")
_TYPES = {"String": "StringValue", "Number": "StringValue", "Binary": "BinaryValue"}
# Nothing here is signed: who checks signatures finds out at once.
_SIGNATURE = base64.b64encode(b"not signed by lamb").decode()


class Notification(NamedTuple):
    """One message as its publisher gave it."""

    message: str
    subject: str | None = None
    attributes: Attributes = NO_ATTRIBUTES
    structure: str | None = None
    """`json`: the message holds a text for each protocol, and one for all others under `default`."""
    group_id: str | None = None
    deduplication_id: str | None = None

    @property
    def size(self) -> int:
        """Bytes that count against the limit: of the message and of its attributes."""
        texts = [self.message, *self.attributes]
        texts += [value.get(member, "") for value in self.attributes.values() for member in _COUNTED]
        binary = sum(len(value.get("BinaryValue", "")) for value in self.attributes.values())
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + binary * 3 // 4

    def text(self, protocol: str) -> str:
        """The message for subscribers of that protocol. It must have been accepted by `refuse`."""
        if self.structure is None:
            return self.message
        texts = json.loads(self.message)
        chosen = texts.get(protocol)
        return chosen if isinstance(chosen, str) else str(texts["default"])

    def content_id(self) -> str:
        """MessageDeduplicationId under ContentBasedDeduplication: a hash of the message alone."""
        return hashlib.sha256(self.message.encode()).hexdigest()


class Publication(NamedTuple):
    """A notification that its topic has accepted."""

    topic: TopicKey
    notification: Notification
    message_id: str
    published_ms: int
    sequence: str | None = None
    """SequenceNumber, of FIFO topics."""
    signature_version: str = "1"


# ------------------------------------------------------------------ rules


def refuse(topic: TopicKey, wanted: Notification, *, content_based: bool, max_bytes: int) -> None:
    """Raise what SNS answers to a notification that this topic does not take.

    `content_based`: the topic makes the missing MessageDeduplicationId of the content.
    """
    if not wanted.message:
        raise InvalidParameter("Empty message")
    if wanted.size > max_bytes:
        raise InvalidParameter("Message too long")
    if wanted.subject is not None:
        _refuse_subject(wanted.subject)
    _refuse_structure(wanted)
    for name, value in wanted.attributes.items():
        _refuse_attribute(name, value)
    _refuse_ids(topic, wanted, content_based=content_based)


def _refuse_subject(subject: str) -> None:
    if not 0 < len(subject) <= _SUBJECT_MAX or re.search(r"[\x00-\x1f\x7f-\x9f]", subject):
        raise InvalidParameter("Subject")


def _refuse_structure(wanted: Notification) -> None:
    if wanted.structure is None:
        return
    if wanted.structure != "json":
        raise InvalidParameter("MessageStructure")
    try:
        texts = json.loads(wanted.message)
    except (ValueError, RecursionError):
        raise InvalidParameter("Message Structure - JSON message body failed to parse") from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise InvalidParameter("Message Structure - No default entry in JSON message body")


def _refuse_attribute(name: str, value: Mapping[str, str]) -> None:
    _refuse_attribute_name(name)
    kind = value.get("DataType")
    if kind is None:
        raise MemberMissing(f"messageAttributes.{name}.member.dataType")
    base, dot, custom = kind.partition(".")
    if base not in _TYPES or (dot and not custom):
        raise ParameterValueInvalid(
            f"The message attribute '{name}' has an invalid message attribute type, "
            "the set of supported type prefixes is Binary, Number, and String."
        )
    member = _TYPES[base]
    if any(other in value for other in {"StringValue", "BinaryValue"} - {member}):
        wanted = member.removesuffix("Value")
        raise ParameterValueInvalid(
            f"The message attribute '{name}' with type '{kind}' must use field '{wanted}'."
        )
    if not value.get(member):
        raise ParameterValueInvalid(
            f"The message attribute '{name}' must contain non-empty message attribute value "
            f"for message attribute type '{kind}'."
        )
    _refuse_attribute_value(name, base, value[member])


def _refuse_attribute_name(name: str) -> None:
    if len(name.encode()) > _ATTRIBUTE_NAME_MAX:
        raise ParameterValueInvalid("Length of message attribute name must be less than 256 bytes.")
    strange = re.search(r"[^A-Za-z0-9_.-]", name)
    if strange:
        raise ParameterValueInvalid(
            f"Invalid non-alphanumeric character '#x{ord(strange[0]):X}' was found in the message attribute "
            "name. Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    if name.startswith("."):
        raise ParameterValueInvalid("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise ParameterValueInvalid("Invalid message attribute name ending with character '.' was found.")
    if ".." in name:
        raise ParameterValueInvalid("Message attribute name can not have successive '.' character.")


def _refuse_attribute_value(name: str, base: str, text: str) -> None:
    if base == "Number" and not _NUMBER.fullmatch(text):
        raise ParameterValueInvalid(f"Could not cast message attribute '{name}' value to number.")
    if base == "Binary":
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            raise ParameterValueInvalid(
                f"The message attribute '{name}' has a binary value that is not valid base64."
            ) from None


def _refuse_ids(topic: TopicKey, wanted: Notification, *, content_based: bool) -> None:
    for member, text in (
        ("MessageGroupId", wanted.group_id),
        ("MessageDeduplicationId", wanted.deduplication_id),
    ):
        if text is not None and not _ID.fullmatch(text):
            raise InvalidParameter(
                f"{member} Reason: The {member} parameter can only include alphanumeric and punctuation "
                "characters, 1 to 128 in length"
            )
    if not topic.fifo:
        if wanted.deduplication_id is not None:
            raise InvalidParameter(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
                "that is not valid for this topic type"
            )
    elif wanted.group_id is None:
        raise InvalidParameter("The MessageGroupId parameter is required for FIFO topics")
    elif wanted.deduplication_id is None and not content_based:
        raise InvalidParameter(
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


# ------------------------------------------------------------------ what subscribers get


def envelope(published: Publication, subscription: SubscriptionKey, protocol: str) -> str:
    """The JSON text that a queue gets without RawMessageDelivery. FIFO topics sign nothing."""
    wanted = published.notification
    document: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": published.message_id,
        "SequenceNumber": published.sequence,
        "TopicArn": published.topic.arn,
        "Subject": wanted.subject,
        "Message": wanted.text(protocol),
        "Timestamp": iso_z(published.published_ms),
        "SignatureVersion": None if published.topic.fifo else published.signature_version,
        "Signature": None if published.topic.fifo else _SIGNATURE,
        "SigningCertURL": None if published.topic.fifo else _certificate_url(published.topic),
        "UnsubscribeURL": _unsubscribe_url(subscription),
        "MessageAttributes": _shown(wanted.attributes) or None,
    }
    given = {name: value for name, value in document.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def lambda_event(published: Publication, subscription: SubscriptionKey) -> bytes:
    """The event of a function that subscribed (SEMANTICS §23): other spellings, and nothing left out."""
    wanted = published.notification
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": published.message_id,
            "TopicArn": published.topic.arn,
            "Subject": wanted.subject,
            "Message": wanted.text("lambda"),
            "Timestamp": iso_z(published.published_ms),
            # As recorded, also where the topic says 2.
            "SignatureVersion": "1",
            "Signature": _SIGNATURE,
            "SigningCertUrl": _certificate_url(published.topic),
            "UnsubscribeUrl": _unsubscribe_url(subscription),
            "MessageAttributes": _shown(wanted.attributes),
        },
    }
    return json.dumps({"Records": [record]}, ensure_ascii=False, separators=(",", ":")).encode()


def _shown(attributes: Attributes) -> dict[str, dict[str, str]]:
    return {
        name: {
            "Type": value["DataType"],
            "Value": value["StringValue"] if "StringValue" in value else value["BinaryValue"],
        }
        for name, value in attributes.items()
    }


def _certificate_url(topic: TopicKey) -> str:
    return f"https://sns.{topic.region}.amazonaws.com/SimpleNotificationService-lamb.pem"


def _unsubscribe_url(subscription: SubscriptionKey) -> str:
    """As SNS spells it; at a local endpoint the same path and query unsubscribe."""
    region = subscription.topic.region
    return f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
