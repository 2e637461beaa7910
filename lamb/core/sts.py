"""Taking on roles: who may, for how long, and with which rights less."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lamb.core import credentials, iam_tags, managed_policies, roles
from lamb.core.context import Core
from lamb.model import iam
from lamb.model.credentials import Credential, RoleSession
from lamb.model.errors import AccessDenied
from lamb.model.iam import Role
from lamb.model.iam_errors import BadRequest, InvalidInput
from lamb.model.policy import Ask, evaluate
from lamb.model.policy_syntax import refuse_malformed
from lamb.model.sts_errors import PackedPolicyTooLarge, TagsRefused
from lamb.store.database import Tx

_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]+:.+")
# API reference, AssumeRole: "role chaining limits your … session to a maximum of one hour"
_CHAINED_MAX_S = 3600
# API reference: "The plaintext that you use for both inline and managed session policies can't exceed 2,048
# characters."
_POLICIES_MAX = 2048


class Wish(NamedTuple):
    """What AssumeRole is asked for."""

    role_arn: str
    session_name: str
    duration_s: int
    policy: str | None = None
    """A session policy, JSON: the session may do no more than it says."""
    policy_arns: Sequence[str] = ()
    """Managed policies that are session policies, too."""
    external_id: str | None = None
    source_identity: str | None = None
    tags: Sequence[tuple[str, str]] = ()
    transitive: Sequence[str] = ()
    """Keys of tags that further sessions inherit."""


class Assumed(NamedTuple):
    """A session, and how full its policies and tags are."""

    role: Role
    session: RoleSession
    credential: Credential
    packed_percent: int | None
    """None where there was nothing to pack."""
    source_identity: str | None = None
    tags: Mapping[str, str] = {}


def assume(core: Core, caller_arn: str, wish: Wish) -> Assumed:
    """Credentials of a session of the role.

    Raises AccessDenied, BadRequest, MalformedPolicyDocument, PackedPolicyTooLarge, TagsRefused, and the KMS
    family where the home's key is unusable.
    """
    if not _ARN.fullmatch(wish.role_arn):
        raise BadRequest(f"{wish.role_arn} is invalid")
    tags = _tags(wish)
    with core.database.reading() as tx:
        role = roles.role_of(tx, wish.role_arn)
        if role is None:
            raise _denied(caller_arn, "sts:AssumeRole", wish.role_arn)
        _refuse_untrusted(role, caller_arn, wish)
        _refuse_long(role, caller_arn, wish.duration_s)
        policies = _session_policies(tx, role.account, wish)
    # A tag of the session stands before one of the role.
    told = iam_tags.added(role.tags, list(tags.items()))
    session = RoleSession(role.arn, wish.session_name, role.id, policies=policies, tags=told)
    used = sum(iam.size(json.dumps(policy, separators=(",", ":"))) for policy in policies)
    percent = -(-used * 100 // _POLICIES_MAX) if policies or tags else None
    credential = credentials.session(core, session, wish.duration_s)
    return Assumed(role, session, credential, percent, wish.source_identity, tags)


def _refuse_untrusted(role: Role, caller_arn: str, wish: Wish) -> None:
    """Raise AccessDenied unless the trust policy of the role lets the caller do all that is asked."""
    context: dict[str, Any] = {"sts:RoleSessionName": wish.session_name}
    if wish.external_id is not None:
        context["sts:ExternalId"] = wish.external_id
    if wish.source_identity is not None:
        context["sts:SourceIdentity"] = wish.source_identity
    if wish.tags:
        context["aws:TagKeys"] = tuple(key for key, _ in wish.tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in wish.tags}
    actions = ["sts:AssumeRole"]
    if wish.tags:
        actions.append("sts:TagSession")
    if wish.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    for action in actions:
        ask = Ask(action, role.arn, principal_arn=caller_arn, context=context)
        if evaluate([json.loads(role.trust)], ask) != "allow":
            raise _denied(caller_arn, action, role.arn)


def _refuse_long(role: Role, caller_arn: str, duration_s: int) -> None:
    if ":assumed-role/" in caller_arn and duration_s > _CHAINED_MAX_S:
        raise BadRequest(
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining"
        )
    if duration_s > role.max_session_s:
        raise BadRequest("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def _session_policies(tx: Tx, account: str, wish: Wish) -> tuple[Mapping[str, Any], ...]:
    texts = []
    if wish.policy is not None:
        refuse_malformed(wish.policy)
        texts.append(wish.policy)
    for arn in wish.policy_arns:
        try:
            there = managed_policies.exists(tx, account, arn)
        except InvalidInput as error:
            raise BadRequest(error.message) from None
        text = managed_policies.default_document(tx, arn) if there else None
        if text is None:
            raise BadRequest(f"The policy {arn} does not exist or is not attachable.")
        texts.append(text)
    size = sum(map(iam.size, texts))
    if size > _POLICIES_MAX:
        raise PackedPolicyTooLarge(
            f"Serialized token too large for session: the session policies have {size} characters, "
            f"not {_POLICIES_MAX} at most"
        )
    return tuple(json.loads(text) for text in texts)


def _tags(wish: Wish) -> dict[str, str]:
    try:
        tags = iam_tags.added({}, wish.tags)
    except InvalidInput as error:
        raise TagsRefused(error.message) from None
    known = {key.lower() for key in tags}
    if not {key.lower() for key in wish.transitive} <= known:
        raise TagsRefused("The specified transitive tag key must be included in the requested tags.")
    return tags


def _denied(caller_arn: str, action: str, resource: str) -> AccessDenied:
    return AccessDenied(f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}")
