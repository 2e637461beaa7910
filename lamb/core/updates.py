"""How a function changes: new code, new configuration, and the settling that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lamb.core import configuration as rules
from lamb.core import destinations, found, function_keys, layers, packages, roles, variables, versions
from lamb.core.context import Core
from lamb.core.packages import Code
from lamb.model.errors import KMSRefusal, LambError
from lamb.model.function import ACTIVE, PENDING, UPDATING, Configuration, Status, Version
from lamb.model.names import LATEST, FunctionKey, Place, Reference
from lamb.model.requests import Changes, CodeUpdate
from lamb.packages import archive
from lamb.store import versions as rows
from lamb.store.database import Tx
from lamb.store.versions import Record, Sealed


def update_code(core: Core, ref: Reference, update: CodeUpdate) -> Version:
    """New code for `$LATEST`; the answer describes the version that is published, if one is asked for.

    InProgress until `settle`; whoever has resolved the function before goes on with the old code until then.
    A dry run checks everything, keeps nothing and answers what would be. Raises as `functions.create`, and
    ResourceNotFound, ResourceConflict, PreconditionFailed.
    """
    zipped = packages.given(update.zip)
    with core.database.reading() as tx:
        record = _changeable(tx, ref, update.revision_id)
    if update.dry_run:
        configuration = _with_code(record, packages.would_store(zipped, uploaded=update.uploaded), update)
        _refuse_too_large(record, zipped)
        return variables.shown(
            core, record._replace(version=record.version._replace(configuration=configuration))
        )
    with core.storing:
        code = packages.store(core, zipped, uploaded=update.uploaded)
        _refuse_too_large(record, zipped)
        with core.database.transaction() as tx:
            record = _changeable(tx, ref, update.revision_id)
            packages.refuse_full(core, tx, Place(ref.key.account, ref.key.region), code.size)
            record = _change(tx, record, _with_code(record, code, update), record.sealed)
            if update.publish:
                record = versions.freeze_changed(core, tx, record)
    core.changing(ref.key)
    return variables.shown(core, record)


def configure(core: Core, ref: Reference, changes: Changes, revision_id: str | None = None) -> Version:
    """Change what is given of `$LATEST`'s configuration. InProgress until `settle`, as for `update_code`.

    Raises InvalidParameterValue, ValidationFailure, ResourceNotFound, ResourceConflict, PreconditionFailed,
    the KMS family and HomeUnusable.
    """
    rules.refuse_broken_text(changes)
    if changes.variables is not None:
        variables.refuse_unusable(changes.variables)
    with core.database.reading() as tx:
        record = _changeable(tx, ref, revision_id)
        attached = layers.attached(tx, ref.key, changes.layers or ())
    wanted = rules.changed(record.version.configuration, changes, ref.key)
    if changes.runtime is not None:
        # May start interpreters to see what they are: not while others wait to write.
        core.require_runtime(wanted.runtime)
    if attached:
        layers.refuse_too_large(_unzipped_size(core, wanted.code_sha256), attached)
        layers.combined(core, attached)
    with core.database.transaction() as tx:
        record = _changeable(tx, ref, revision_id)
        wanted = rules.changed(record.version.configuration, changes, ref.key)
        if changes.layers is not None:
            wanted = wanted._replace(layers=layers.attached(tx, ref.key, changes.layers))
        if changes.role:
            roles.refuse_unassumable(tx, changes.role)
        if changes.dead_letter_arn:
            destinations.refuse_dead_letter(core, tx, changes.dead_letter_arn)
        if changes.kms_key_arn:
            function_keys.refuse_unusable(core, tx, ref.key, wanted)
        record = _change(tx, record, wanted, _sealed(core, tx, record, wanted, changes.variables))
    core.changing(ref.key)
    return variables.shown(core, record)


def _changeable(tx: Tx, ref: Reference, revision_id: str | None) -> Record:
    record = found.latest(tx, ref)
    found.refuse_unsettled(record)
    found.refuse_stale(revision_id, record.version.revision_id)
    return record


def _refuse_too_large(record: Record, zipped: bytes) -> None:
    attached = record.version.configuration.layers
    if attached:
        layers.refuse_too_large(archive.unzipped_size(zipped), attached)


def _unzipped_size(core: Core, code_sha256: str) -> int:
    return archive.unzipped_size(core.shelf.open(code_sha256))


def _with_code(record: Record, code: Code, update: CodeUpdate) -> Configuration:
    now = record.version.configuration
    architectures = now.architectures if update.architectures is None else update.architectures
    return now._replace(
        code_sha256=code.sha256, code_size=code.size, architectures=architectures, live=update.live
    )


def _sealed(
    core: Core, tx: Tx, record: Record, configuration: Configuration, wanted: Mapping[str, str] | None
) -> Sealed | None:
    """The variables after a change: the same row, unless they are others or for another key."""
    before = record.version.configuration
    other_key = configuration.kms_key_arn != before.kms_key_arn
    if wanted is None:
        if record.sealed is None or not other_key:
            return record.sealed
        wanted = variables.opened(core, record) or {}
    elif not other_key:
        try:
            if variables.opened(core, record) == wanted:
                return record.sealed
        except KMSRefusal:
            pass  # damaged ones are replaced
    return variables.seal(core, tx, wanted, record.version._replace(configuration=configuration))


def _change(tx: Tx, before: Record, configuration: Configuration, sealed: Sealed | None) -> Record:
    # What never became active has nothing old that could serve meanwhile.
    status = UPDATING if before.version.status.state == "Active" else PENDING
    version = before.version._replace(
        revision_id=found.new_revision(),
        last_modified_ms=tx.now_ms,
        status=status,
        configuration=configuration,
    )
    after = before._replace(version=version, sealed=sealed)
    rows.replace_latest(tx, after, instead_of=before.sealed)
    return after


# ------------------------------------------------------------------ settle


def unsettled(core: Core) -> list[FunctionKey]:
    """Functions that a daemon left Pending or InProgress when it was killed."""
    with core.database.reading() as tx:
        return list(dict.fromkeys(record.version.key for record in rows.unsettled(tx)))


def settle(core: Core, keys: Sequence[FunctionKey]) -> str | None:
    """Pending → Active, InProgress → Successful, or Failed with the reason; packages are unpacked by then.

    Returns the runtime of the last of them that settled, None if none did. Raises HomeUnusable.
    """
    outcomes: dict[tuple[str, ...], LambError | None] = {}
    while True:
        with core.database.transaction() as tx:
            settling = rows.unsettled_of(tx, keys)
            wanted = {_packages(record) for record in settling} - outcomes.keys()
            missing = [packages for packages in wanted if not core.shelf.has_unpacked(packages)]
            if not missing:
                rows.settle(tx, _moves(settling, outcomes))
                break
        # Not while others wait to write: a package may take seconds. By then, functions may be others.
        outcomes |= {packages: _unpacked(core, packages) for packages in missing}
    settled = {record.function.key: record.version.configuration.runtime for record in settling}
    for key in settled:
        core.changed(key)
        core.retired(key, LATEST)
    return next((settled[key] for key in reversed(keys) if key in settled), None)


def _moves(
    settling: Iterable[Record], outcomes: Mapping[tuple[str, ...], LambError | None]
) -> Iterator[tuple[Record, str, Status]]:
    for record in settling:
        problem = outcomes.get(_packages(record))
        yield record, found.new_revision(), _settled(record.version.status, problem)


def _packages(record: Record) -> tuple[str, ...]:
    """The CodeSha256 of the code and of each layer."""
    configuration = record.version.configuration
    return (configuration.code_sha256, *(layer.code_sha256 for layer in configuration.layers))


def _unpacked(core: Core, packages: tuple[str, ...]) -> LambError | None:
    try:
        core.shelf.unpack(packages[0])
        core.shelf.combine(packages[1:])
    except LambError as error:
        return error
    return None


def _settled(before: Status, problem: LambError | None) -> Status:
    if problem is None:
        return ACTIVE
    # What the disk says may name files in any encoding.
    reason = problem.message.encode("utf-8", "replace").decode()
    if before.state == "Pending":
        return Status("Failed", reason, "InternalError")
    return Status(before.state, None, None, "Failed", reason, "InternalError")
