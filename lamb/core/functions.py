"""Functions: create, read, delete. How they change is in `updates`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lamb.core import (
    code_signing,
    concurrency,
    destinations,
    found,
    function_keys,
    layers,
    packages,
    pages,
    roles,
    tags,
    variables,
    versions,
)
from lamb.core import configuration as rules
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, ResourceConflict
from lamb.model.function import PENDING, Alias, Version
from lamb.model.limits import (
    CODE_STORAGE_MAX_BYTES,
    UNZIPPED_MAX_BYTES,
    ZIP_MAX_BYTES,
)
from lamb.model.names import LATEST, FunctionKey, Place, Reference, is_version_number, parse_reference
from lamb.model.requests import Creation, Page
from lamb.packages import archive
from lamb.store import aliases as alias_rows
from lamb.store import attachments
from lamb.store import functions as rows
from lamb.store import versions as version_rows
from lamb.store.database import Tx
from lamb.store.versions import Record


class FunctionView(NamedTuple):
    """What GetFunction shows."""

    version: Version
    alias: Alias | None
    """Set when the caller named one."""
    tags: Mapping[str, str]
    reserved: int | None
    """Reserved concurrency; None where none is set, and for a qualified reference."""
    arn_shown: str
    """Qualified as the caller did it."""


# ------------------------------------------------------------------ create and delete


def create(core: Core, place: Place, creation: Creation) -> Version:
    """A new function: `$LATEST`, or the version that `publish` made of it. Pending until `updates.settle`.

    Raises InvalidParameterValue, ValidationFailure, ResourceConflict, RequestTooLarge, CodeStorageExceeded,
    the KMS family and HomeUnusable; no function is there then.
    """
    ref = parse_reference(creation.name, place, namespaced=False)
    if ref.qualifier not in (None, LATEST):
        raise InvalidParameterValue(f"A function is created without a qualifier, not as {ref.qualifier}")
    rules.refuse_broken_text(creation)
    configuration = rules.compose(ref.key, creation)
    wanted = creation.changes.variables
    if wanted is not None:
        variables.refuse_unusable(wanted)
    tags.refuse_unusable(creation.tags)
    zipped = packages.given(creation.zip)
    core.require_runtime(configuration.runtime)
    arns = creation.changes.layers or ()
    with core.database.reading() as tx:
        _refuse_taken(tx, ref.key)
        attached = layers.attached(tx, ref.key, arns)
    layers.combined(core, attached)
    with core.storing:
        code = packages.store(core, zipped, uploaded=creation.uploaded)
        if attached:
            layers.refuse_too_large(archive.unzipped_size(zipped), attached)
        with core.database.transaction() as tx:
            _refuse_taken(tx, ref.key)
            packages.refuse_full(core, tx, place, code.size)
            roles.refuse_unassumable(tx, configuration.role)
            configuration = configuration._replace(
                code_sha256=code.sha256,
                code_size=code.size,
                layers=layers.attached(tx, ref.key, arns),
                live=creation.live,
            )
            if configuration.dead_letter_arn:
                destinations.refuse_dead_letter(core, tx, configuration.dead_letter_arn)
            function_keys.refuse_unusable(core, tx, ref.key, configuration)
            function = rows.add(tx, ref.key, creation.tags)
            if creation.code_signing_arn:
                code_signing.attach(tx, ref, creation.code_signing_arn)
            version = Version(ref.key, 0, found.new_revision(), tx.now_ms, PENDING, configuration)
            sealed = None if wanted is None else variables.seal(core, tx, wanted, version)
            record = Record(function, version, sealed)
            version_rows.add(tx, record)
            if creation.publish:
                record = versions.freeze(core, tx, record, PENDING)
    return variables.shown(core, record)


def delete(core: Core, ref: Reference) -> None:
    """The whole function, or one published version; a version that is not there is no error.

    Raises ResourceNotFound, InvalidParameterValue for `$LATEST` and aliases, ResourceConflict for a version
    that aliases point at.
    """
    with core.database.transaction() as tx:
        function = found.function(tx, ref.key, ref.arn)
        if ref.qualifier is None:
            rows.delete(tx, function.id)
        else:
            _delete_version(tx, ref.key, ref.qualifier)
    core.changed(ref.key)
    # First: nothing may be kept ready of what is no more.
    concurrency.announce(core, ref.key)
    core.retired(ref.key, ref.qualifier)


def _delete_version(tx: Tx, key: FunctionKey, label: str) -> None:
    if label == LATEST:
        raise InvalidParameterValue("$LATEST version cannot be deleted without deleting the function.")
    if not is_version_number(label):
        raise InvalidParameterValue("Deletion of aliases is not currently supported.")
    number = found.number_of(label)
    record = None if number is None else version_rows.find(tx, key, number)
    if record is None:
        return
    names = alias_rows.names_of(tx, record.function.id, record.version.number)
    if names:
        raise ResourceConflict(
            "Unable to delete version because the following aliases reference it: " + f"[{', '.join(names)}]"
        )
    attachments.delete(tx, record.function.id, label)
    version_rows.delete(tx, record)


def _refuse_taken(tx: Tx, key: FunctionKey) -> None:
    if rows.find(tx, key) is not None:
        raise ResourceConflict(f"Function already exist: {key.name}")


# ------------------------------------------------------------------ read


def get(core: Core, ref: Reference) -> FunctionView:
    """`$LATEST`, a version, or the version behind an alias. Raises ResourceNotFound."""
    alias, label = None, ref.qualifier or LATEST
    with core.database.reading() as tx:
        if found.number_of(label) is None:
            alias = found.alias(tx, found.function(tx, ref.key, ref.arn), label)
            label = label if alias is None else alias.version
        number = found.number_of(label)
        record = None if number is None else version_rows.find(tx, ref.key, number)
    if record is None:
        raise found.not_found(ref.arn)
    reserved = record.function.reserved_concurrency if ref.qualifier is None else None
    return FunctionView(variables.shown(core, record), alias, record.function.tags, reserved, ref.arn)


def code(core: Core, ref: Reference) -> bytes:
    """The zip, byte for byte as it was uploaded. Raises ResourceNotFound, HomeUnusable."""
    return core.shelf.open(get(core, ref).version.configuration.code_sha256)


def list_functions(
    core: Core, place: Place, page: Page, *, all_versions: bool
) -> tuple[list[Version], str | None]:
    """By name, with the NextMarker: `$LATEST` of each function, then its versions for `all_versions`."""
    name, number = pages.start(page, ["", -1])
    with core.database.reading() as tx:
        records = version_rows.page_of_all(
            tx, place, (name, number), pages.size(page) + 1, published=all_versions
        )
    kept, marker = pages.cut(records, page, lambda record: [record.function.key.name, record.version.number])
    return [variables.shown(core, record) for record in kept], marker


def account_settings(core: Core, place: Place) -> dict[str, Any]:
    """The GetAccountSettings document."""
    with core.database.reading() as tx:
        usage = rows.usage(tx, place)
    return {
        "AccountLimit": {
            "TotalCodeSize": CODE_STORAGE_MAX_BYTES,
            "CodeSizeUnzipped": UNZIPPED_MAX_BYTES,
            "CodeSizeZipped": ZIP_MAX_BYTES,
            "ConcurrentExecutions": core.account_concurrency,
            "UnreservedConcurrentExecutions": concurrency.unreserved(core, usage),
        },
        "AccountUsage": {"TotalCodeSize": usage.code_bytes, "FunctionCount": usage.functions},
    }
