"""The attributes of subscriptions: which there are, what may be in them, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from lamb.model import filter_policy
from lamb.model.filter_policy import PolicyRefused
from lamb.model.queue import QueueKey, parse_arn
from lamb.model.topic_errors import InvalidParameter
from lamb.store.subscriptions import SubscriptionRow

_BODY, _ATTRIBUTES = "MessageBody", "MessageAttributes"


class _Refused(Exception):
    """What SNS says of a value, behind the name of its place"""


# ------------------------------------------------------------------ what they mean


def is_raw(attributes: Mapping[str, str]) -> bool:
    return attributes.get("RawMessageDelivery") == "true"


def filters_bodies(attributes: Mapping[str, str]) -> bool:
    """Whether the filter policy is about message bodies, not about message attributes."""
    return attributes.get("FilterPolicyScope") == _BODY


def dead_letter_arn(attributes: Mapping[str, str]) -> str | None:
    """The queue for what cannot be delivered."""
    text = attributes.get("RedrivePolicy")
    return None if text is None else str(json.loads(text)["deadLetterTargetArn"])


# ------------------------------------------------------------------ set and show


def accepted(row: SubscriptionRow, given: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a new subscription, which has none yet. Raises InvalidParameter."""
    wanted: Mapping[str, str] = {}
    # The policy last: how it is read depends on its scope.
    for name in sorted(given, key=lambda name: name == "FilterPolicy"):
        if name not in _CHANGES:
            raise InvalidParameter(f"Attributes Reason: Unknown attribute {name}")
        try:
            wanted = _CHANGES[name](row, wanted, given[name])
        except _Refused as error:
            raise InvalidParameter(f"Attributes Reason: {error}") from None
    return dict(wanted)


def changed(row: SubscriptionRow, name: str, value: str) -> dict[str, str]:
    """A subscription's attributes after SetSubscriptionAttributes. Raises InvalidParameter."""
    if name not in _CHANGES:
        raise InvalidParameter("AttributeName")
    try:
        return dict(_CHANGES[name](row, row.attributes, value))
    except _Refused as error:
        raise InvalidParameter(str(error)) from None


def differ(row: SubscriptionRow, wanted: Mapping[str, str]) -> bool:
    """Whether a subscription has others than Subscribe asks for: an idempotent call names no other ones."""
    there = {"RawMessageDelivery": "false", "FilterPolicyScope": _ATTRIBUTES, **row.attributes}
    return any(there.get(name) != value for name, value in wanted.items())


def shown(row: SubscriptionRow) -> dict[str, str]:
    """What GetSubscriptionAttributes answers; a scope is shown only beside a policy."""
    scope = {"FilterPolicyScope": _ATTRIBUTES} if "FilterPolicy" in row.attributes else {}
    hidden = set() if scope else {"FilterPolicyScope"}
    account = row.key.topic.account
    return {
        "RawMessageDelivery": "false",
        **scope,
        **{name: value for name, value in row.attributes.items() if name not in hidden},
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": row.endpoint,
        "Owner": account,
        "PendingConfirmation": "false",
        "Protocol": row.protocol,
        "SubscriptionArn": row.key.arn,
        "SubscriptionPrincipal": f"arn:aws:iam::{account}:root",
        "TopicArn": row.key.topic.arn,
    }


# ------------------------------------------------------------------ one attribute each

Attributes = Mapping[str, str]


def _raw(row: SubscriptionRow, before: Attributes, value: str) -> Attributes:
    if value not in ("true", "false"):
        raise _Refused(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if value == "true" and row.protocol != "sqs":
        raise _Refused(
            f"RawMessageDelivery: Delivery protocol [{row.protocol}] does not support raw message delivery."
        )
    return {**before, "RawMessageDelivery": value}


def _policy(_: SubscriptionRow, before: Attributes, value: str) -> Attributes:
    # `{}` is how SNS's guide removes a policy.
    if value.strip() in ("", "{}"):
        return _without(before, "FilterPolicy")
    _refuse_policy(value, over_bodies=filters_bodies(before))
    return {**before, "FilterPolicy": value}


def _scope(_: SubscriptionRow, before: Attributes, value: str) -> Attributes:
    if value not in (_BODY, _ATTRIBUTES):
        raise _Refused(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    if "FilterPolicy" in before:
        _refuse_policy(before["FilterPolicy"], over_bodies=value == _BODY)
    return {**before, "FilterPolicyScope": value}


def _redrive(row: SubscriptionRow, before: Attributes, value: str) -> Attributes:
    if value.strip() in ("", "{}"):
        return _without(before, "RedrivePolicy")
    try:
        policy = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _Refused(f"RedrivePolicy: failed to parse JSON. {error}") from None
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    queue = parse_arn(target) if isinstance(target, str) else None
    if queue is None:
        raise _Refused("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    _refuse_unequal_kinds(row, queue)
    return {**before, "RedrivePolicy": value}


def _delivery(_: SubscriptionRow, before: Attributes, value: str) -> Attributes:
    """About HTTP endpoints: kept and shown, and otherwise without meaning here."""
    return {**before, "DeliveryPolicy": value} if value else _without(before, "DeliveryPolicy")


_CHANGES: Mapping[str, Callable[[SubscriptionRow, Attributes, str], Attributes]] = {
    "DeliveryPolicy": _delivery,
    "FilterPolicy": _policy,
    "FilterPolicyScope": _scope,
    "RawMessageDelivery": _raw,
    "RedrivePolicy": _redrive,
}


def _without(before: Attributes, name: str) -> Attributes:
    return {other: value for other, value in before.items() if other != name}


def _refuse_policy(text: str, *, over_bodies: bool) -> None:
    try:
        filter_policy.parse(text, nested=over_bodies)
    except PolicyRefused as error:
        raise _Refused(str(error)) from None


def _refuse_unequal_kinds(row: SubscriptionRow, queue: QueueKey) -> None:
    in_order = row.key.topic.fifo and row.endpoint.endswith(".fifo")
    if in_order and not queue.fifo:
        raise _Refused("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
    if queue.fifo and not row.key.topic.fifo:
        raise _Refused("RedrivePolicy: must use a standard queue as DLQ for a standard topic.")
