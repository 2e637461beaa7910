"""Whether a function's recursive loops are ended."""

from __future__ import annotations

from lamb.core import found
from lamb.core.context import Core
from lamb.model.names import Reference
from lamb.store import functions as rows


def get(core: Core, ref: Reference) -> str:
    """`Terminate` or `Allow`. Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return found.function(tx, ref.key, ref.arn).recursive_loop


def put(core: Core, ref: Reference, wanted: str) -> str:
    """Raises ResourceNotFound."""
    with core.database.transaction() as tx:
        rows.set_recursive_loop(tx, found.function(tx, ref.key, ref.arn).id, wanted)
    core.changed(ref.key)
    return wanted
