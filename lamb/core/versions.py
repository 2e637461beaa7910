"""Versions: publish and list."""

from __future__ import annotations

from lamb.core import found, live, packages, pages, variables
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue
from lamb.model.function import PENDING, Status, Version
from lamb.model.names import Place, Reference
from lamb.model.requests import Page
from lamb.store import functions as function_rows
from lamb.store import versions as rows
from lamb.store.database import Tx
from lamb.store.versions import Record


def publish(
    core: Core,
    ref: Reference,
    *,
    description: str | None = None,
    code_sha256: str | None = None,
    revision_id: str | None = None,
) -> Version:
    """Freeze `$LATEST` under the next number; the last version again if nothing has changed since.

    `code_sha256`, `revision_id`: what `$LATEST` must be. Raises ResourceNotFound, ResourceConflict,
    PreconditionFailed, InvalidParameterValue and the KMS family.
    """
    if description is not None:
        refuse_broken_text(description)
    looked = False
    while True:
        with core.database.transaction() as tx:
            latest = found.latest(tx, ref)
            if looked or latest.version.configuration.live is None:
                _refuse_other(latest, code_sha256, revision_id)
                number = function_rows.last_number(tx, ref.key)
                published = _unchanged(core, tx, latest, number)
                if published is None:
                    published = freeze(core, tx, latest, latest.version.status, description, number)
                    rows.move(tx, latest, found.new_revision())
                break
        live.refresh(core, ref.key)  # the directory that it follows may have changed
        looked = True
    return variables.shown(core, published)


def _refuse_other(latest: Record, code_sha256: str | None, revision_id: str | None) -> None:
    """Raise for what cannot be published now, or is not what the caller means."""
    found.refuse_unsettled(latest)
    found.refuse_inactive(latest)
    found.refuse_stale(revision_id, latest.version.revision_id)
    actual = latest.version.configuration.code_sha256
    if code_sha256 is not None and code_sha256 != actual:
        raise InvalidParameterValue(
            f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({actual}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


def freeze(
    core: Core,
    tx: Tx,
    latest: Record,
    status: Status,
    description: str | None = None,
    last_number: int | None = None,
) -> Record:
    """A new version of what `latest` is. The caller commits, and gives `$LATEST` a new revision.

    `last_number`: of the version published before, where that is known.

    Raises CodeStorageExceeded.
    """
    key, configuration = latest.version.key, latest.version.configuration._replace(live=None)
    packages.refuse_full(core, tx, Place(key.account, key.region), configuration.code_size)
    if description is not None:
        configuration = configuration._replace(description=description)
    version = latest.version._replace(
        number=function_rows.next_number(tx, key, last_number),
        revision_id=found.new_revision(),
        last_modified_ms=tx.now_ms,
        status=status,
        configuration=configuration,
    )
    plain = variables.opened(core, latest)
    sealed = None if plain is None else variables.seal(core, tx, plain, version)
    record = Record(latest.function, version, sealed, latest.version.configuration.description)
    rows.add(tx, record)
    return record


def freeze_changed(core: Core, tx: Tx, latest: Record) -> Record:
    """What UpdateFunctionCode publishes: the last version if nothing changed, else a new one, Pending."""
    number = function_rows.last_number(tx, latest.version.key)
    unchanged = _unchanged(core, tx, latest, number)
    return unchanged or freeze(core, tx, latest, PENDING, last_number=number)


def _unchanged(core: Core, tx: Tx, latest: Record, number: int) -> Record | None:
    """The version published last, which has this number, if `$LATEST` is still what it was then."""
    last = rows.find(tx, latest.version.key, number) if number else None
    if last is None:
        return None
    # The description that a version was given when it was published is no change of $LATEST.
    then = last.version.configuration._replace(description=last.latest_description or "")
    # Nor is the directory that it follows: a version is what was found there.
    if then != latest.version.configuration._replace(live=None):
        return None
    return last if variables.opened(core, last) == variables.opened(core, latest) else None


def list_versions(core: Core, ref: Reference, page: Page) -> tuple[list[Version], str | None]:
    """`$LATEST` first, then ascending; with the NextMarker. Raises ResourceNotFound."""
    (after,) = pages.start(page, [-1])
    with core.database.reading() as tx:
        function = found.function(tx, ref.key, ref.arn)
        records = rows.page_of_one(tx, function.id, after, pages.size(page) + 1)
    kept, marker = pages.cut(records, page, lambda record: [record.version.number])
    return [variables.shown(core, record) for record in kept], marker
