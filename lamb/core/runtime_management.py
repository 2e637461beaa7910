"""Runtime management: when a function gets another version of its runtime. Kept and reported; the
interpreters are the host's, and lamb changes none of them."""

from __future__ import annotations

from lamb.core import found
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.names import LATEST, Reference
from lamb.model.requests import RuntimeManagement
from lamb.store import runtime_management as rows
from lamb.store.database import Tx

_DEFAULT = RuntimeManagement()


def get(core: Core, ref: Reference) -> RuntimeManagement:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return rows.find(tx, _version(tx, ref), ref.qualifier or LATEST) or _DEFAULT


def put(core: Core, ref: Reference, wanted: RuntimeManagement) -> RuntimeManagement:
    """Raises ResourceNotFound, and InvalidParameterValue for an ARN without `Manual` or the other way."""
    if (wanted.update_on == "Manual") != (wanted.runtime_version_arn is not None):
        raise InvalidParameterValue(
            "RuntimeVersionArn is required when UpdateRuntimeOn is Manual."
            if wanted.update_on == "Manual"
            else f"RuntimeVersionArn is not allowed when UpdateRuntimeOn is {wanted.update_on}."
        )
    with core.database.transaction() as tx:
        rows.put(tx, _version(tx, ref), ref.qualifier or LATEST, wanted)
    return wanted


def _version(tx: Tx, ref: Reference) -> int:
    """The function's id, where `$LATEST` or the version of the reference is there."""
    function = found.function(tx, ref.key, ref.arn)
    label = ref.qualifier or LATEST
    if found.number_of(label) is None:
        # An alias points at versions, and has no runtime of its own.
        raise ResourceNotFound(f"Function not found: {ref.arn}")
    found.version(tx, ref.key, label)
    return function.id
