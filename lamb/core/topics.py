"""Topics: create, show, tag, delete; and `deliver`, for whoever publishes within a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamb.core import found, pages, publishing, topic_attributes
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.message import Attributes
from lamb.model.names import Place
from lamb.model.notification import Notification
from lamb.model.requests import Page
from lamb.model.topic import PAGE_MAX, TAGS_MAX, TopicKey, is_topic_name, local_topic
from lamb.model.topic_errors import InvalidParameter, TaggedResourceNotFound, TagLimitExceeded
from lamb.store import subscriptions as subscription_rows
from lamb.store import topics as rows
from lamb.store.database import Tx
from lamb.store.topics import TopicRow


def deliver(
    core: Core,
    tx: Tx,
    arn: str,
    message: str,
    attributes: Attributes | None = None,
    subject: str | None = None,
) -> str:
    """Publish to the local topic of that ARN within the caller's transaction; the message id.

    `attributes`: in AWS's JSON shape. Raises NotFound (a ResourceNotFound), and InvalidParameterValue for
    what SNS would refuse: more than 256 KB, or a FIFO topic, which wants a group.
    """
    topic = found.topic(tx, local_topic(arn))
    wanted = Notification(message, subject=subject, attributes=attributes or {})
    return publishing.publish_in(core, tx, topic, wanted).message_id


# ------------------------------------------------------------------ create, show, delete


def create(
    core: Core, place: Place, name: str, attributes: Mapping[str, str], tags: Sequence[tuple[str, str]]
) -> TopicKey:
    """A new topic, or the one that is there with the same attributes and tags. Raises InvalidParameter."""
    key = TopicKey(place.account, place.region, name)
    if not is_topic_name(name):
        raise InvalidParameter("Topic Name")
    wanted = topic_attributes.accept(key, attributes)
    named = _tags(tags)
    refuse_broken_text(wanted, named)
    with core.database.transaction() as tx:
        topic = rows.find(tx, key)
        if topic is None:
            _refuse_too_many(named)
            rows.add(tx, key, wanted, named)
        elif topic_attributes.differ(topic, wanted):
            raise InvalidParameter("Attributes Reason: Topic already exists with different attributes")
        elif not named.items() <= topic.tags.items():
            raise InvalidParameter("Tags Reason: Topic already exists with different tags")
    return key


def delete(core: Core, key: TopicKey) -> None:
    """With its subscriptions. A topic that is not there is no error, as in SNS."""
    with core.database.transaction() as tx:
        rows.delete(tx, key)


def list_topics(core: Core, place: Place, token: str | None) -> tuple[list[TopicKey], str | None]:
    """By name, with the NextToken. Raises InvalidParameterValue."""
    (after,) = pages.start(Page(token), [""])
    with core.database.reading() as tx:
        listed = rows.page(tx, place, after, PAGE_MAX + 1)
    more = len(listed) > PAGE_MAX
    return listed[:PAGE_MAX], pages.marker([listed[PAGE_MAX - 1].name]) if more else None


def attributes(core: Core, key: TopicKey) -> dict[str, str]:
    """Raises NotFound."""
    with core.database.reading() as tx:
        topic = found.topic(tx, key)
        return topic_attributes.shown(topic, subscription_rows.count(tx, topic.id))


def set_attribute(core: Core, key: TopicKey, name: str, value: str) -> None:
    """Raises NotFound, InvalidParameter."""
    refuse_broken_text(value)
    with core.database.transaction() as tx:
        topic = found.topic(tx, key)
        rows.set_attributes(tx, topic.id, topic_attributes.changed(topic, name, value))


# ------------------------------------------------------------------ tags


def tag(core: Core, key: TopicKey, tags: Sequence[tuple[str, str]]) -> None:
    """Set these tags beside the others. Raises TaggedResourceNotFound, InvalidParameter, TagLimitExceeded."""
    named = _tags(tags)
    refuse_broken_text(named)
    with core.database.transaction() as tx:
        topic = _tagged(tx, key)
        wanted = {**topic.tags, **named}
        _refuse_too_many(wanted)
        rows.set_tags(tx, topic.id, wanted)


def untag(core: Core, key: TopicKey, names: Sequence[str]) -> None:
    """Remove these tags; those that are not there are no error. Raises TaggedResourceNotFound."""
    with core.database.transaction() as tx:
        topic = _tagged(tx, key)
        left = {name: value for name, value in topic.tags.items() if name not in names}
        rows.set_tags(tx, topic.id, left)


def tags(core: Core, key: TopicKey) -> Mapping[str, str]:
    """Raises TaggedResourceNotFound."""
    with core.database.reading() as tx:
        return _tagged(tx, key).tags


def _tagged(tx: Tx, key: TopicKey) -> TopicRow:
    topic = rows.find(tx, key)
    if topic is None:
        raise TaggedResourceNotFound
    return topic


def _tags(tags: Sequence[tuple[str, str]]) -> dict[str, str]:
    named = dict(tags)
    if len(named) < len(tags):
        raise InvalidParameter("Duplicated keys are not allowed.")
    return named


def _refuse_too_many(tags: Mapping[str, str]) -> None:
    if len(tags) > TAGS_MAX:
        raise TagLimitExceeded
