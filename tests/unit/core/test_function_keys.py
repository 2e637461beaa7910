from __future__ import annotations

import json

import pytest
from unit.core.plane import PLACE, ref

from lamb.core import function_keys, invoke, keys, kms, kms_aliases
from lamb.model.errors import (
    InvalidParameterValue,
    KMSAccessDenied,
    KMSDisabled,
    KMSInvalidState,
    KMSNotFound,
)
from lamb.model.kms import Caller
from lamb.secrets import envelope

ME = Caller(PLACE, f"arn:aws:iam::{PLACE.account}:root")
VARIABLES = {"NAME": "value"}
NONE = f"arn:aws:kms:us-east-1:{PLACE.account}:key/00000000-0000-4000-8000-000000000000"
_UNABLE = "Lambda was unable to decrypt the environment variables because "


@pytest.fixture
def key(plane):
    return plane.kms_key()


def started(plane, qualifier=None):
    """The variables of a new environment."""
    return invoke.resolve(plane.core, ref(qualifier=qualifier)).primary.open_variables()


def stored(plane) -> list[bytes]:
    """What is behind the home's own seal."""
    with plane.core.database.reading() as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT v.number, s.sealed FROM versions v JOIN variables s ON v.variables_id = s.id ORDER BY 1"
        )
        arns = {0: "$LATEST", 1: "1"}
        return [plane.core.box.open(row[1], f"{ref().key.arn}:{arns[row[0]]}") for row in rows]


def disable(plane, key):
    kms.set_enabled(plane.core, ME, key, enabled=False)


def policy(statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_variables_are_sealed_with_the_key_that_the_function_names(plane, key):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    assert started(plane) == VARIABLES
    assert plane.latest().variables == VARIABLES
    (inner,) = stored(plane)
    assert envelope.key_of(inner) == key.rpartition("/")[2]
    assert b"value" not in inner
    keys.rotate(plane.core)
    assert started(plane.reopened()) == VARIABLES


def test_without_a_key_of_its_own_the_home_s_seals_them(plane):
    plane.create(variables=VARIABLES)
    assert json.loads(stored(plane)[0]) == VARIABLES


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (
            disable,
            KMSDisabled,
            "the KMS key used is disabled. Please check the function's KMS key settings. ",
        ),
        (
            lambda plane, key: kms.schedule_deletion(plane.core, ME, key, 7),
            KMSInvalidState,
            "the state of the KMS key used is not valid for Decrypt. ",
        ),
        (
            lambda plane, key: kms.put_policy(
                plane.core,
                ME,
                key,
                policy({"Effect": "Allow", "Principal": {"AWS": ME.arn}, "Action": "*", "Resource": "*"}),
                lockout=False,
            ),
            None,
            "",
        ),
        (
            lambda plane, key: kms.put_policy(
                plane.core,
                ME,
                key,
                policy(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::123456789012:role/nobody"},
                        "Action": "*",
                        "Resource": "*",
                    }
                ),
                lockout=True,
            ),
            KMSAccessDenied,
            "KMS access was denied. Please check the function's KMS key settings. KMS Exception: Access",
        ),
    ],
    ids=["disabled", "pending deletion", "still allowed", "denied"],
)
def test_an_environment_starts_only_while_the_key_can_be_used(plane, key, spoil, error, message):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    spoil(plane, key)
    if error is None:
        assert started(plane) == VARIABLES
        return
    with pytest.raises(error) as caught:
        started(plane)
    assert caught.value.status == 502
    assert caught.value.message.startswith(_UNABLE + message)
    shown = plane.latest()
    assert shown.variables is None
    assert "unable to decrypt your environment variables" in shown.variables_error


def test_a_key_that_is_gone_took_the_variables_with_it(plane, key):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    kms.schedule_deletion(plane.core, ME, key, 7)
    plane.clock.advance(seconds=7 * 86_400)
    with pytest.raises(
        KMSNotFound, match=f"KMS Exception: NotFoundExceptionKMS Message: Key '{key}' does not"
    ):
        started(plane)
    plane.configure(variables={"NAME": "anew"}, kms_key_arn="")
    assert started(plane) == {"NAME": "anew"}


def test_a_disabled_key_works_again_when_it_is_enabled(plane, key):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    disable(plane, key)
    kms.set_enabled(plane.core, ME, key, enabled=True)
    assert started(plane) == VARIABLES


def test_a_function_without_variables_needs_no_key(plane, key):
    plane.create(kms_key_arn=key)
    disable(plane, key)
    assert started(plane) == {}


@pytest.mark.parametrize(
    "named", [NONE, "arn:aws:kms:us-east-1:123456789012:alias/none", "arn:aws:kms:x:y:z"]
)
def test_a_key_has_to_be_there(plane, named):
    def refused(ask):
        with pytest.raises(InvalidParameterValue) as caught:
            ask()
        assert caught.value.message.startswith(
            "Lambda was unable to configure access to your environment variables because the KMS key is "
            "invalid for CreateGrant. Please check your KMS key settings. KMS Exception: NotFoundException "
        )

    refused(lambda: plane.create(kms_key_arn=named))
    plane.create()
    refused(lambda: plane.configure(kms_key_arn=named))
    assert plane.latest().configuration.kms_key_arn is None


def test_a_key_has_to_be_usable(plane, key):
    disable(plane, key)
    with pytest.raises(
        InvalidParameterValue, match=r"because the KMS key used is disabled\. Please check your"
    ):
        plane.create(kms_key_arn=key)


def test_a_key_of_a_kms_elsewhere_is_its_own_business(plane):
    plane.core.remote_services = frozenset({"kms"})
    plane.create(variables=VARIABLES, kms_key_arn=NONE)
    assert started(plane) == VARIABLES


def test_another_key_seals_the_same_variables_anew(plane, key):
    other = plane.kms_key()
    plane.create(variables=VARIABLES, kms_key_arn=key)
    plane.configure(kms_key_arn=other)
    disable(plane, key)
    assert started(plane) == VARIABLES
    plane.configure(kms_key_arn="")
    disable(plane, other)
    assert started(plane) == VARIABLES


def test_variables_that_cannot_be_read_are_not_lost_to_another_key(plane, key):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    disable(plane, key)
    with pytest.raises(KMSDisabled):
        plane.configure(kms_key_arn="")
    kms.set_enabled(plane.core, ME, key, enabled=True)
    assert started(plane) == VARIABLES


def test_a_version_keeps_the_key_that_it_was_published_with(plane, key):
    plane.create(variables=VARIABLES, kms_key_arn=key)
    plane.publish()
    plane.configure(kms_key_arn="")
    disable(plane, key)
    assert started(plane) == VARIABLES
    with pytest.raises(KMSDisabled):
        started(plane, "1")


def test_an_alias_that_moves_on_does_not_lock_the_variables(plane, key):
    kms_aliases.create(plane.core, ME, "alias/mine", key)
    alias = f"arn:aws:kms:us-east-1:{PLACE.account}:alias/mine"
    plane.create(variables=VARIABLES, kms_key_arn=alias)
    kms_aliases.update(plane.core, ME, "alias/mine", plane.kms_key())
    assert started(plane) == VARIABLES


def test_lambda_s_own_key_can_be_named(plane):
    named = kms.get(plane.core, ME, "alias/aws/lambda").arn
    plane.create(variables=VARIABLES, kms_key_arn=named)
    assert started(plane) == VARIABLES


def test_variables_of_one_version_are_not_those_of_another(plane, key):
    """Somebody with the database alone swaps what is sealed: the ARN does not fit."""
    plane.create(variables=VARIABLES, kms_key_arn=key)
    record = plane.latest()
    with plane.core.database.transaction() as tx:
        sealed = function_keys.sealed(plane.core, tx, record, b"{}")
    with pytest.raises(KMSAccessDenied, match="KMS Exception: InvalidCiphertextException"):
        function_keys.opened(plane.core, record._replace(number=7), sealed)
