"""Aliases: a name for one version, or for two with a weight on the second."""

from __future__ import annotations

from collections.abc import Mapping

from lamb.core import concurrency, found, pages, provisioned
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, ResourceConflict, ResourceNotFound, ValidationFailure
from lamb.model.function import Alias
from lamb.model.names import ALIAS_PATTERN, LATEST, FunctionKey
from lamb.model.requests import AliasChanges, Page
from lamb.store import aliases as rows
from lamb.store import attachments
from lamb.store.aliases import Past
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow


def create(core: Core, key: FunctionKey, name: str, wanted: AliasChanges) -> Alias:
    """Raises ResourceNotFound for a version that is not there, ResourceConflict for a name that is taken, and
    what AWS says of routes that it does not take."""
    _refuse_name(name)
    if wanted.version is None:
        raise ValidationFailure(
            "Value null at 'functionVersion' failed to satisfy constraint: Member must not be null"
        )
    refuse_broken_text(wanted.description)
    alias = Alias(
        key,
        name,
        wanted.version,
        wanted.description or "",
        found.new_revision(),
        _weights(wanted.additional or {}),
    )
    with core.database.transaction() as tx:
        function = found.function(tx, key, key.qualified(wanted.version))
        _refuse_route(tx, alias)
        if found.alias(tx, function, name) is not None:
            raise ResourceConflict(f"Alias already exists: {alias.arn}")
        rows.add(tx, function.id, alias)
    core.changed(key)
    return alias


def get(core: Core, key: FunctionKey, name: str) -> Alias:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        alias = found.alias(tx, found.function(tx, key), name)
    if alias is None:
        raise ResourceNotFound(f"Cannot find alias arn: {key.qualified(name)}")
    return alias


def list_aliases(
    core: Core, key: FunctionKey, page: Page, *, version: str | None = None
) -> tuple[list[Alias], str | None]:
    """By name, with the NextMarker; `version`: only those with this primary. Raises ResourceNotFound."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        function = found.function(tx, key)
        number = None if version is None else found.number_of(version)
        if version is not None and number is None:
            return [], None
        aliases = rows.page(tx, function, after, pages.size(page) + 1, version=number)
    return pages.cut(aliases, page, lambda alias: [alias.name])


def update(core: Core, key: FunctionKey, name: str, wanted: AliasChanges) -> Alias:
    """Only what is given changes; the revision always does. Raises as `create`, and PreconditionFailed."""
    refuse_broken_text(wanted.description)
    with core.database.transaction() as tx:
        function = found.function(tx, key)
        before = _there(tx, function, name)
        found.refuse_stale(wanted.revision_id, before.revision_id)
        alias = before._replace(
            version=before.version if wanted.version is None else wanted.version,
            description=before.description if wanted.description is None else wanted.description,
            additional=before.additional if wanted.additional is None else _weights(wanted.additional),
            revision_id=found.new_revision(),
        )
        _refuse_route(tx, alias)
        provisioned.refuse_move(tx, function, alias)
        if (alias.version, alias.additional) != (before.version, before.additional):
            rows.remember(tx, function.id, before)
        rows.replace(tx, function.id, alias)
    core.changed(key)
    concurrency.announce(core, key)
    return alias


def delete(core: Core, key: FunctionKey, name: str) -> None:
    """An alias that is not there is no error; a function that is not raises ResourceNotFound."""
    with core.database.transaction() as tx:
        function = found.function(tx, key)
        if found.alias(tx, function, name) is None:
            return
        attachments.delete(tx, function.id, name)
        rows.delete(tx, function.id, name)
    core.changed(key)
    concurrency.announce(core, key)


def rollback(core: Core, key: FunctionKey, name: str) -> Alias:
    """Point the alias where it pointed before; once more, where it pointed before that.

    A shift in several steps (10 %, 50 %, all) is undone as one. Raises ResourceNotFound, and ResourceConflict
    where there is nothing to go back to.
    """
    with core.database.transaction() as tx:
        function = found.function(tx, key)
        now = _there(tx, function, name)
        past = _way_back(tx, function, now)
        alias = now._replace(
            version=past.version, additional=past.additional, revision_id=found.new_revision()
        )
        provisioned.refuse_move(tx, function, alias)
        rows.replace(tx, function.id, alias)
        rows.forget_since(tx, function.id, name, past)
    core.changed(key)
    concurrency.announce(core, key)
    return alias


def _weights(given: Mapping[str, float]) -> dict[str, float]:
    return {label: float(weight) for label, weight in given.items()}


def _way_back(tx: Tx, function: FunctionRow, now: Alias) -> Past:
    """The newest earlier target that still exists and is no step of the same shift."""
    for past in rows.history(tx, function.id, now.name):
        same_shift = past.additional and _served(past.version, past.additional) & _served(
            now.version, now.additional
        )
        same = (past.version, past.additional) == (now.version, now.additional)
        if not same and not same_shift and _exists(tx, function.key, past):
            return past
    raise ResourceConflict(
        f"Alias {now.arn} has no earlier version to go back to",
        hint="`lamb alias update` points it at any version",
    )


def _served(version: str, additional: Mapping[str, float]) -> set[str]:
    return {version, *additional}


def _exists(tx: Tx, key: FunctionKey, past: Past) -> bool:
    try:
        for label in _served(past.version, past.additional):
            found.version(tx, key, label)
    except ResourceNotFound:
        return False
    return True


def _there(tx: Tx, function: FunctionRow, name: str) -> Alias:
    alias = found.alias(tx, function, name)
    if alias is None:
        raise ResourceNotFound(f"Alias not found: {function.key.qualified(name)}")
    return alias


def _refuse_name(name: str) -> None:
    if not found.is_alias_name(name):
        raise ValidationFailure(
            f"Value '{name}' at 'name' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {ALIAS_PATTERN}"
        )


def _refuse_route(tx: Tx, alias: Alias) -> None:
    """AWS's rules for where an alias may point, in AWS's order."""
    primary = found.version(tx, alias.key, alias.version)
    if not alias.additional:
        return
    if len(alias.additional) > 1:
        raise InvalidParameterValue("Number of items in AdditionalVersionWeights cannot be greater than 1")
    ((label, weight),) = alias.additional.items()
    _refuse_weights(label, weight)
    if label == alias.version:
        raise InvalidParameterValue(
            f"Invalid function version {label}. "
            f"Function version {label} is already included in routing configuration."
        )
    if alias.version == LATEST:
        raise InvalidParameterValue(
            f"{LATEST} is not supported for an alias pointing to more than 1 version", typed=False
        )
    additional = found.version(tx, alias.key, label)
    one, other = primary.version.configuration, additional.version.configuration
    if (one.role, one.dead_letter_arn) != (other.role, other.dead_letter_arn):
        raise InvalidParameterValue(
            f"Function versions {alias.version} and {label} must have the same execution role and the same "
            "dead-letter queue configuration to share an alias"
        )


def _refuse_weights(label: str, weight: float) -> None:
    """The shape's constraints again: a weight that is no number from 0 to 1 would break every draw."""
    opening = (
        f"Value '{{{label}={weight}}}' at 'routingConfig.additionalVersionWeights' "
        "failed to satisfy constraint: "
    )
    if not label.isascii() or not label.isdigit():
        raise ValidationFailure(
            f"{opening}Map keys must satisfy constraint: "
            "[Member must have length less than or equal to 1024, "
            "Member must have length greater than or equal to 1, "
            "Member must satisfy regular expression pattern: [0-9]+]"
        )
    if not 0.0 <= weight <= 1.0:
        raise ValidationFailure(
            f"{opening}Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0, Member must not be null]"
        )
