"""The zip of a request on its way to the shelf."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from lamb.core.context import Core
from lamb.model.errors import CodeStorageExceeded, InvalidParameterValue
from lamb.model.limits import CODE_STORAGE_MAX_BYTES
from lamb.model.names import Place
from lamb.packages import archive
from lamb.store import functions, layers, versions
from lamb.store.database import Tx


class Code(NamedTuple):
    """A package as a configuration names it."""

    sha256: str
    """Standard base64."""
    size: int
    """Bytes of the zip."""


def given(zipped: bytes | None) -> bytes:
    """Raises InvalidParameterValue for a request that brings no code."""
    if zipped is None:
        raise InvalidParameterValue("Please provide a source for function code.")
    return zipped


def store(core: Core, zipped: bytes, *, uploaded: bool = True) -> Code:
    """Checked and kept. The caller holds `core.storing` until a committed row names it.

    `uploaded`: in the request itself, and not from a bucket.

    Raises InvalidParameterValue, RequestTooLarge, HomeUnusable.
    """
    return Code(core.shelf.put(zipped, uploaded=uploaded), len(zipped))


def would_store(zipped: bytes, *, uploaded: bool = True) -> Code:
    """Checked only. Raises InvalidParameterValue, RequestTooLarge."""
    archive.refuse_unusable(zipped, uploaded=uploaded)
    return Code(base64.b64encode(hashlib.sha256(zipped).digest()).decode(), len(zipped))


def refuse_full(core: Core, tx: Tx, place: Place, size: int) -> None:
    """Raises CodeStorageExceeded for so many bytes more of zips.

    To add up what is kept takes a look at every version: done the first time, and when what was added since
    would be too much. What was deleted or rolled back since then counts until it is added up again.
    """
    kept = core.code_bytes.get(place)
    if kept is None or kept + size > CODE_STORAGE_MAX_BYTES:
        kept = functions.code_bytes(tx, place)
        if kept + size > CODE_STORAGE_MAX_BYTES:
            raise CodeStorageExceeded
    core.code_bytes[place] = kept + size


def discard_unused(core: Core) -> int:
    """Remove packages that neither a version nor a layer names any more; returns how many. Nothing may run
    meanwhile that was resolved before: call it when a daemon starts. Raises HomeUnusable."""
    with core.storing, core.database.reading() as tx:
        in_use = versions.packages(tx)
        packages = {code_sha256 for code, attached in in_use for code_sha256 in (code, *attached)}
        return core.shelf.discard(packages | layers.packages(tx), {attached for _, attached in in_use})
