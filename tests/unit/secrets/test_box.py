from __future__ import annotations

import pytest

from lamb.model.errors import KMSAccessDenied, KMSNotFound
from lamb.secrets.box import Box
from lamb.secrets.keyring import Keyring

PLAIN = b'{"PASSWORD": "swordfish"}'
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:1"


@pytest.fixture
def keyring(tmp_path):
    made = Keyring(tmp_path / "keys" / "keyring")
    made.add()
    return made


@pytest.fixture
def box(keyring):
    return Box(keyring)


def test_what_was_sealed_can_be_opened(box):
    assert box.open(box.seal(PLAIN, ARN), ARN) == PLAIN
    assert box.open(box.seal(b"", ARN), ARN) == b""


def test_the_plaintext_does_not_show_and_is_never_sealed_alike_twice(box):
    once, twice = box.seal(PLAIN, ARN), box.seal(PLAIN, ARN)
    assert once != twice
    assert b"swordfish" not in once


def test_what_belongs_to_one_version_cannot_be_opened_as_another(box):
    with pytest.raises(KMSAccessDenied):
        box.open(box.seal(PLAIN, ARN), ARN.replace(":1", ":2"))


def test_any_changed_byte_is_noticed(box):
    sealed = box.seal(PLAIN, ARN)
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises((KMSAccessDenied, KMSNotFound)):
            box.open(broken, ARN)


@pytest.mark.parametrize("length", [0, 1, 16, 17, 20])
def test_a_cut_off_secret_is_refused(box, length):
    with pytest.raises(KMSAccessDenied):
        box.open(box.seal(PLAIN, ARN)[:length], ARN)


def test_the_newest_key_seals_and_older_ones_still_open(box, keyring):
    old = box.seal(PLAIN, ARN)
    keyring.add()
    assert box.open(old, ARN) == box.open(box.seal(PLAIN, ARN), ARN) == PLAIN


def test_the_version_of_the_key_is_bound_in(box, keyring):
    """The bytes of version 2 relabelled as version 1 open with neither key, also if both were the same."""
    keyring.add()
    sealed = box.seal(PLAIN, ARN)
    with pytest.raises(KMSAccessDenied):
        box.open(sealed[:1] + (1).to_bytes(4, "big") + sealed[5:], ARN)


def test_another_home_s_key_gives_an_error_and_never_garbage(box, tmp_path):
    other = Keyring(tmp_path / "other" / "keyring")
    other.add()
    with pytest.raises(KMSAccessDenied, match="another key, or they are damaged"):
        Box(other).open(box.seal(PLAIN, ARN), ARN)


def test_a_lost_key_is_named(box, keyring):
    sealed = box.seal(PLAIN, ARN)
    keyring.path.unlink()
    with pytest.raises(KMSNotFound, match=f"{keyring.path} is missing"):
        box.open(sealed, ARN)
    with pytest.raises(KMSNotFound):
        box.seal(PLAIN, ARN)


def test_an_exposed_keyring_opens_nothing_and_says_why(box, keyring):
    sealed = box.seal(PLAIN, ARN)
    keyring.path.chmod(0o644)
    with pytest.raises(KMSAccessDenied, match="can be reached by others") as refused:
        box.open(sealed, ARN)
    assert "chmod 600" in refused.value.hint


def test_no_error_shows_the_plaintext(box, keyring):
    with pytest.raises(KMSAccessDenied) as refused:
        box.open(box.seal(PLAIN, ARN), "other")
    assert "swordfish" not in repr(refused.value)
    assert refused.value.__cause__ is None
