"""Functions whose code is a directory: made into a package whenever something has changed there.

What runs never changes under its feet, what is published stays, and nothing but packages is ever shown to a
function (docs/decisions).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from lamb.core import found, layers, packages
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, InvalidZipFile
from lamb.model.function import ACTIVE
from lamb.model.names import LATEST, FunctionKey
from lamb.packages import archive
from lamb.packages.build import build, fingerprint
from lamb.sandbox.user import with_rights_of_functions
from lamb.store import versions as rows
from lamb.store.versions import Record

T = TypeVar("T")


def directory(key: str) -> str:
    """The directory that an S3Key names. Raises InvalidParameterValue."""
    path = os.path.normpath(key)
    if not Path(key).is_absolute() or "\0" in key:
        raise InvalidParameterValue(f"A live directory is an absolute path, not {key}")
    if not Path(path).is_dir():
        raise InvalidParameterValue(f"The live directory {path} is not there")
    return path


def package(live: str) -> bytes:
    """The directory as a package. Raises InvalidParameterValue for what functions could not read."""
    return _reading(live, build)


def refresh(core: Core, key: FunctionKey) -> bool:
    """New code for `$LATEST` where its directory has changed; whether it had.

    Raises InvalidZipFile when the directory cannot be used (any more), HomeUnusable.
    """
    with core.database.reading() as tx:
        record = rows.find(tx, key, 0)
    if record is None or record.version.configuration.live is None or record.version.status != ACTIVE:
        return False
    try:
        return _refreshed(core, record, record.version.configuration.live)
    except InvalidParameterValue as error:
        raise InvalidZipFile(f"The code of {key.name} is live: {error.message}", hint=error.hint) from None


def _refreshed(core: Core, record: Record, live: str) -> bool:
    key, before = record.version.key, record.version.configuration
    # Looked at first: what changes while it is packed is seen the next time.
    look = (live, _reading(live, fingerprint), before.code_sha256)
    if core.looked.get(key) == look:
        return False
    zipped = package(live)
    if before.layers:
        layers.refuse_too_large(archive.unzipped_size(zipped), before.layers)
    with core.storing:
        code = packages.store(core, zipped)
        changed = code.sha256 != before.code_sha256
        if changed:
            core.shelf.unpack(code.sha256)
            if not _replace(core, record, code):
                return False
    core.looked[key] = (*look[:2], code.sha256)
    if changed:
        core.changed(key)
        core.retired(key, LATEST)
    return changed


def _replace(core: Core, before: Record, code: packages.Code) -> bool:
    """Whether the function was still what it was before; it is active at once."""
    with core.database.transaction() as tx:
        record = rows.find(tx, before.version.key, 0)
        if record is None or record.version != before.version:
            return False
        version = record.version._replace(
            revision_id=found.new_revision(),
            last_modified_ms=tx.now_ms,
            configuration=record.version.configuration._replace(code_sha256=code.sha256, code_size=code.size),
        )
        rows.replace_latest(tx, record._replace(version=version), instead_of=record.sealed)
    return True


def _reading(live: str, work: Callable[[Path], T]) -> T:
    """`work` on the directory, with the rights that the function itself would have in it.

    Whoever may name a directory answers for what lies above it, but not for every file in it.
    """
    try:
        with _opened(live) as place:
            return with_rights_of_functions(lambda: work(place))
    except InvalidParameterValue as error:
        said = error.message.replace(str(place), live)
        hint = "functions run as another user here: `chmod -R o+rX` lets them read it"
        raise InvalidParameterValue(said, hint=hint if "Permission denied" in said else error.hint) from None
    except OSError as error:
        raise InvalidParameterValue(f"The live directory {live} cannot be read: {error.strerror}") from None


@contextmanager
def _opened(live: str) -> Iterator[Path]:
    descriptor = os.open(live, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
