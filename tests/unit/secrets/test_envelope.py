from __future__ import annotations

import uuid

import pytest

from lamb.secrets import envelope
from lamb.secrets.envelope import Unreadable

KEY, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
CONTEXT = {"a": "1", "b": "2"}


@pytest.fixture
def material():
    return envelope.new_material()


@pytest.fixture
def blob(material):
    return envelope.encrypt(material, KEY, b"secret", CONTEXT)


def test_what_was_encrypted_is_decrypted_whatever_the_order_of_the_context(material, blob):
    assert envelope.decrypt(material, blob, {"b": "2", "a": "1"}) == b"secret"
    assert envelope.key_of(blob) == KEY


def test_the_same_plaintext_is_never_the_same_ciphertext(material, blob):
    assert envelope.encrypt(material, KEY, b"secret", CONTEXT) != blob
    assert b"secret" not in blob


@pytest.mark.parametrize(
    "context", [{}, {"a": "1"}, {"a": "1", "b": "3"}, {"A": "1", "b": "2"}, {"a": '1","b":"2'}]
)
def test_another_context_opens_nothing(material, blob, context):
    with pytest.raises(Unreadable):
        envelope.decrypt(material, blob, context)


def test_another_key_opens_nothing(material, blob):
    with pytest.raises(Unreadable):
        envelope.decrypt(envelope.new_material(), blob, CONTEXT)
    renamed = blob[:1] + uuid.UUID(OTHER).bytes + blob[17:]
    assert envelope.key_of(renamed) == OTHER
    with pytest.raises(Unreadable):
        envelope.decrypt(material, renamed, CONTEXT)


def test_no_bit_of_a_ciphertext_can_be_changed(material, blob):
    for at in range(1, len(blob)):
        with pytest.raises(Unreadable):
            envelope.decrypt(material, blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], CONTEXT)


@pytest.mark.parametrize("blob", [b"", b"\1short", b"\2" + bytes(60), b"text that is no ciphertext at all"])
def test_what_is_no_ciphertext_names_no_key(blob):
    with pytest.raises(Unreadable):
        envelope.key_of(blob)
