from __future__ import annotations

import re
from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from unit.core.plane import PLACE

from lamb.core import credentials, keys
from lamb.model.credentials import RoleSession
from lamb.model.errors import KMSAccessDenied, KMSNotFound, ResourceNotFound, UnrecognizedClient

ACCOUNT = PLACE.account
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SESSION = RoleSession("arn:aws:iam::123456789012:role/a/clerk", "anna", "AROAEXAMPLE", policies=(POLICY,))


def test_a_key_has_awss_form_and_is_found_again(plane):
    made = credentials.create(plane.core, "111122223333", "the other team")
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", made.key_id)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", made.secret)
    assert credentials.of_key(plane.core, made.key_id) == made
    (listed,) = credentials.keys(plane.core)
    assert (listed.key_id, listed.account, listed.description) == (
        made.key_id,
        "111122223333",
        "the other team",
    )


def test_a_secret_is_nowhere_in_the_home(plane):
    made = credentials.create(plane.core, ACCOUNT)
    again = plane.reopened()
    assert credentials.of_key(again.core, made.key_id).secret == made.secret
    again.close()
    for path in plane.home.rglob("*"):
        if path.is_file():
            assert made.secret.encode() not in path.read_bytes(), path
    assert made.secret not in repr(made)


def test_the_default_key_is_made_once(plane):
    assert credentials.default(plane.core, ACCOUNT) == credentials.default(plane.core, ACCOUNT)
    assert [key.is_default for key in credentials.keys(plane.core)] == [True]


def test_a_deleted_key_is_unknown_and_a_new_default_takes_its_place(plane):
    told = []
    plane.core.credentials_changed = lambda: told.append(True)
    first = credentials.default(plane.core, ACCOUNT)
    credentials.delete(plane.core, first.key_id)
    assert told == [True]
    with pytest.raises(UnrecognizedClient):
        credentials.of_key(plane.core, first.key_id)
    with pytest.raises(ResourceNotFound, match=first.key_id):
        credentials.delete(plane.core, first.key_id)
    assert credentials.default(plane.core, ACCOUNT).key_id != first.key_id


def test_keys_outlive_a_rotation_and_sessions_do_not(plane):
    key = credentials.create(plane.core, ACCOUNT)
    session = credentials.session(plane.core, SESSION, 3600)
    told = []
    plane.core.credentials_changed = lambda: told.append(True)
    keys.rotate(plane.core)
    assert told == [True]
    after = plane.reopened()
    assert credentials.of_key(after.core, key.key_id) == key
    with pytest.raises(UnrecognizedClient):
        credentials.of_token(after.core, session.key_id, session.token)
    after.close()


@pytest.mark.parametrize("lost", [True, False])
def test_no_key_is_sealed_with_another_keyring_than_the_rest(plane, lost):
    credentials.create(plane.core, ACCOUNT)
    plane.keyring.unlink()
    if not lost:
        plane.core.keyring.add()
        plane.core.keyring.forget_before(1)
    with pytest.raises((KMSNotFound, KMSAccessDenied)):
        credentials.create(plane.core, ACCOUNT)
    with pytest.raises((KMSNotFound, KMSAccessDenied)):
        plane.create(variables={"NAME": "value"})
    assert len(credentials.keys(plane.core)) == 1


def test_a_session_is_in_its_token(plane):
    made = credentials.session(plane.core, SESSION, 3600)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", made.key_id)
    assert made.expires_ms is not None
    assert made.account == ACCOUNT
    after = plane.reopened()
    assert credentials.of_token(after.core, made.key_id, made.token) == made
    assert made.session.arn == "arn:aws:sts::123456789012:assumed-role/clerk/anna"
    after.close()


def test_a_token_that_lamb_did_not_make_is_unknown(plane):
    made = credentials.session(plane.core, SESSION, 3600)
    changed = bytearray(b64decode(made.token))
    changed[-1] ^= 1
    for key_id, token in [
        ("ASIAIOSFODNN7EXAMPLE", made.token),
        (made.key_id, b64encode(changed).decode()),
        (made.key_id, "no base64"),
        (made.key_id, "ä"),
        (made.key_id, ""),
        (made.key_id, "A" * 100_000),
    ]:
        with pytest.raises(UnrecognizedClient):
            credentials.of_token(plane.core, key_id, token)


def test_a_sealed_variable_is_no_token(plane):
    version = plane.create(variables={"NAME": "value"})
    sealed = plane.core.box.seal(b"{}", version.arn)
    with suppress(UnrecognizedClient):
        credentials.of_token(plane.core, "ASIAIOSFODNN7EXAMPLE", b64encode(sealed).decode())
        pytest.fail("it was taken")
