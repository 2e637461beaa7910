"""The key that seals, proven before something new is sealed with it: nothing is lost to a wrong one."""

from __future__ import annotations

from collections.abc import Iterator

from lamb.core import kms_found
from lamb.core.context import Core
from lamb.model.errors import KMSAccessDenied, KMSNotFound
from lamb.store import access_keys, kms_keys, versions
from lamb.store.database import Tx


def ready(core: Core, tx: Tx) -> None:
    """The key opens something that is stored; it is made only where nothing is sealed yet.

    Raises HomeUnusable, and KMSNotFound or KMSAccessDenied where the key is not the one that sealed what is
    stored.
    """
    failure: KMSNotFound | KMSAccessDenied | None = None
    for data, owner in _sealed(tx):
        try:
            core.box.open(data, owner)
        except (KMSNotFound, KMSAccessDenied) as error:
            failure = error
        else:
            return
    if failure is not None:
        raise failure
    if not core.keyring.versions():
        core.keyring.add()


def bound_to(key_id: str) -> str:
    """What the secret of an access key is bound to."""
    return f"access key {key_id}"


def _sealed(tx: Tx) -> Iterator[tuple[bytes, str]]:
    """Everything that is sealed, with what it is bound to."""
    for record in versions.sealed(tx):
        if record.sealed is not None:
            yield record.sealed.data, record.version.arn
    for stored in access_keys.everything(tx):
        yield stored.sealed, bound_to(stored.key.key_id)
    for row in kms_keys.everything(tx):
        yield row.material, kms_found.bound_to(row.key.arn)
