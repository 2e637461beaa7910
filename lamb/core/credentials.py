"""Access keys of the owner, and credentials of sessions: made, found again, taken away.

A key's secret is sealed in the store. A session is stored nowhere: its token is the session, sealed, and is
good until it expires or the key that seals is rotated.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from typing import Any

from lamb.core import sealing
from lamb.core.context import Core
from lamb.model.clock import SystemClock
from lamb.model.credentials import AccessKey, Credential, RoleSession
from lamb.model.errors import (
    InvalidParameterValue,
    KMSAccessDenied,
    KMSNotFound,
    ResourceNotFound,
    UnrecognizedClient,
)
from lamb.store import access_keys as rows
from lamb.store.access_keys import Stored
from lamb.store.database import Tx

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DESCRIPTION_MAX = 256
_TOKEN_MAX = 16_384
# Signatures, and what they are good for, go by the machine's time: callers know no other.
_machine = SystemClock()


def new_key_id(kind: str) -> str:
    """`AKIA…` (a key of the owner) or `ASIA…` (of a session): 20 letters, as AWS's are."""
    return kind + "".join(secrets.choice(_LETTERS) for _ in range(16))


def new_secret() -> str:
    """40 letters, as AWS's are."""
    return b64encode(secrets.token_bytes(30)).decode()


# ------------------------------------------------------------------ keys of the owner


def create(core: Core, account: str, description: str = "") -> Credential:
    """A key of the owner for one account. Raises HomeUnusable, KMSNotFound, KMSAccessDenied."""
    if len(description) > _DESCRIPTION_MAX:
        raise InvalidParameterValue(f"A key's description has at most {_DESCRIPTION_MAX} letters")
    with core.database.transaction() as tx:
        return _create(core, tx, account, description, is_default=False)


def default(core: Core, account: str) -> Credential:
    """The home's own key, made when it is first asked for.

    Raises HomeUnusable, KMSNotFound, KMSAccessDenied.
    """
    with core.database.reading() as tx:
        stored = rows.default(tx)
    if stored is None:
        with core.database.transaction() as tx:
            stored = rows.default(tx)
            if stored is None:
                return _create(core, tx, account, "made by lamb for this home", is_default=True)
    return _opened(core, stored)


def keys(core: Core) -> list[AccessKey]:
    """All of them, the oldest first."""
    with core.database.reading() as tx:
        return [stored.key for stored in rows.everything(tx)]


def delete(core: Core, key_id: str) -> None:
    """Nothing can be signed with it any more. Raises ResourceNotFound."""
    with core.database.transaction() as tx:
        if not rows.delete(tx, key_id):
            raise ResourceNotFound(f"The Access Key with id {key_id} cannot be found.")
    core.credentials_changed()


def of_key(core: Core, key_id: str) -> Credential:
    """Raises UnrecognizedClient for a key that is not the owner's, KMSNotFound, KMSAccessDenied."""
    with core.database.reading() as tx:
        stored = rows.find(tx, key_id)
    if stored is None:
        raise UnrecognizedClient(hint='`eval "$(lamb env)"` sets keys that this home knows')
    return _opened(core, stored)


def of_account(core: Core, account: str) -> Credential:
    """An account's number in the place of a key id: the default key's secret signs for any account.

    Raises UnrecognizedClient while there is no default key.
    """
    with core.database.reading() as tx:
        stored = rows.default(tx)
    if stored is None:
        raise UnrecognizedClient(hint="`lamb env` makes the key whose secret signs for every account")
    return Credential(account, _opened(core, stored).secret, account)


def _create(core: Core, tx: Tx, account: str, description: str, *, is_default: bool) -> Credential:
    key = AccessKey(new_key_id("AKIA"), account, description, _machine.now_ms(), is_default)
    secret = new_secret()
    sealing.ready(core, tx)
    rows.add(tx, key, core.box.seal(secret.encode(), sealing.bound_to(key.key_id)))
    return Credential(key.key_id, secret, account)


def _opened(core: Core, stored: Stored) -> Credential:
    key = stored.key
    secret = core.box.open(stored.sealed, sealing.bound_to(key.key_id)).decode()
    return Credential(key.key_id, secret, key.account)


# ------------------------------------------------------------------ sessions of roles


def session(core: Core, taken: RoleSession, duration_s: int) -> Credential:
    """Credentials of a role that somebody has taken on; good for `duration_s` seconds from now.

    Raises HomeUnusable, KMSNotFound, KMSAccessDenied.
    """
    key_id, secret = new_key_id("ASIA"), new_secret()
    expires_ms = _machine.now_ms() + duration_s * 1000
    said = {"secret": secret, "expires_ms": expires_ms, "session": taken._asdict()}
    if not core.keyring.versions():
        with core.database.transaction() as tx:
            sealing.ready(core, tx)
    sealed = core.box.seal(json.dumps(said).encode(), f"session {key_id}")
    return Credential(key_id, secret, taken.account, b64encode(sealed).decode(), taken, expires_ms)


def of_token(core: Core, key_id: str, token: str) -> Credential:
    """What `session` made, expired or not. Raises UnrecognizedClient for any other token."""
    try:
        if len(token) > _TOKEN_MAX:
            raise UnrecognizedClient
        said = json.loads(core.box.open(b64decode(token, validate=True), f"session {key_id}"))
    except (ValueError, KMSAccessDenied, KMSNotFound):
        raise UnrecognizedClient from None
    taken = _session(said["session"])
    return Credential(key_id, said["secret"], taken.account, token, taken, said["expires_ms"])


def _session(said: dict[str, Any]) -> RoleSession:
    # Credentials of functions are never sealed: no `function` comes back.
    policies = tuple(said["policies"])
    return RoleSession(said["role_arn"], said["name"], said["role_id"], None, policies, said["tags"])
