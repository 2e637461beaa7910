"""The key that a function names for its variables (`KMSKeyArn`): used, and refused in Lambda's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lamb.core import kms_found
from lamb.core.context import Core
from lamb.model.errors import (
    InvalidParameterValue,
    KMSAccessDenied,
    KMSDisabled,
    KMSInvalidState,
    KMSNotFound,
    KMSRefusal,
)
from lamb.model.function import Configuration, Version
from lamb.model.kms_errors import Disabled, InvalidCiphertext, InvalidState, KmsRefusal, NotFound
from lamb.model.names import FunctionKey, Place
from lamb.secrets import envelope
from lamb.secrets.envelope import Unreadable
from lamb.store.database import Tx
from lamb.store.kms_keys import KeyRow

_FUNCTION_ARN = "aws:lambda:FunctionArn"
# What KMS says → what Invoke makes of it.
_AT_INVOCATION: dict[type[KmsRefusal], type[KMSRefusal]] = {
    Disabled: KMSDisabled,
    InvalidState: KMSInvalidState,
    NotFound: KMSNotFound,
}
# What KMS says → why CreateFunction cannot.
_AT_CONFIGURATION: dict[type[KmsRefusal], str] = {
    Disabled: "the KMS key used is disabled.",
    InvalidState: "the state of the KMS key used is not valid for CreateGrant.",
    NotFound: "the KMS key is invalid for CreateGrant.",
}


def refuse_unusable(core: Core, tx: Tx, key: FunctionKey, configuration: Configuration) -> None:
    """Raise InvalidParameterValue for a key that is not there, or that cannot be used now."""
    named = configuration.kms_key_arn
    if named is None or _is_elsewhere(core):
        return
    try:
        _usable(tx, key, configuration, named, "CreateGrant")
    except KmsRefusal as error:
        reason = _AT_CONFIGURATION.get(type(error), "KMS access was denied.")
        raise InvalidParameterValue(
            f"Lambda was unable to configure access to your environment variables because {reason} "
            f"Please check your KMS key settings. KMS Exception: {error.code} KMS Message: {error.message}",
            hint="`aws kms create-key` makes a key in this home, `aws kms list-keys` shows what is here",
        ) from None


def sealed(core: Core, tx: Tx, version: Version, plain: bytes) -> bytes:
    """`plain` under the key that a version names, if it names one, bound to its ARN.

    Raises the KMS family.
    """
    configuration = version.configuration
    named = configuration.kms_key_arn
    if named is None or _is_elsewhere(core):
        return plain
    with _told():
        row = _usable(tx, version.key, configuration, named, "Encrypt")
    material = kms_found.material(core, row)
    return envelope.encrypt(material, row.key.id, plain, {_FUNCTION_ARN: version.arn})


def opened(core: Core, version: Version, data: bytes) -> bytes:
    """What `sealed` was given. Raises the KMS family."""
    configuration = version.configuration
    try:
        key_id = envelope.key_of(data)
    except Unreadable:
        # No key was named, or one of a KMS elsewhere.
        return data
    with core.database.reading() as tx, _told():
        row = _usable(tx, version.key, configuration, _beside(configuration, key_id), "Decrypt")
    try:
        return envelope.decrypt(kms_found.material(core, row), data, {_FUNCTION_ARN: version.arn})
    except Unreadable:
        raise KMSAccessDenied(_said(KMSAccessDenied, InvalidCiphertext())) from None


def _usable(tx: Tx, key: FunctionKey, configuration: Configuration, named: str, action: str) -> KeyRow:
    """The key, where Lambda may use it for the function's role. Raises KmsRefusal."""
    row = kms_found.key(tx, Place(key.account, key.region), named, aliases=True)
    kms_found.refuse_unusable(row.key)
    role = configuration.role.rpartition("/")[2]
    session = f"arn:aws:sts::{key.account}:assumed-role/{role}/{key.name}"
    kms_found.refuse_denied(row.key, action, session, via_lambda=True)
    return row


def _beside(configuration: Configuration, key_id: str) -> str:
    """The ARN of the key that sealed, where the one that the function names is: an alias may have moved."""
    named = (configuration.kms_key_arn or "").split(":")
    return ":".join([*named[:5], f"key/{key_id}"]) if len(named) > 5 else key_id


def _is_elsewhere(core: Core) -> bool:
    """Another KMS is named in the settings: its keys are its own business."""
    return "kms" in core.remote_services


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except KmsRefusal as error:
        kind = _AT_INVOCATION.get(type(error), KMSAccessDenied)
        raise kind(_said(kind, error)) from None


def _said(kind: type[KMSRefusal], error: KmsRefusal) -> str:
    # Nothing stands between the two in AWS's text either.
    return f"{kind.__doc__} KMS Exception: {error.code}KMS Message: {error.message}"
