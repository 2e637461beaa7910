"""What ids, ARNs and aliases of keys name, and whether the key can be used: KMS's words where not."""

from __future__ import annotations

import json
import re
import uuid

from lamb.core.context import Core
from lamb.model import kms
from lamb.model.kms import LAMBDA_ALIAS, Key
from lamb.model.kms_errors import Disabled, InvalidState, KeyAccessDenied, NotFound
from lamb.model.names import Place
from lamb.model.policy import Ask, evaluate
from lamb.secrets import envelope
from lamb.secrets.envelope import Unreadable
from lamb.store import kms_keys as rows
from lamb.store.database import Tx
from lamb.store.kms_keys import KeyRow

_ARN = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<rest>.+)")
_KEY = "key/"


def key(tx: Tx, place: Place, reference: str, *, aliases: bool = False) -> KeyRow:
    """A key by id or ARN; by alias, too, where the operation takes one.

    Raises NotFound, also for a key of another region.
    """
    named = _ARN.fullmatch(reference)
    if named is not None:
        if named["region"] != place.region:
            raise NotFound(f"Invalid arn {named['region']}")
        place = Place(named["account"], place.region)
        rest = named["rest"]
        reference = rest.removeprefix(_KEY) if rest.startswith(_KEY) else rest
    if aliases and reference.startswith(kms.ALIAS_PREFIX):
        return _of_alias(tx, place, reference)
    if not _is_id(reference):
        raise NotFound(f"Invalid keyId '{reference}'")
    row = rows.find(tx, place, reference)
    if row is None:
        raise NotFound(f"Key '{kms.key_arn(place, reference)}' does not exist")
    return row


def refuse_unusable(found: Key) -> None:
    """Raise Disabled or InvalidState for a key that encrypts and decrypts nothing now."""
    if found.state == "Disabled":
        raise Disabled(f"{found.arn} is disabled.")
    refuse_pending(found)


def refuse_pending(found: Key) -> None:
    """Raise InvalidState for a key that is about to be deleted."""
    if found.state == "PendingDeletion":
        raise InvalidState(f"{found.arn} is pending deletion.")


def refuse_denied(found: Key, action: str, principal_arn: str, *, via_lambda: bool = False) -> None:
    """Raise KeyAccessDenied where the policy of the key does not allow it.

    Who is of an account that the policy names as a whole is allowed by it; what their own policies say,
    others ask. `via_lambda`: it is Lambda that asks, for a function.
    """
    context = {"kms:CallerAccount": principal_arn.split(":")[4]}
    if via_lambda:
        context["kms:ViaService"] = f"lambda.{found.region}.amazonaws.com"
    ask = Ask(f"kms:{action}", found.arn, principal_arn=principal_arn, context=context)
    decision = evaluate([json.loads(found.policy)], ask)
    if decision != "allow":
        reason = "with an explicit deny in a resource-based policy"
        if decision == "implicit-deny":
            reason = f"because no resource-based policy allows the kms:{action} action"
        raise KeyAccessDenied(
            f"User: {principal_arn} is not authorized to perform: kms:{action} "
            f"on resource: {found.arn} {reason}"
        )


def material(core: Core, row: KeyRow) -> bytes:
    """Raises KMSNotFound and KMSAccessDenied where the home's own key does not open it."""
    return core.box.open(row.material, bound_to(row.key.arn))


def bound_to(arn: str) -> str:
    """What the material of a key is bound to."""
    return f"kms key {arn}"


def sealed_material(core: Core, arn: str) -> bytes:
    """New material for a key."""
    return core.box.seal(envelope.new_material(), bound_to(arn))


def _of_alias(tx: Tx, place: Place, name: str) -> KeyRow:
    alias = rows.find_alias(tx, place, name)
    row = None if alias is None or alias.key_id is None else rows.find(tx, place, alias.key_id)
    if row is None:
        raise NotFound(f"Alias {kms.alias_arn(place, name)} is not found.")
    return row


def arn_of(core: Core, place: Place, reference: str | None, blob: bytes | None) -> str:
    """The ARN of the key that is named, or that a ciphertext names; `*` where none is.

    What is not there has the ARN that it would have.
    """
    if reference is None:
        try:
            reference = envelope.key_of(blob or b"")
        except Unreadable:
            return "*"
    with core.database.reading() as tx:
        try:
            return key(tx, place, reference, aliases=True).key.arn
        except NotFound:
            return reference if reference.startswith("arn:") else kms.key_arn(place, reference)


def is_unmade(tx: Tx, place: Place, reference: str) -> bool:
    """Whether that is AWS's key for Lambda, which is made when somebody first wants it."""
    wanted = (LAMBDA_ALIAS, kms.alias_arn(place, LAMBDA_ALIAS))
    return reference in wanted and rows.find_alias(tx, place, LAMBDA_ALIAS) is None


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        # Keys of several regions.
        return re.fullmatch(r"mrk-[0-9a-f]{32}", text) is not None
