from __future__ import annotations

import json
import uuid

import pytest
from unit.core.plane import PLACE

from lamb.core import keys, kms, kms_aliases, kms_crypto
from lamb.model import kms as model
from lamb.model.errors import ValidationFailure
from lamb.model.kms import DAY_MS, LAMBDA_ALIAS, Caller
from lamb.model.kms_errors import (
    AliasReserved,
    AlreadyExists,
    Disabled,
    DryRun,
    IncorrectKey,
    InvalidCiphertext,
    InvalidRequest,
    InvalidState,
    KeyAccessDenied,
    KeyLimitExceeded,
    KeyPolicyMalformed,
    KmsRefusal,
    NotFound,
    TagRefused,
)
from lamb.model.names import Place
from lamb.model.requests import Page

ME = Caller(PLACE, f"arn:aws:iam::{PLACE.account}:root")
FUNCTION = Caller(PLACE, f"arn:aws:sts::{PLACE.account}:assumed-role/r/f")
ELSEWHERE = Caller(Place(PLACE.account, "eu-west-1"), ME.arn)
STRANGER = Caller(Place("210987654321", PLACE.region), "arn:aws:iam::210987654321:root")
CONTEXT = {"LambdaFunctionName": "f"}
ARN = f"arn:aws:kms:{PLACE.region}:{PLACE.account}:"
NONE = str(uuid.UUID(int=0))


def make(plane, **members):
    return kms.create(
        plane.core, ME, members.get("description", ""), members.get("policy"), members.get("tags", ())
    )


def encrypt(plane, reference, plain=b"secret", context=CONTEXT, caller=ME):
    return kms_crypto.encrypt(plane.core, caller, reference, plain, context, dry_run=False).blob


def decrypt(plane, blob, reference=None, context=CONTEXT, caller=ME):
    return kms_crypto.decrypt(plane.core, caller, reference, blob, context, dry_run=False)


def schedule(plane, key, days=7):
    return kms.schedule_deletion(plane.core, ME, key.id, days)


def policy(*principals, action="kms:*", effect="Allow"):
    statement = {"Effect": effect, "Principal": {"AWS": list(principals)}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# ------------------------------------------------------------------ encryption


def test_what_a_key_encrypted_it_decrypts_whoever_names_it(plane):
    key = make(plane)
    kms_aliases.create(plane.core, ME, "alias/a", key.id)
    for reference in (key.id, key.arn, "alias/a", f"{ARN}alias/a"):
        blob = encrypt(plane, reference)
        for named in (None, key.id, key.arn, "alias/a"):
            opened = decrypt(plane, blob, named)
            assert (opened.plain, opened.key) == (b"secret", key)


def test_a_ciphertext_is_bound_to_its_context(plane):
    blob = encrypt(plane, make(plane).id)
    for context in ({}, {"LambdaFunctionName": "g"}, {**CONTEXT, "more": ""}):
        with pytest.raises(InvalidCiphertext) as caught:
            decrypt(plane, blob, context=context)
        assert caught.value.message == ""


def test_a_ciphertext_is_bound_to_its_key(plane):
    key, other = make(plane), make(plane)
    with pytest.raises(IncorrectKey):
        decrypt(plane, encrypt(plane, key.id), other.id)
    with pytest.raises(InvalidCiphertext):
        decrypt(plane, b"no ciphertext of anybody's, this is")


def test_a_ciphertext_of_another_region_account_or_of_a_key_that_is_gone_is_denied(plane):
    key = make(plane)
    blob = encrypt(plane, key.id)
    schedule(plane, key)
    plane.clock.advance(seconds=7 * 86_400)
    for caller in (ME, ELSEWHERE, STRANGER):
        with pytest.raises(
            KeyAccessDenied, match=r"^The ciphertext refers to a customer master key that does"
        ):
            decrypt(plane, blob, caller=caller)


def test_the_material_is_sealed_at_rest_and_survives_a_new_home_key(plane):
    key = make(plane)
    blob = encrypt(plane, key.id)
    keys.rotate(plane.core)
    assert plane.core.keyring.versions() == [2]
    assert decrypt(plane, blob).plain == b"secret"
    assert decrypt(plane.reopened(), blob).plain == b"secret"


def test_a_data_key_is_told_plain_and_encrypted(plane):
    key = make(plane)
    plain, sealed = kms_crypto.data_key(plane.core, ME, key.id, 32, CONTEXT, action="GenerateDataKey")
    assert len(plain) == 32
    assert decrypt(plane, sealed.blob).plain == plain


@pytest.mark.parametrize(
    ("spec", "length", "bytes_"), [("AES_256", None, 32), ("AES_128", None, 16), (None, 7, 7)]
)
def test_the_length_of_a_data_key_is_said_in_one_way(spec, length, bytes_):
    assert kms_crypto.data_key_bytes(spec, length) == bytes_
    for both in ((None, None), ("AES_256", 32)):
        with pytest.raises(InvalidRequest, match=r"^Please specify either number of bytes or key spec\.$"):
            kms_crypto.data_key_bytes(*both)


def test_a_ciphertext_moves_to_another_key_and_context(plane):
    key, other = make(plane), make(plane)
    source = (None, encrypt(plane, key.id), CONTEXT)
    opened, sealed = kms_crypto.reencrypt(plane.core, ME, source, (other.id, {"new": "one"}))
    assert (opened.key, sealed.key) == (key, other)
    assert decrypt(plane, sealed.blob, context={"new": "one"}).plain == b"secret"


def test_a_dry_run_says_what_would_be(plane):
    key = make(plane)
    with pytest.raises(DryRun):
        kms_crypto.encrypt(plane.core, ME, key.id, b"x", {}, dry_run=True)
    with pytest.raises(DryRun):
        kms_crypto.decrypt(plane.core, ME, None, encrypt(plane, key.id), CONTEXT, dry_run=True)
    kms.set_enabled(plane.core, ME, key.id, enabled=False)
    with pytest.raises(Disabled):
        kms_crypto.check_data_key(plane.core, ME, key.id, "GenerateDataKey")


# ------------------------------------------------------------------ states


def test_a_disabled_key_does_nothing_until_it_is_enabled(plane):
    key = make(plane)
    blob = encrypt(plane, key.id)
    kms.set_enabled(plane.core, ME, key.id, enabled=False)
    assert kms.get(plane.core, ME, key.id).state == "Disabled"
    for use in (lambda: encrypt(plane, key.id), lambda: decrypt(plane, blob)):
        with pytest.raises(Disabled, match=f"^{key.arn} is disabled.$"):
            use()
    kms.set_enabled(plane.core, ME, key.id, enabled=True)
    assert decrypt(plane, blob).plain == b"secret"


def test_a_key_that_is_to_be_deleted_does_nothing_and_can_be_kept(plane):
    key = make(plane)
    blob = encrypt(plane, key.id)
    assert schedule(plane, key).deletion_ms == plane.clock.now_ms() + 7 * DAY_MS
    pending = (
        lambda: decrypt(plane, blob),
        lambda: schedule(plane, key),
        lambda: kms.set_enabled(plane.core, ME, key.id, enabled=True),
        lambda: kms.rotation(plane.core, ME, key.id),
        lambda: kms_aliases.create(plane.core, ME, "alias/a", key.id),
    )
    for use in pending:
        with pytest.raises(InvalidState, match=f"^{key.arn} is pending deletion.$"):
            use()
    kms.cancel_deletion(plane.core, ME, key.id)
    assert kms.get(plane.core, ME, key.id).state == "Disabled"
    with pytest.raises(InvalidState, match="is not pending deletion"):
        kms.cancel_deletion(plane.core, ME, key.id)
    kms.set_enabled(plane.core, ME, key.id, enabled=True)
    assert decrypt(plane, blob).plain == b"secret"


def test_a_key_is_gone_with_its_aliases_when_its_time_has_come(plane):
    key = make(plane)
    kms_aliases.create(plane.core, ME, "alias/a", key.id)
    schedule(plane, key)
    plane.clock.advance(seconds=7 * 86_400 - 1)
    assert kms.get(plane.core, ME, "alias/a").state == "PendingDeletion"
    plane.clock.advance(seconds=1)
    with pytest.raises(NotFound, match=f"^Key '{key.arn}' does not exist$"):
        kms.get(plane.core, ME, key.id)
    with pytest.raises(NotFound, match=f"^Alias {ARN}alias/a is not found.$"):
        kms.get(plane.core, ME, "alias/a")
    make(plane)
    with plane.core.database.reading() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM kms_keys").scalar_one() == 1
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM kms_aliases").scalar_one() == 0


@pytest.mark.parametrize(
    ("days", "relation"), [(6, "greater than or equal to 7"), (31, "less than or equal to 30")]
)
def test_a_deletion_is_seven_to_thirty_days_ahead(plane, days, relation):
    with pytest.raises(ValidationFailure, match=f"Value '{days}' at 'pendingWindowInDays' .* {relation}$"):
        schedule(plane, make(plane), days)


def test_rotation_has_a_period_and_a_next_time(plane):
    key = make(plane)
    assert kms.rotation(plane.core, ME, key.id).next_ms is None
    kms.rotate(plane.core, ME, key.id, 90)
    plane.clock.advance(seconds=100 * 86_400)
    assert kms.rotation(plane.core, ME, key.id).next_ms == key.created_ms + 180 * DAY_MS
    kms.rotate(plane.core, ME, key.id, None)
    assert kms.rotation(plane.core, ME, key.id).next_ms is None


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (NONE, f"Key '{ARN}key/{NONE}' does not exist"),
        (f"{ARN}key/{NONE}", f"Key '{ARN}key/{NONE}' does not exist"),
        ("fake-key-id", "Invalid keyId 'fake-key-id'"),
        ("134f2428cec14b25a1ae9048164dba47", "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"),
        ("mrk-fake-key-id", "Invalid keyId 'mrk-fake-key-id'"),
        (f"arn:aws:kms:eu-west-1:{PLACE.account}:key/{NONE}", "Invalid arn eu-west-1"),
        ("alias/none", f"Alias {ARN}alias/none is not found."),
    ],
)
def test_a_key_that_is_not_there_is_not_found(plane, reference, message):
    with pytest.raises(NotFound) as caught:
        kms.get(plane.core, ME, reference)
    assert caught.value.message == message


def test_a_key_belongs_to_its_region_and_account(plane):
    key = make(plane)
    with pytest.raises(NotFound):
        kms.get(plane.core, ELSEWHERE, key.id)
    with pytest.raises(NotFound):
        kms.get(plane.core, STRANGER, key.id)
    assert kms.list_keys(plane.core, ELSEWHERE.place, Page()) == ([], None)
    with pytest.raises(KeyAccessDenied):
        kms.get(plane.core, STRANGER, key.arn)


def test_management_takes_no_alias(plane):
    kms_aliases.create(plane.core, ME, "alias/a", make(plane).id)
    with pytest.raises(NotFound, match=r"^Invalid keyId 'alias/a'$"):
        kms.set_enabled(plane.core, ME, "alias/a", enabled=False)


def test_keys_and_aliases_are_listed_a_page_at_a_time(plane):
    made = sorted((make(plane) for _ in range(3)), key=lambda key: key.id)
    page, marker = kms.list_keys(plane.core, PLACE, Page(max_items=2))
    rest, end = kms.list_keys(plane.core, PLACE, Page(marker, 2))
    assert ([*page, *rest], end) == (made, None)
    for name in ("alias/a", "alias/b", "alias/c"):
        kms_aliases.create(plane.core, ME, name, made[0].id)
    page, marker = kms_aliases.list_aliases(plane.core, PLACE, None, Page(max_items=3))
    assert [alias.name for alias in page] == ["alias/a", LAMBDA_ALIAS, "alias/b"]
    page, marker = kms_aliases.list_aliases(plane.core, PLACE, None, Page(marker, 3))
    assert ([alias.name for alias in page], marker) == (["alias/c"], None)
    assert kms_aliases.list_aliases(plane.core, PLACE, made[1].id, Page()) == ([], None)


def test_an_alias_moves_from_key_to_key(plane):
    key, other = make(plane), make(plane)
    kms_aliases.create(plane.core, ME, "alias/a", key.arn)
    with pytest.raises(AlreadyExists, match=f"^An alias with the name {ARN}alias/a already exists$"):
        kms_aliases.create(plane.core, ME, "alias/a", other.id)
    kms_aliases.update(plane.core, ME, "alias/a", other.id)
    assert kms.get(plane.core, ME, "alias/a") == other
    kms_aliases.delete(plane.core, ME, "alias/a")
    for ask in (
        lambda: kms_aliases.delete(plane.core, ME, "alias/a"),
        lambda: kms_aliases.update(plane.core, ME, "alias/a", other.id),
    ):
        with pytest.raises(NotFound, match=f"^Alias {ARN}alias/a is not found.$"):
            ask()


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "name",
            InvalidRequest,
            (
                'Alias must start with the prefix "alias/". '
                "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
            ),
        ),
        ("alias/", InvalidRequest, "Invalid identifier"),
        ("alias/a:b", InvalidRequest, "alias/a:b contains invalid characters for an alias"),
        ("alias/aws/lambda", AliasReserved, ""),
    ],
)
def test_an_alias_has_a_form(plane, name, error, message):
    with pytest.raises(error) as caught:
        kms_aliases.create(plane.core, ME, name, make(plane).id)
    assert caught.value.message == message


def test_an_alias_is_no_alias_of_an_alias(plane):
    kms_aliases.create(plane.core, ME, "alias/a", make(plane).id)
    with pytest.raises(InvalidRequest, match=r"^Aliases must refer to keys\. Not aliases$"):
        kms_aliases.create(plane.core, ME, "alias/b", "alias/a")


# ------------------------------------------------------------------ policies


def test_aws_s_key_for_lambda_is_there_when_it_is_asked_for_and_for_lambda_alone(plane):
    key = kms.get(plane.core, ME, LAMBDA_ALIAS)
    assert (key.manager, kms.get(plane.core, ME, f"{ARN}{LAMBDA_ALIAS}")) == ("AWS", key)
    aliases, _ = kms_aliases.list_aliases(plane.core, PLACE, None, Page())
    assert [alias.key_id for alias in aliases] == [key.id]
    for use in (
        lambda: encrypt(plane, LAMBDA_ALIAS),
        lambda: encrypt(plane, LAMBDA_ALIAS, caller=FUNCTION),
        lambda: schedule(plane, key),
        lambda: kms.set_enabled(plane.core, ME, key.id, enabled=False),
    ):
        with pytest.raises(KeyAccessDenied, match="because no resource-based policy allows the kms:"):
            use()
    assert kms.get(plane.core, ELSEWHERE, LAMBDA_ALIAS).id != key.id


def test_the_policy_of_a_key_says_who_may_use_it(plane):
    key = make(plane)
    assert json.loads(kms.policy(plane.core, ME, key.id, "default")) == json.loads(
        model.default_policy(PLACE.account)
    )
    assert decrypt(plane, encrypt(plane, key.id, caller=FUNCTION)).plain == b"secret"
    kms.put_policy(plane.core, ME, key.id, policy(ME.arn), lockout=False)
    assert encrypt(plane, key.id)
    other = policy("arn:aws:iam::123456789012:role/other")
    kms.put_policy(plane.core, ME, key.id, other, lockout=True)
    for caller in (ME, FUNCTION):
        with pytest.raises(
            KeyAccessDenied, match=f"^User: {caller.arn} is not authorized to perform: kms:Enc"
        ):
            encrypt(plane, key.id, caller=caller)
    assert encrypt(plane, key.id, caller=FUNCTION._replace(arn=FUNCTION.arn.replace("/r/", "/other/")))


def test_nobody_locks_themselves_out_by_accident(plane):
    key = make(plane)
    with pytest.raises(
        KeyPolicyMalformed, match=r"^The new key policy will not allow you to update the key pol"
    ):
        kms.put_policy(plane.core, ME, key.id, policy(FUNCTION.arn), lockout=False)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"Statement": []}', '{"Statement": [{"Effect": "Allow"}]}']
)
def test_a_policy_that_is_none_is_refused(plane, text):
    if text == '{"Statement": []}':
        # Well formed, and allows nobody anything.
        key = make(plane)
        with pytest.raises(KeyPolicyMalformed):
            kms.put_policy(plane.core, ME, key.id, text, lockout=False)
    else:
        with pytest.raises(KeyPolicyMalformed):
            make(plane, policy=text)


def test_a_key_has_one_policy_of_a_limited_size(plane):
    key = make(plane)
    with pytest.raises(NotFound, match=r"^No such policy exists$"):
        kms.policy(plane.core, ME, key.id, "other")
    with pytest.raises(KeyLimitExceeded):
        kms.put_policy(
            plane.core, ME, key.id, policy(*["arn:aws:iam::123456789012:root"] * 1500), lockout=False
        )


def test_tags_are_set_and_taken_away(plane):
    key = make(plane, tags=[("a", "1")])
    kms.tag(plane.core, ME, key.id, [("a", "2"), ("b", "3")])
    kms.untag(plane.core, ME, key.id, ["a", "none"])
    assert kms.tags(plane.core, ME, key.id) == {"b": "3"}
    with pytest.raises(TagRefused):
        kms.tag(plane.core, ME, key.id, [("a", "1"), ("a", "2")])
    with pytest.raises(TagRefused):
        kms.tag(plane.core, ME, key.id, [("aws:mine", "1")])
    with pytest.raises(KeyLimitExceeded):
        kms.tag(plane.core, ME, key.id, [(str(number), "") for number in range(50)])


def test_every_refusal_has_kms_s_status():
    refusals = [kind for kind in KmsRefusal.__subclasses__() if kind is not DryRun]
    assert {kind.status for kind in refusals} == {400}
    assert len({kind.code for kind in refusals}) == len(refusals)
