"""Layers: publish, read, list, delete; and what a function is given of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lamb.core import packages, pages
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.errors import AccessDenied, InvalidParameterValue, ResourceNotFound
from lamb.model.function import AttachedLayer
from lamb.model.layer import (
    LayerFilter,
    LayerKey,
    LayerPublication,
    LayerVersion,
    parse_version,
)
from lamb.model.limits import LAYERS_MAX, UNZIPPED_MAX_BYTES
from lamb.model.names import FunctionKey, Place
from lamb.model.requests import Page
from lamb.packages import archive
from lamb.store import layers as rows
from lamb.store.database import Tx

# SQL's integers hold no more.
_NUMBER_MAX = (1 << 31) - 1


def publish(core: Core, place: Place, key: LayerKey, wanted: LayerPublication) -> LayerVersion:
    """A new version; the layer is there from its first one on.

    Raises AccessDenied for a layer of another account, InvalidParameterValue, RequestTooLarge,
    CodeStorageExceeded and HomeUnusable; no version is there then.
    """
    refuse_broken_text(wanted.description, wanted.license_info)
    if key.place != place:
        raise _denied("lambda:PublishLayerVersion", place, key.arn)
    zipped = packages.given(wanted.zip)
    with core.storing:
        code = packages.store(core, zipped, uploaded=wanted.uploaded)
        with core.database.transaction() as tx:
            packages.refuse_full(core, tx, place, code.size)
            version = LayerVersion(
                key=key,
                number=0,
                created_ms=tx.now_ms,
                code_sha256=code.sha256,
                code_size=code.size,
                unzipped_size=archive.unzipped_size(zipped),
                description=wanted.description,
                license_info=wanted.license_info,
                runtimes=wanted.runtimes,
                architectures=wanted.architectures,
            )
            return rows.add(tx, version)


def get(core: Core, place: Place, key: LayerKey, number: int) -> LayerVersion:
    """Raises ResourceNotFound, AccessDenied, and InvalidParameterValue for a number that no version has."""
    _refuse_number(number)
    with core.database.reading() as tx:
        return _usable(tx, place, key, number)


def list_versions(
    core: Core, place: Place, key: LayerKey, page: Page, wanted: LayerFilter
) -> tuple[list[LayerVersion], str | None]:
    """The newest first, with the NextMarker; nothing for a layer that is not there. Raises AccessDenied."""
    if key.account != place.account:
        raise _denied("lambda:ListLayerVersions", place, key.arn)
    (before,) = pages.start(page, [_NUMBER_MAX])
    with core.database.reading() as tx:
        found = rows.page_of_versions(tx, key, before, pages.size(page) + 1, wanted)
    return pages.cut(found, page, lambda version: [version.number])


def list_layers(
    core: Core, place: Place, page: Page, wanted: LayerFilter
) -> tuple[list[LayerVersion], str | None]:
    """The newest matching version of each layer that has one, by name; with the NextMarker."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        found = rows.page_of_layers(tx, place, after, pages.size(page) + 1, wanted)
    return pages.cut(found, page, lambda version: [version.key.name])


def delete(core: Core, place: Place, key: LayerKey, number: int) -> None:
    """A version that is not there is no error. Functions that use it keep it. Raises AccessDenied, and
    InvalidParameterValue for a number that no version has."""
    _refuse_number(number)
    if key.account != place.account:
        raise _denied("lambda:DeleteLayerVersion", place, key.version_arn(number))
    if number <= _NUMBER_MAX:
        with core.database.transaction() as tx:
            rows.delete(tx, key, number)


def attached(tx: Tx, function: FunctionKey, arns: Sequence[str]) -> tuple[AttachedLayer, ...]:
    """What a function keeps of the layer versions that it names, checked in AWS's order.

    Raises InvalidParameterValue; AccessDenied for layers of other accounts that did not allow it.
    """
    place = Place(function.account, function.region)
    named = [(arn, parse_version(arn)) for arn in arns]
    if any(parsed is not None and parsed[0].region != place.region for _, parsed in named):
        raise InvalidParameterValue(
            "Layers are not in the same region as the function. "
            f"Layers are expected to be in region {place.region}."
        )
    if len(arns) > LAYERS_MAX:
        raise InvalidParameterValue(f"Cannot reference more than {LAYERS_MAX} layers.")
    _refuse_two_versions(named)
    return tuple(_attached(tx, place, arn, parsed) for arn, parsed in named)


def refuse_too_large(unzipped_size: int, attached: Iterable[AttachedLayer]) -> None:
    """A function and its layers share 250 MB. Raises InvalidParameterValue."""
    size = unzipped_size + sum(layer.unzipped_size for layer in attached)
    if size >= UNZIPPED_MAX_BYTES:
        raise InvalidParameterValue(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{UNZIPPED_MAX_BYTES} bytes. The actual size is {size} bytes."
        )


def combined(core: Core, attached: Sequence[AttachedLayer]) -> None:
    """Lay the layers over each other, ahead of the first environment that needs them.

    Raises InvalidParameterValue where one has a file and another a directory of the same name.
    """
    core.shelf.combine([layer.code_sha256 for layer in attached])


def _attached(tx: Tx, place: Place, arn: str, parsed: tuple[LayerKey, int] | None) -> AttachedLayer:
    missing = InvalidParameterValue(f"Layer version {arn} does not exist.")
    if parsed is None:
        raise missing
    try:
        found = _usable(tx, place, *parsed)
    except ResourceNotFound:
        raise missing from None
    return AttachedLayer(arn, found.code_sha256, found.code_size, found.unzipped_size)


def _refuse_two_versions(named: Sequence[tuple[str, tuple[LayerKey, int] | None]]) -> None:
    seen: dict[LayerKey, str] = {}
    for arn, parsed in named:
        if parsed is None:
            continue
        first = seen.setdefault(parsed[0], arn)
        if first is not arn:
            raise InvalidParameterValue(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {first} and {arn} are versions of the same layer."
            )


def _usable(tx: Tx, place: Place, key: LayerKey, number: int) -> LayerVersion:
    """The version, if its own account asks or its policy allows it."""
    found = rows.find(tx, key, number) if number <= _NUMBER_MAX else None
    if key.account != place.account:
        policy = rows.policy(tx, key, number) if found is not None else None
        if policy is None or not any(_allows(statement, place) for statement in policy.statements):
            raise _denied("lambda:GetLayerVersion", place, key.version_arn(number))
    if found is None:
        raise ResourceNotFound
    return found


def _allows(statement: object, place: Place) -> bool:
    principal = statement["Principal"]  # type: ignore[index]  # as layer_policies wrote it
    return principal in ("*", {"AWS": f"arn:aws:iam::{place.account}:root"})


def _denied(action: str, place: Place, arn: str) -> AccessDenied:
    return AccessDenied(
        f"User: arn:aws:iam::{place.account}:root is not authorized to perform: {action} on resource: {arn} "
        f"because no resource-based policy allows the {action} action",
        hint="`lamb layer publish` makes a layer of your own from its zip",
    )


def _refuse_number(number: int) -> None:
    if number < 1:
        raise InvalidParameterValue("Layer Version Cannot be less than 1")
