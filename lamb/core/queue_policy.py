"""AddPermission and RemovePermission: statements of a queue's policy, kept and shown; lamb enforces none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from lamb.core import found
from lamb.core.context import Core
from lamb.model.queue import Queue, QueueKey
from lamb.model.queue_errors import MissingParameter, OverLimit, invalid
from lamb.store import queues as rows

_ACTIONS_MAX = 7


class Permission(NamedTuple):
    label: str
    accounts: Sequence[str]
    """Of 12 digits each."""
    actions: Sequence[str]
    """`SendMessage`, …, or `*`."""


def add(core: Core, key: QueueKey | None, permission: Permission) -> None:
    """Raises QueueDoesNotExist, InvalidParameterValue, OverLimit."""
    if not (permission.accounts and permission.actions):
        raise MissingParameter("Actions" if permission.accounts else "AWSAccountIds")
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        policy = _policy(queue)
        if any(statement.get("Sid") == permission.label for statement in policy["Statement"]):
            raise invalid("Label", permission.label, "Already exists.")
        if len(permission.actions) > _ACTIONS_MAX:
            raise OverLimit(
                f"{len(permission.actions)} Actions were found, maximum allowed is {_ACTIONS_MAX}."
            )
        policy["Statement"].append(_statement(queue, permission))
        text = json.dumps(policy, separators=(",", ":"))
        rows.set_attributes(tx, queue.id, {**queue.attributes, "Policy": text})


def remove(core: Core, key: QueueKey | None, label: str) -> None:
    """Raises QueueDoesNotExist, InvalidParameterValue."""
    with core.database.transaction() as tx:
        queue = found.queue(tx, key)
        policy = _policy(queue)
        left = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
        if len(left) == len(policy["Statement"]):
            raise invalid("Label", label, "can't find label.")
        attributes = {name: value for name, value in queue.attributes.items() if name != "Policy"}
        if left:
            attributes["Policy"] = json.dumps({**policy, "Statement": left}, separators=(",", ":"))
        rows.set_attributes(tx, queue.id, attributes)


def _policy(queue: Queue) -> dict[str, Any]:
    empty = {"Version": "2008-10-17", "Id": f"{queue.key.arn}/SQSDefaultPolicy"}
    policy: dict[str, Any] = json.loads(queue.attributes["Policy"]) if "Policy" in queue.attributes else empty
    statements = policy.get("Statement", [])
    policy["Statement"] = statements if isinstance(statements, list) else [statements]
    return policy


def _statement(queue: Queue, permission: Permission) -> dict[str, Any]:
    return {
        "Sid": permission.label,
        "Effect": "Allow",
        "Principal": {
            "AWS": _one_or_all([f"arn:aws:iam::{account}:root" for account in permission.accounts])
        },
        "Action": _one_or_all([f"SQS:{action}" for action in permission.actions]),
        "Resource": queue.key.arn,
    }


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items
