"""Sealed bytes: AES-256-GCM under the keyring's newest key, bound to the name of what they belong to."""

from __future__ import annotations

import secrets
import struct
from typing import TYPE_CHECKING

from lamb.model.errors import HomeUnusable, KMSAccessDenied, KMSNotFound
from lamb.secrets.keyring import Keyring

if TYPE_CHECKING:  # see _cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# What stands before the ciphertext: the form, the version of the key, the nonce.
_HEAD = struct.Struct(">BI12s")
_FORM = 1
_NONCE_BYTES = 12


class Box:
    """Seals and opens. The plaintext is in no error and no log."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """`bound_to`: the qualified ARN; opening under another one fails.

        Raises KMSNotFound where there is no key (the first one is the caller's decision), HomeUnusable.
        """
        versions = self._keyring.versions()
        if not versions:
            raise KMSNotFound
        version = versions[-1]
        head = _HEAD.pack(_FORM, version, secrets.token_bytes(_NONCE_BYTES))
        return head + self._cipher(version).encrypt(head[-_NONCE_BYTES:], plain, _context(version, bound_to))

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The plaintext, or KMSNotFound (its key is not at hand) or KMSAccessDenied (wrong key, other owner,
        damaged, or a keyring that may not be used)."""
        try:
            form, version, nonce = _HEAD.unpack_from(sealed)
        except struct.error:
            form, version, nonce = 0, 0, b""
        if form != _FORM:
            raise _denied("The sealed variables are damaged")
        try:
            cipher = self._cipher(version)
        except HomeUnusable as error:
            raise _denied(error.message, error.hint) from None
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in _cipher

        try:
            plain: bytes = cipher.decrypt(nonce, sealed[_HEAD.size :], _context(version, bound_to))
        except InvalidTag:
            raise _denied(
                f"Version {version} of the key in {self._keyring.path} does not open them: "
                "it is another key, or they are damaged",
                "restore the keyring from a backup, or set the variables anew",
            ) from None
        return plain

    def _cipher(self, version: int) -> AESGCM:
        # 30 ms that a daemon without sealed variables need not wait for.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        return AESGCM(self._keyring.key(version))


def _context(version: int, bound_to: str) -> bytes:
    return f"lamb environment variables|key {version}|{bound_to}".encode()


def _denied(reason: str, hint: str = "") -> KMSAccessDenied:
    return KMSAccessDenied(f"{KMSAccessDenied.__doc__} KMS Message: {reason}", hint=hint)
