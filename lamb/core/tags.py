"""Tags of functions and of what else has an ARN of its own: one table of kinds of resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lamb.core import found
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.code_signing import parse_arn
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.limits import TAGS_MAX
from lamb.model.mapping import parse_mapping_arn
from lamb.model.names import Place, Reference, parse_reference
from lamb.store import code_signing as code_signing_rows
from lamb.store import functions as function_rows
from lamb.store import mappings as mapping_rows
from lamb.store import versions as version_rows
from lamb.store.database import Tx


class Tagged(NamedTuple):
    """One resource, found in the transaction that may change it."""

    tags: Mapping[str, str]
    keep: Callable[[Mapping[str, str]], Any]
    """Put other tags in place of these."""
    refuse_busy: Callable[[], None] = lambda: None
    """Raise ResourceConflict while it may not be tagged."""


class Kind(NamedTuple):
    """A kind of resource: what stands in its ARNs behind the account."""

    noun: str
    """As "… not found" calls it."""
    find: Callable[[Tx, str, Place], Tagged | None]


def tag(core: Core, place: Place, arn: str, tags: Mapping[str, str]) -> None:
    """Set these tags beside the others. Raises ResourceNotFound, ResourceConflict, InvalidParameterValue."""
    refuse_broken_text(tags)
    if not tags:
        raise InvalidParameterValue("An error occurred and the request cannot be processed.")
    with core.database.transaction() as tx:
        resource = _there(tx, place, arn)
        resource.refuse_busy()
        wanted = {**resource.tags, **tags}
        refuse_unusable(wanted)
        resource.keep(wanted)


def untag(core: Core, place: Place, arn: str, names: Sequence[str]) -> None:
    """Remove these tags; those that are not there are no error. Raises ResourceNotFound."""
    with core.database.transaction() as tx:
        resource = _there(tx, place, arn)
        resource.keep({name: value for name, value in resource.tags.items() if name not in names})


def tags_of(core: Core, place: Place, arn: str) -> Mapping[str, str]:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return _there(tx, place, arn).tags


def refuse_unusable(tags: Mapping[str, str]) -> None:
    """Raise InvalidParameterValue for too many tags, and for names that are AWS's own."""
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValue("Number of tags exceeds resource tag limit.")
    if any(name.lower().startswith("aws:") for name in tags):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")


def _there(tx: Tx, place: Place, arn: str) -> Tagged:
    parts = arn.split(":", 6)
    kind = KINDS.get(parts[5]) if len(parts) > 6 else None
    resource = None if kind is None else kind.find(tx, arn, place)
    if resource is None:
        raise ResourceNotFound(f"{'Resource' if kind is None else kind.noun} not found: {arn}")
    return resource


# ------------------------------------------------------------------ kinds


def _function(tx: Tx, arn: str, place: Place) -> Tagged:
    reference = parse_reference(arn, place)
    if reference.qualifier is not None:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    latest = found.latest(tx, Reference(reference.key))

    def keep(tags: Mapping[str, str]) -> None:
        function_rows.set_tags(tx, latest.function.id, tags)
        version_rows.move(tx, latest, found.new_revision())

    return Tagged(latest.function.tags, keep, lambda: found.refuse_updating(latest))


def _code_signing_config(tx: Tx, arn: str, place: Place) -> Tagged | None:
    key = parse_arn(arn)
    config = None if key is None or key.place != place else code_signing_rows.find(tx, key)
    if config is None:
        return None
    return Tagged(config.tags, lambda tags: code_signing_rows.set_tags(tx, config.key, tags))


def _mapping(tx: Tx, arn: str, place: Place) -> Tagged | None:
    key = parse_mapping_arn(arn, place)
    mapping = None if key is None else mapping_rows.find(tx, key)
    if mapping is None:
        return None
    return Tagged(mapping.tags, lambda tags: mapping_rows.set_tags(tx, mapping, dict(tags)))


def _none(_tx: Tx, _arn: str, _place: Place) -> None:
    """Of a kind that lamb does not keep."""


KINDS: dict[str, Kind] = {
    "function": Kind("Function", _function),
    "code-signing-config": Kind("Code signing config", _code_signing_config),
    "event-source-mapping": Kind("Event source mapping", _mapping),
    "capacity-provider": Kind("Capacity provider", _none),
    "network-connector": Kind("Network connector", _none),
}
"""By the word of their ARNs."""
