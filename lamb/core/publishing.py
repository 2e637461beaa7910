"""Publishing: what a topic takes is with its subscribers when the transaction that took it commits."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Sequence
from typing import NamedTuple

from lamb.core import events, found, permissions, queues, topic_attributes
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.core.subscription_attributes import dead_letter_arn, filters_bodies, is_raw
from lamb.model import filter_policy
from lamb.model.errors import InvalidParameterValue, LambError
from lamb.model.message import Attributes
from lamb.model.notification import Notification, Publication, envelope, lambda_event, refuse
from lamb.model.queue_errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from lamb.model.topic import BATCH_MAX, RAW_ATTRIBUTES_MAX, TopicKey
from lamb.model.topic_errors import MemberMissing
from lamb.model.wire import new_id
from lamb.store import subscriptions as subscription_rows
from lamb.store import topics as rows
from lamb.store.database import Tx
from lamb.store.subscriptions import SubscriptionRow
from lamb.store.topics import TopicRow

_SERVICE = "sns.amazonaws.com"
_BATCH_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_log = logging.getLogger("lamb.topics")


class Published(NamedTuple):
    """What the publisher is told."""

    message_id: str
    sequence: str | None
    """SequenceNumber, of FIFO topics."""


class Publishing(NamedTuple):
    """One call of Publish or PublishBatch."""

    core: Core
    topic: TopicKey
    notifications: Sequence[Notification]
    batch_ids: Sequence[str] | None = None
    """The Id of each entry; None for Publish."""


def publish(tx: Tx, wishes: Sequence[Publishing]) -> list[list[Published] | LambError]:
    """Many callers share a transaction (store/group.py): for each wish what was published, or what SNS says.

    A batch is taken as a whole or not at all. NotFound, InvalidParameter, ParameterValueInvalid,
    MemberMissing, and what SNS says of batches.
    """
    return [_or_error(tx, wish) for wish in wishes]


def publish_in(core: Core, tx: Tx, topic: TopicRow, wanted: Notification) -> Published:
    """One message, within the caller's transaction. Raises what `publish` answers."""
    _refuse(topic, wanted)
    return _take(core, tx, topic, wanted)


def _or_error(tx: Tx, wish: Publishing) -> list[Published] | LambError:
    try:
        topic = found.topic(tx, wish.topic)
        if wish.batch_ids is None:
            _refuse(topic, wish.notifications[0])
        else:
            _refuse_batch(topic, wish.batch_ids, wish.notifications)
    except LambError as error:
        return error
    # Nothing of a wish is written before all of it was found to be right.
    return [_take(wish.core, tx, topic, wanted) for wanted in wish.notifications]


def _refuse(topic: TopicRow, wanted: Notification) -> None:
    refuse_broken_text(wanted)
    refuse(
        topic.key,
        wanted,
        content_based=topic_attributes.is_content_based(topic),
        max_bytes=topic_attributes.max_bytes(topic),
    )


def _refuse_batch(topic: TopicRow, ids: Sequence[str], notifications: Sequence[Notification]) -> None:
    _refuse_ids(ids)
    if sum(wanted.size for wanted in notifications) > topic_attributes.max_bytes(topic):
        raise BatchRequestTooLong
    for number, wanted in enumerate(notifications, start=1):
        try:
            _refuse(topic, wanted)
        except MemberMissing as error:
            raise MemberMissing(f"publishBatchRequestEntries.{number}.member.{error.path}") from error


def _refuse_ids(ids: Sequence[str]) -> None:
    if not ids:
        raise EmptyBatchRequest
    if len(ids) > BATCH_MAX:
        raise TooManyEntriesInBatchRequest
    if len(set(ids)) < len(ids):
        raise BatchEntryIdsNotDistinct
    if not all(_BATCH_ENTRY_ID.fullmatch(entry_id) for entry_id in ids):
        raise InvalidBatchEntryId


def _take(core: Core, tx: Tx, topic: TopicRow, wanted: Notification) -> Published:
    message_id, sequence = new_id(), None
    if topic.key.fifo:
        key = _deduplication_key(topic, wanted)
        known = rows.known(tx, topic.id, key)
        accepted = known or rows.remember(tx, topic.id, key, message_id)
        sequence = _sequence(accepted.number)
        if known is not None:
            # Taken before, and delivered then: the publisher gets the same answer once more.
            return Published(known.message_id, sequence)
    publication = Publication(
        topic=topic.key,
        notification=wanted,
        message_id=message_id,
        published_ms=tx.now_ms,
        sequence=sequence,
        signature_version=topic.attributes.get("SignatureVersion", "1"),
    )
    for subscription in subscription_rows.of_topic(tx, topic.id):
        if _wants(subscription, wanted):
            _hand_over(core, tx, publication, subscription)
    return Published(message_id, sequence)


def _deduplication_key(topic: TopicRow, wanted: Notification) -> str:
    deduplication_id = wanted.deduplication_id or wanted.content_id()
    if topic.attributes.get("FifoThroughputScope") == "MessageGroup":
        # Neither id has a line end in it.
        return f"{wanted.group_id}\n{deduplication_id}"
    return deduplication_id


def _sequence(number: int) -> str:
    """Twenty digits, as SNS's."""
    return str(10**19 + number)


# ------------------------------------------------------------------ subscribers


def _wants(subscription: SubscriptionRow, wanted: Notification) -> bool:
    text = subscription.attributes.get("FilterPolicy")
    if text is None:
        return True
    over_bodies = filters_bodies(subscription.attributes)
    policy = _policy(text, over_bodies)
    if over_bodies:
        return filter_policy.matches_body(policy, wanted.text(subscription.protocol))
    return filter_policy.matches_attributes(policy, wanted.attributes)


@functools.lru_cache(maxsize=1024)
def _policy(text: str, over_bodies: bool) -> filter_policy.Policy:  # noqa: FBT001 - a part of the cache's key
    return filter_policy.parse(text, nested=over_bodies)


def _hand_over(core: Core, tx: Tx, publication: Publication, to: SubscriptionRow) -> None:
    """To the endpoint; where that cannot be, to the dead-letter queue of the subscription."""
    try:
        if to.protocol == "lambda":
            permissions.refuse_service(tx, to.endpoint, _SERVICE, publication.topic.arn)
            events.accept(core, tx, to.endpoint, lambda_event(publication, to.key))
        else:
            _put(core, tx, to.endpoint, publication, to)
    except LambError as error:
        _bury(core, tx, publication, to, error)


def _bury(core: Core, tx: Tx, publication: Publication, to: SubscriptionRow, why: LambError) -> None:
    dead_letters = dead_letter_arn(to.attributes)
    if dead_letters is not None:
        try:
            _put(core, tx, dead_letters, publication, to)
        except LambError as error:
            why = error
        else:
            return
    fix = f" ({why.hint})" if why.hint else ""
    _log.warning(
        "notification %s was not delivered to %s: %s%s",
        publication.message_id,
        to.endpoint,
        why.message,
        fix,
    )


def _put(core: Core, tx: Tx, arn: str, publication: Publication, to: SubscriptionRow) -> None:
    """Into a queue, which is the subscription's endpoint or its dead-letter queue."""
    wanted = publication.notification
    body, attributes = _as_message(publication, to)
    to_fifo = arn.endswith(".fifo")
    group_id = wanted.group_id if to_fifo or not publication.topic.fifo else None
    deduplication_id = (wanted.deduplication_id or wanted.content_id()) if to_fifo else None
    queues.deliver(tx, arn, body, attributes, group_id=group_id, deduplication_id=deduplication_id)
    # Before the commit, and yet not too early: whoever looks has to wait for the writer's turn.
    core.arrived(arn)


def _as_message(publication: Publication, to: SubscriptionRow) -> tuple[str, Attributes]:
    wanted = publication.notification
    if not is_raw(to.attributes):
        return envelope(publication, to.key, to.protocol), {}
    if len(wanted.attributes) > RAW_ATTRIBUTES_MAX:
        raise InvalidParameterValue(f"a raw delivery has at most {RAW_ATTRIBUTES_MAX} message attributes")
    return wanted.text(to.protocol), wanted.attributes
