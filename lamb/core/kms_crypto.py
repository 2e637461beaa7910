"""What keys of KMS do: encrypt, decrypt, make data keys."""

from __future__ import annotations

from typing import NamedTuple

from lamb.core import kms, kms_found
from lamb.core.context import Core
from lamb.model.kms import DATA_KEY_BYTES, Caller, Context, Key
from lamb.model.kms_errors import (
    DryRun,
    IncorrectKey,
    InvalidCiphertext,
    InvalidRequest,
    KeyAccessDenied,
    NotFound,
)
from lamb.secrets import envelope
from lamb.secrets.envelope import Unreadable
from lamb.store.kms_keys import KeyRow


class Opened(NamedTuple):
    """What was in a ciphertext, and whose it is."""

    plain: bytes
    key: Key


class Sealed(NamedTuple):
    """A ciphertext, and whose it is."""

    blob: bytes
    key: Key


def encrypt(
    core: Core, caller: Caller, reference: str, plain: bytes, context: Context, *, dry_run: bool
) -> Sealed:
    """Raises NotFound, KeyAccessDenied, Disabled, InvalidState, and DryRun instead of doing it."""
    return _encrypted(core, _usable(core, caller, reference, "Encrypt", dry_run=dry_run), plain, context)


def decrypt(
    core: Core, caller: Caller, reference: str | None, blob: bytes, context: Context, *, dry_run: bool
) -> Opened:
    """`reference`: the key that it has to be of, if the caller says one.

    Raises InvalidCiphertext, IncorrectKey, NotFound, KeyAccessDenied, Disabled, InvalidState, DryRun.
    """
    row = _of_blob(core, caller, reference, blob, "Decrypt")
    opened = Opened(_decrypted(core, row, blob, context), row.key)
    if dry_run:
        raise DryRun
    return opened


def data_key(
    core: Core, caller: Caller, reference: str, length: int, context: Context, *, action: str
) -> tuple[bytes, Sealed]:
    """A new key of `length` bytes, plain and encrypted. Raises as `encrypt` does."""
    row = _usable(core, caller, reference, action, dry_run=False)
    plain = random(length)
    return plain, _encrypted(core, row, plain, context)


def check_data_key(core: Core, caller: Caller, reference: str, action: str) -> None:
    """Whether `data_key` would be done: DryRun if so."""
    _usable(core, caller, reference, action, dry_run=True)


def data_key_bytes(spec: str | None, length: int | None) -> int:
    """The length of a data key: one of the two says it. Raises InvalidRequest."""
    if (spec is None) == (length is None):
        raise InvalidRequest("Please specify either number of bytes or key spec.")
    return length if length is not None else DATA_KEY_BYTES[spec or ""]


def random(length: int) -> bytes:
    return envelope.random_bytes(length)


def reencrypt(
    core: Core, caller: Caller, source: tuple[str | None, bytes, Context], target: tuple[str, Context]
) -> tuple[Opened, Sealed]:
    """Decrypt with one key (reference, blob, context), encrypt with another (reference, context)."""
    reference, blob, context = source
    row = _of_blob(core, caller, reference, blob, "ReEncryptFrom")
    plain = _decrypted(core, row, blob, context)
    onto = _usable(core, caller, target[0], "ReEncryptTo", dry_run=False)
    return Opened(b"", row.key), _encrypted(core, onto, plain, target[1])


def _usable(core: Core, caller: Caller, reference: str, action: str, *, dry_run: bool) -> KeyRow:
    row = kms.usable(core, caller, reference, action)
    kms_found.refuse_unusable(row.key)
    if dry_run:
        raise DryRun
    return row


def _of_blob(core: Core, caller: Caller, reference: str | None, blob: bytes, action: str) -> KeyRow:
    """The key of a ciphertext, usable. A blob that names no key that is here is denied, as in KMS."""
    try:
        key_id = envelope.key_of(blob)
    except Unreadable:
        raise InvalidCiphertext from None
    if reference is not None:
        named = kms.usable(core, caller, reference, action)
        if named.key.id != key_id:
            raise IncorrectKey
        row = named
    else:
        try:
            row = kms.usable(core, caller, key_id, action)
        except NotFound:
            raise KeyAccessDenied from None
    kms_found.refuse_unusable(row.key)
    return row


def _encrypted(core: Core, row: KeyRow, plain: bytes, context: Context) -> Sealed:
    blob = envelope.encrypt(kms_found.material(core, row), row.key.id, plain, context)
    return Sealed(blob, row.key)


def _decrypted(core: Core, row: KeyRow, blob: bytes, context: Context) -> bytes:
    try:
        return envelope.decrypt(kms_found.material(core, row), blob, context)
    except Unreadable:
        raise InvalidCiphertext from None
