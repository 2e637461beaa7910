"""What an operation of KMS asks of its caller's policies: always of the key itself, never of an alias."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from lamb.api import actions
from lamb.core import kms_found
from lamb.core.context import Core
from lamb.model.credentials import RoleSession
from lamb.model.names import Place
from lamb.model.policy import Ask

Members = Mapping[str, Any]

# Action, the member that names the key, the member that has the encryption context.
_ORDINARY = ("KeyId", "EncryptionContext")
_OTHERS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "CreateAlias": (("CreateAlias", "TargetKeyId", ""),),
    "ReEncrypt": (
        ("ReEncryptFrom", "SourceKeyId", "SourceEncryptionContext"),
        ("ReEncryptTo", "DestinationKeyId", "DestinationEncryptionContext"),
    ),
    "UpdateAlias": (("UpdateAlias", "TargetKeyId", ""),),
}


def asks(core: Core, session: RoleSession, place: Place, operation: str, members: Members) -> list[Ask]:
    """All of them have to be allowed. In the pool: it looks for the key that is meant."""
    context = actions.known_of(session, place)
    found = []
    for action, key, said in _OTHERS.get(operation, ((operation, *_ORDINARY),)):
        named = members.get(key)
        # The key that has encrypted is the one that is asked for, unless the caller names it.
        blob = _blob(members) if action in {"Decrypt", "ReEncryptFrom"} and named is None else None
        resource = kms_found.arn_of(core, place, named if isinstance(named, str) else None, blob)
        given = members.get(said)
        pairs = given.items() if isinstance(given, dict) else ()
        keys = {f"kms:EncryptionContext:{name}": str(value) for name, value in pairs}
        found.append(Ask(f"kms:{action}", resource, session.arn, context={**context, **keys}))
    return found


def _blob(members: Members) -> bytes | None:
    given = members.get("CiphertextBlob")
    try:
        return b64decode(given, validate=True) if isinstance(given, str) else None
    except ValueError:
        return None
