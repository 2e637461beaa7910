"""Ciphertexts of KMS: AES-256-GCM under the material of a key, bound to the key and to what the caller says.

A blob names its key, so that whoever has it need not: the form, the key's UUID, the nonce, the ciphertext.
"""

from __future__ import annotations

import json
import secrets
import struct
import uuid
from collections.abc import Mapping

_HEAD = struct.Struct(">B16s12s")
_FORM = 1
MATERIAL_BYTES = 32


class Unreadable(Exception):
    """The bytes are no ciphertext of this key and context."""


def new_material() -> bytes:
    return secrets.token_bytes(MATERIAL_BYTES)


def encrypt(material: bytes, key_id: str, plain: bytes, context: Mapping[str, str]) -> bytes:
    """`key_id`: a UUID."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as in the box

    head = _HEAD.pack(_FORM, uuid.UUID(key_id).bytes, secrets.token_bytes(12))
    return head + AESGCM(material).encrypt(head[-12:], plain, _said(head, context))


def key_of(blob: bytes) -> str:
    """The id of the key that a blob is said to be of. Raises Unreadable."""
    try:
        form, key_id, _ = _HEAD.unpack_from(blob)
    except struct.error:
        form, key_id = 0, b""
    if form != _FORM:
        raise Unreadable
    return str(uuid.UUID(bytes=key_id))


def decrypt(material: bytes, blob: bytes, context: Mapping[str, str]) -> bytes:
    """Raises Unreadable for another key, another context, or damage."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in the box
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    head = blob[: _HEAD.size]
    try:
        plain: bytes = AESGCM(material).decrypt(head[-12:], blob[_HEAD.size :], _said(head, context))
    except InvalidTag:
        raise Unreadable from None
    return plain


def _said(head: bytes, context: Mapping[str, str]) -> bytes:
    """In the order of names: a context has none of its own."""
    written = json.dumps(dict(context), sort_keys=True, separators=(",", ":"))
    return b"lamb kms|" + head + written.encode()


def random_bytes(length: int) -> bytes:
    return secrets.token_bytes(length)
