"""Provisioned concurrency: environments that a version or an alias keeps ready (SEMANTICS §25)."""

from __future__ import annotations

from typing import NamedTuple

from lamb.core import concurrency, found, pages
from lamb.core.context import Core
from lamb.model.concurrency import Progress
from lamb.model.errors import (
    InvalidParameterValue,
    ProvisionedConcurrencyConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.function import Alias
from lamb.model.names import LATEST, FunctionKey, Place, Reference
from lamb.model.requests import Page
from lamb.store import functions, versions
from lamb.store import provisioned as rows
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow
from lamb.store.provisioned import Provision

_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
_PROVISIONED_ALREADY = (
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
)


class ProvisionView(NamedTuple):
    """What a version or an alias has asked for, and how far that is."""

    arn: str
    """Qualified."""
    version: str
    """What environments are kept ready for."""
    requested: int
    last_modified_ms: int
    progress: Progress


class _Subject(NamedTuple):
    """What a qualifier names: an alias, or else the version itself."""

    function: FunctionRow
    qualifier: str
    version: str
    alias: Alias | None


def put(core: Core, ref: Reference, requested: int) -> ProvisionView:
    """Keep so many environments ready, in place of what was asked for before.

    Raises ResourceNotFound, ResourceConflict for a version that has some already and for one that is not
    active, InvalidParameterValue for `$LATEST`, weighted aliases and more than there is.
    """
    if ref.qualifier in (None, LATEST):
        raise InvalidParameterValue(_UNPUBLISHED)
    with core.database.transaction() as tx:
        subject = _subject(tx, ref)
        _refuse_subject(tx, subject)
        _refuse_amount(core, tx, subject, requested)
        record = found.version(tx, ref.key, subject.version)
        found.refuse_inactive(record)
        provision = Provision(subject.qualifier, requested, tx.now_ms)
        rows.put(tx, subject.function.id, provision)
        if subject.alias is None:
            versions.move(tx, record, found.new_revision())
    concurrency.announce(core, ref.key)
    view = _view(core, ref.key, provision, subject.version)
    return view._replace(progress=view.progress._replace(status="IN_PROGRESS", reason=None))


def get(core: Core, ref: Reference) -> ProvisionView:
    """Raises ResourceNotFound, ProvisionedConcurrencyConfigNotFound, InvalidParameterValue for `$LATEST`."""
    _refuse_latest(ref)
    with core.database.reading() as tx:
        subject = _subject(tx, ref)
        provision = rows.find(tx, subject.function.id, subject.qualifier)
    if provision is None:
        raise ProvisionedConcurrencyConfigNotFound
    return _view(core, ref.key, provision, subject.version)


def list_provisioned(core: Core, key: FunctionKey, page: Page) -> tuple[list[ProvisionView], str | None]:
    """By qualifier, with the NextMarker. Raises ResourceNotFound."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        provisions = concurrency.provisions(tx, found.function(tx, key))
    coming = [pair for pair in provisions if pair[0].qualifier > after]
    kept, marker = pages.cut(coming, page, lambda pair: [pair[0].qualifier])
    return [_view(core, key, row, version) for row, version in kept], marker


def delete(core: Core, ref: Reference) -> None:
    """Keep none ready any more; where none are, that is no error. Raises as `get` for what is not there."""
    _refuse_latest(ref)
    with core.database.transaction() as tx:
        subject = _subject(tx, ref)
        rows.delete(tx, subject.function.id, subject.qualifier)
    concurrency.announce(core, ref.key)


def refuse_move(tx: Tx, function: FunctionRow, alias: Alias) -> None:
    """Raise if an alias that takes its provisioned concurrency along cannot point there."""
    if rows.find(tx, function.id, alias.name) is None:
        return
    if alias.version == LATEST:
        raise InvalidParameterValue(_UNPUBLISHED)
    if _others_on(tx, function, alias.version, alias.name):
        raise ResourceConflict(_PROVISIONED_ALREADY)


def _refuse_latest(ref: Reference) -> None:
    if ref.qualifier in (None, LATEST):
        raise InvalidParameterValue("The function resource provided must be an alias or a published version.")


def _subject(tx: Tx, ref: Reference) -> _Subject:
    """Raises ResourceNotFound in AWS's words, which differ for versions and aliases."""
    qualifier = ref.qualifier or LATEST
    function = functions.find(tx, ref.key)
    if found.is_alias_name(qualifier):
        alias = None if function is None else found.alias(tx, function, qualifier)
        if function is None or alias is None:
            raise ResourceNotFound(f"Cannot find alias arn: {ref.arn}")
        return _Subject(function, qualifier, alias.version, alias)
    record = found.version(tx, ref.key, qualifier)
    return _Subject(record.function, qualifier, qualifier, None)


def _refuse_subject(tx: Tx, subject: _Subject) -> None:
    if subject.alias is None:
        if _others_on(tx, subject.function, subject.version, subject.qualifier):
            raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")
        return
    if subject.alias.additional:
        raise InvalidParameterValue("Alias with weights can not be used with Provisioned Concurrency")
    if subject.version == LATEST:
        raise InvalidParameterValue(_UNPUBLISHED)
    if _others_on(tx, subject.function, subject.version, subject.qualifier):
        raise ResourceConflict(_PROVISIONED_ALREADY)


def _others_on(tx: Tx, function: FunctionRow, version: str, qualifier: str) -> bool:
    """Whether the version is provisioned through another qualifier."""
    provisions = concurrency.provisions(tx, function)
    return any(label == version and row.qualifier != qualifier for row, label in provisions)


def _refuse_amount(core: Core, tx: Tx, subject: _Subject, requested: int) -> None:
    """Out of the function's reserved concurrency; where there is none, out of the account's."""
    now = {row.qualifier: row.requested for row in rows.of(tx, subject.function.id)}
    before = now.get(subject.qualifier, 0)
    reserved = subject.function.reserved_concurrency
    if reserved is not None:
        if sum(now.values()) - before + requested > reserved:
            raise InvalidParameterValue(
                "Requested Provisioned Concurrency should not be greater than the "
                "reservedConcurrentExecution for function"
            )
        return
    key = subject.function.key
    usage = functions.usage(tx, Place(key.account, key.region))
    there = concurrency.unreserved(core, usage) + before
    if requested > max(there, before):
        raise InvalidParameterValue(
            "Specified ConcurrentExecutions for function is greater than "
            f"account's unreserved concurrency [{there}].",
            typed=False,
        )
    concurrency.refuse_too_much(core, tx, key, requested - before, "ConcurrentExecutions")


def _view(core: Core, key: FunctionKey, provision: Provision, version: str) -> ProvisionView:
    progress = core.progress(key, version)
    return ProvisionView(
        key.qualified(provision.qualifier), version, provision.requested, provision.last_modified_ms, progress
    )
