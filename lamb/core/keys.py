"""The keys that seal environment variables, the material of KMS's keys, and the secrets of access keys."""

from __future__ import annotations

from typing import Any

from lamb.core import kms_found, sealing
from lamb.core.context import Core
from lamb.model.errors import KMSAccessDenied, KMSNotFound
from lamb.store import access_keys, kms_keys, versions
from lamb.store.database import Tx
from lamb.store.versions import Sealed


def show(core: Core) -> dict[str, Any]:
    """`Path`, `Algorithm`, `Version` (the one that seals; None before the first variable), `Versions` (those
    in the file) and `Sealed` (how many versions of functions have variables). Raises HomeUnusable."""
    with core.database.reading() as tx:
        sealed = sum(1 for _ in versions.sealed(tx))
    at_hand = core.keyring.versions()
    return {
        "Path": str(core.keyring.path),
        "Algorithm": "AES-256-GCM",
        "Version": at_hand[-1] if at_hand else None,
        "Versions": at_hand,
        "Sealed": sealed,
    }


def rotate(core: Core) -> dict[str, Any]:
    """Make a new key and seal everything with it, all or nothing; what `show` says afterwards.

    The new key is in the file before anything is sealed with it, and the old one until everything is: a kill
    at any point leaves a home whose variables can be read. Raises KMSNotFound and KMSAccessDenied, naming the
    version, where something cannot be opened; nothing is changed then.
    """
    with core.database.transaction() as tx:
        opened, materials = _open_all(core, tx), _open_materials(core, tx)
        secrets = _open_secrets(core, tx)
        newest = core.keyring.add()
        versions.seal_anew(tx, [Sealed(name, core.box.seal(plain, arn)) for name, arn, plain in opened])
        kms_keys.seal_anew(tx, [(key_id, core.box.seal(plain, owner)) for key_id, owner, plain in materials])
        access_keys.seal_anew(tx, _sealed_secrets(core, secrets))
    core.keyring.forget_before(newest)
    # Tokens of sessions were sealed with the old key.
    core.credentials_changed()
    return show(core)


def _open_all(core: Core, tx: Tx) -> list[tuple[str, str, bytes]]:
    """Name, qualified ARN and plaintext of everything that is sealed."""
    opened = []
    for record in versions.sealed(tx):
        if record.sealed is not None:
            arn = record.version.arn
            try:
                opened.append((record.sealed.id, arn, core.box.open(record.sealed.data, arn)))
            except (KMSNotFound, KMSAccessDenied) as error:
                raise type(error)(f"{error.message} (variables of {arn})", hint=error.hint) from None
    return opened


def _open_secrets(core: Core, tx: Tx) -> dict[str, bytes]:
    """By the ids of their access keys."""
    found = access_keys.everything(tx)
    return {key.key_id: core.box.open(sealed, sealing.bound_to(key.key_id)) for key, sealed in found}


def _sealed_secrets(core: Core, secrets: dict[str, bytes]) -> dict[str, bytes]:
    return {key_id: core.box.seal(plain, sealing.bound_to(key_id)) for key_id, plain in secrets.items()}


def _open_materials(core: Core, tx: Tx) -> list[tuple[str, str, bytes]]:
    """Id, what it is bound to, and the material of every key of KMS."""
    opened = []
    for row in kms_keys.everything(tx):
        try:
            opened.append((row.key.id, kms_found.bound_to(row.key.arn), kms_found.material(core, row)))
        except (KMSNotFound, KMSAccessDenied) as error:
            raise type(error)(f"{error.message} (material of {row.key.arn})", hint=error.hint) from None
    return opened
