"""Keys of KMS: create, show, change, delete. What they do is in kms_crypto.py, aliases in kms_aliases.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lamb.core import kms_found, pages, sealing
from lamb.core.context import Core
from lamb.model import kms
from lamb.model.errors import ValidationFailure
from lamb.model.kms import DAY_MS, DELETION_DAYS, LAMBDA_ALIAS, POLICY_MAX_BYTES, TAGS_MAX, Caller, Key
from lamb.model.kms_errors import (
    InvalidState,
    KeyLimitExceeded,
    KeyPolicyMalformed,
    NotFound,
    TagRefused,
    UnsupportedOperation,
)
from lamb.model.names import Place
from lamb.model.policy import Ask, evaluate
from lamb.model.requests import Page
from lamb.store import kms_keys as rows
from lamb.store.database import Tx
from lamb.store.kms_keys import KeyRow

Tags = Sequence[tuple[str, str]]
POLICY_NAME = "default"
"""Of the only policy that a key has."""


class Rotation(NamedTuple):
    """What GetKeyRotationStatus tells."""

    key: Key
    next_ms: int | None


# ------------------------------------------------------------------ create, show


def create(core: Core, caller: Caller, description: str, policy: str | None, tags: Tags) -> Key:
    """A symmetric key. Raises KeyPolicyMalformed, TagRefused, KMSNotFound, KMSAccessDenied, HomeUnusable."""
    place = caller.place
    if policy is not None:
        _refuse_policy(policy)
    key = Key(
        account=place.account,
        region=place.region,
        id=str(uuid.uuid4()),
        description=description,
        state="Enabled",
        deletion_ms=None,
        rotation_days=None,
        policy=policy or kms.default_policy(place.account),
        tags=_tags({}, tags),
        manager="CUSTOMER",
        created_ms=0,
    )
    return _add(core, key)


def get(core: Core, caller: Caller, reference: str) -> Key:
    """By id, ARN or alias. Raises NotFound, KeyAccessDenied."""
    return usable(core, caller, reference, "DescribeKey").key


def list_keys(core: Core, place: Place, page: Page) -> tuple[list[Key], str | None]:
    """By id, with the marker. Raises InvalidParameterValue for a marker that is none."""
    (after,) = pages.start(page, [""])
    most = page.max_items or kms.PAGE_DEFAULT
    with core.database.reading() as tx:
        listed = rows.page(tx, place, after, most + 1)
    return pages.cut_at(listed, most, lambda key: [key.id])


def usable(core: Core, caller: Caller, reference: str, action: str) -> KeyRow:
    """A key by id, ARN or alias that the caller may do something with, by the policy of the key.

    AWS's key for Lambda is made when it is first asked for. Raises NotFound, KeyAccessDenied.
    """
    with core.database.reading() as tx:
        unmade = kms_found.is_unmade(tx, caller.place, reference)
        row = None if unmade else kms_found.key(tx, caller.place, reference, aliases=True)
    if row is None:
        row = _make_lambda_key(core, caller.place)
    kms_found.refuse_denied(row.key, action, caller.arn)
    return row


def _make_lambda_key(core: Core, place: Place) -> KeyRow:
    key = Key(
        account=place.account,
        region=place.region,
        id=str(uuid.uuid4()),
        description="Default key that protects my Lambda functions when no other key is defined",
        state="Enabled",
        deletion_ms=None,
        rotation_days=kms.ROTATION_DEFAULT_DAYS,
        policy=kms.lambda_policy(place.account, place.region),
        tags={},
        manager="AWS",
        created_ms=0,
    )
    with core.database.transaction() as tx:
        if rows.find_alias(tx, place, LAMBDA_ALIAS) is None:
            _insert(core, tx, key)
            rows.add_alias(tx, place, LAMBDA_ALIAS, key.id)
        return kms_found.key(tx, place, LAMBDA_ALIAS, aliases=True)


def _add(core: Core, key: Key) -> Key:
    with core.database.transaction() as tx:
        return _insert(core, tx, key)


def _insert(core: Core, tx: Tx, key: Key) -> Key:
    sealing.ready(core, tx)
    made = key._replace(created_ms=tx.now_ms)
    rows.add(tx, KeyRow(made, kms_found.sealed_material(core, made.arn)))
    return made


# ------------------------------------------------------------------ change, delete


def set_enabled(core: Core, caller: Caller, key_id: str, *, enabled: bool) -> None:
    """Raises NotFound, KeyAccessDenied, InvalidState."""
    action = "EnableKey" if enabled else "DisableKey"
    _change(core, caller, key_id, action, state="Enabled" if enabled else "Disabled")


def describe_anew(core: Core, caller: Caller, key_id: str, description: str) -> None:
    """Raises NotFound, KeyAccessDenied, InvalidState."""
    _change(core, caller, key_id, "UpdateKeyDescription", description=description)


def schedule_deletion(core: Core, caller: Caller, key_id: str, days: int) -> Key:
    """In that many days nobody can read any more what it has encrypted.

    Raises NotFound, KeyAccessDenied, InvalidState, ValidationFailure.
    """
    if days not in DELETION_DAYS:
        relation, bound = ("less", DELETION_DAYS[-1]) if days > 7 else ("greater", DELETION_DAYS[0])
        raise ValidationFailure(
            f"Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: "
            f"Member must have value {relation} than or equal to {bound}"
        )
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, "ScheduleKeyDeletion")
        kms_found.refuse_pending(key)
        changes: dict[str, Any] = {"state": "PendingDeletion", "deletion_ms": tx.now_ms + days * DAY_MS}
        rows.change(tx, key.id, **changes)
    return key._replace(**changes)


def cancel_deletion(core: Core, caller: Caller, key_id: str) -> Key:
    """It is disabled then. Raises NotFound, KeyAccessDenied, InvalidState."""
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, "CancelKeyDeletion")
        if key.state != "PendingDeletion":
            raise InvalidState(f"{key.arn} is not pending deletion.")
        rows.change(tx, key.id, state="Disabled", deletion_ms=None)
    return key


def _change(core: Core, caller: Caller, key_id: str, action: str, **changes: Any) -> None:
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, action)
        kms_found.refuse_pending(key)
        rows.change(tx, key.id, **changes)


def _found(tx: Tx, caller: Caller, key_id: str, action: str) -> Key:
    key = kms_found.key(tx, caller.place, key_id).key
    kms_found.refuse_denied(key, action, caller.arn)
    return key


# ------------------------------------------------------------------ policy


def policy(core: Core, caller: Caller, key_id: str, name: str) -> str:
    """Raises NotFound, KeyAccessDenied."""
    with core.database.reading() as tx:
        key = _found(tx, caller, key_id, "GetKeyPolicy")
    if name != POLICY_NAME:
        raise NotFound("No such policy exists")
    return key.policy


def put_policy(core: Core, caller: Caller, key_id: str, text: str, *, lockout: bool) -> None:
    """`lockout`: the caller may take this right from everybody, themselves included.

    Raises NotFound, KeyAccessDenied, InvalidState, KeyPolicyMalformed, KeyLimitExceeded.
    """
    _refuse_policy(text)
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, "PutKeyPolicy")
        kms_found.refuse_pending(key)
        ask = Ask("kms:PutKeyPolicy", key.arn, principal_arn=caller.arn)
        if not lockout and evaluate([json.loads(text)], ask) != "allow":
            raise KeyPolicyMalformed(
                "The new key policy will not allow you to update the key policy in the future."
            )
        rows.change(tx, key.id, policy=text)


def _refuse_policy(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_MAX_BYTES:
        raise KeyLimitExceeded(f"The key policy is longer than {POLICY_MAX_BYTES} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    statements = document.get("Statement") if isinstance(document, dict) else None
    listed = statements if isinstance(statements, list) else [statements]
    parts = {"Effect", "Principal", "Action", "Resource"}
    for statement in listed:
        if not isinstance(statement, dict) or not {p.removeprefix("Not") for p in statement} >= parts:
            raise KeyPolicyMalformed(
                "The key policy is not a JSON policy whose statements each have "
                "Effect, Principal, Action and Resource"
            )


# ------------------------------------------------------------------ tags


def tag(core: Core, caller: Caller, key_id: str, tags: Tags) -> None:
    """Raises NotFound, KeyAccessDenied, InvalidState, TagRefused, KeyLimitExceeded."""
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, "TagResource")
        kms_found.refuse_pending(key)
        rows.change(tx, key.id, tags=_tags(key.tags, tags))


def untag(core: Core, caller: Caller, key_id: str, names: Sequence[str]) -> None:
    """Names that are not there are no error. Raises NotFound, KeyAccessDenied, InvalidState."""
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, "UntagResource")
        kms_found.refuse_pending(key)
        rows.change(tx, key.id, tags={name: text for name, text in key.tags.items() if name not in names})


def tags(core: Core, caller: Caller, key_id: str) -> Mapping[str, str]:
    """Raises NotFound, KeyAccessDenied."""
    with core.database.reading() as tx:
        return _found(tx, caller, key_id, "ListResourceTags").tags


def _tags(present: Mapping[str, str], tags: Tags) -> dict[str, str]:
    if len(dict(tags)) < len(tags):
        raise TagRefused("Duplicate tag keys")
    reserved = [name for name, _ in tags if name.lower().startswith("aws:")]
    if reserved:
        raise TagRefused(f"Tags beginning with aws: are reserved: {', '.join(reserved)}")
    wanted = {**present, **dict(tags)}
    if len(wanted) > TAGS_MAX:
        raise KeyLimitExceeded(f"A key has {TAGS_MAX} tags at most")
    return wanted


# ------------------------------------------------------------------ rotation


def rotate(core: Core, caller: Caller, key_id: str, days: int | None) -> None:
    """`days`: between one rotation and the next; None: no more of them.

    Raises NotFound, KeyAccessDenied, Disabled, InvalidState, UnsupportedOperation.
    """
    action = "DisableKeyRotation" if days is None else "EnableKeyRotation"
    with core.database.transaction() as tx:
        key = _found(tx, caller, key_id, action)
        kms_found.refuse_unusable(key)
        if key.manager == "AWS":
            raise UnsupportedOperation(f"{key.arn} is AWS's own, which AWS rotates.")
        rows.change(tx, key.id, rotation_days=days)


def rotation(core: Core, caller: Caller, key_id: str) -> Rotation:
    """Raises NotFound, KeyAccessDenied, InvalidState."""
    with core.database.reading() as tx:
        key = _found(tx, caller, key_id, "GetKeyRotationStatus")
        now_ms = tx.now_ms
    kms_found.refuse_pending(key)
    if key.rotation_days is None:
        return Rotation(key, None)
    period_ms = key.rotation_days * DAY_MS
    return Rotation(key, key.created_ms + ((now_ms - key.created_ms) // period_ms + 1) * period_ms)
