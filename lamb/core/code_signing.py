"""Code signing configs, and which function has which. Kept and reported: lamb checks no signature."""

from __future__ import annotations

from lamb.core import found, pages
from lamb.core import tags as tag_rules
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.code_signing import (
    CodeSigningChanges,
    CodeSigningConfig,
    CodeSigningKey,
    new_key,
    parse_arn,
)
from lamb.model.errors import CodeSigningConfigNotFound, ResourceConflict, ResourceNotFound
from lamb.model.names import FunctionKey, Place, Reference
from lamb.model.requests import Page
from lamb.store import code_signing as rows
from lamb.store.database import Tx


def create(core: Core, place: Place, wanted: CodeSigningChanges, tags: dict[str, str]) -> CodeSigningConfig:
    """Raises InvalidParameterValue for too many tags."""
    refuse_broken_text(wanted, tags)
    tag_rules.refuse_unusable(tags)
    with core.database.transaction() as tx:
        config = CodeSigningConfig(
            key=new_key(place),
            publishers=wanted.publishers or (),
            policy=wanted.policy or "Warn",
            description=wanted.description,
            last_modified_ms=tx.now_ms,
            tags=tags,
        )
        rows.add(tx, config)
    return config


def get(core: Core, place: Place, arn: str) -> CodeSigningConfig:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return there(tx, place, arn)


def update(core: Core, place: Place, arn: str, wanted: CodeSigningChanges) -> CodeSigningConfig:
    """Change what is given. Raises ResourceNotFound."""
    refuse_broken_text(wanted)
    with core.database.transaction() as tx:
        before = there(tx, place, arn)
        config = before._replace(
            publishers=before.publishers if wanted.publishers is None else wanted.publishers,
            policy=wanted.policy or before.policy,
            description=before.description if wanted.description is None else wanted.description,
            last_modified_ms=tx.now_ms,
        )
        rows.replace(tx, config)
    return config


def delete(core: Core, place: Place, arn: str) -> None:
    """Raises ResourceNotFound, and ResourceConflict while a function has it."""
    with core.database.transaction() as tx:
        config = there(tx, place, arn)
        if rows.names_of(tx, config.key, "", 1):
            raise ResourceConflict(f"The code signing configuration {arn} is used by at least one function.")
        rows.delete(tx, config.key)


def list_configs(core: Core, place: Place, page: Page) -> tuple[list[CodeSigningConfig], str | None]:
    """By id, with the NextMarker."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        configs = rows.page(tx, place, after, pages.size(page) + 1)
    return pages.cut(configs, page, lambda config: [config.key.id])


def list_functions(core: Core, place: Place, arn: str, page: Page) -> tuple[list[str], str | None]:
    """The ARNs of the functions that have a config, with the NextMarker. Raises ResourceNotFound."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        names = rows.names_of(tx, there(tx, place, arn).key, after, pages.size(page) + 1)
    kept, marker = pages.cut(names, page, lambda name: [name])
    return [FunctionKey(place.account, place.region, name).arn for name in kept], marker


# ------------------------------------------------------------------ functions


def put_for(core: Core, ref: Reference, arn: str) -> None:
    """Raises CodeSigningConfigNotFound, then ResourceNotFound; InvalidParameterValue for a qualified name."""
    found.refuse_qualified(ref)
    with core.database.transaction() as tx:
        attach(tx, ref, arn)


def attach(tx: Tx, ref: Reference, arn: str) -> None:
    """Within the caller's transaction. Raises as `put_for`."""
    key = _known(tx, Place(ref.key.account, ref.key.region), arn)
    rows.attach(tx, found.function(tx, ref.key).id, key)


def get_for(core: Core, ref: Reference) -> CodeSigningKey | None:
    """The config that a function has. Raises ResourceNotFound, InvalidParameterValue."""
    found.refuse_qualified(ref)
    with core.database.reading() as tx:
        return rows.of(tx, found.function(tx, ref.key).id)


def delete_for(core: Core, ref: Reference) -> None:
    """Take it from a function; one that is not there is no error. Raises as `get_for`."""
    found.refuse_qualified(ref)
    with core.database.transaction() as tx:
        rows.detach(tx, found.function(tx, ref.key).id)


def there(tx: Tx, place: Place, arn: str) -> CodeSigningConfig:
    """Raises ResourceNotFound."""
    key = parse_arn(arn)
    config = None if key is None or key.place != place else rows.find(tx, key)
    if config is None:
        raise ResourceNotFound(f"The Lambda code signing configuration {arn} can not be found.", typed=False)
    return config


def _known(tx: Tx, place: Place, arn: str) -> CodeSigningKey:
    try:
        return there(tx, place, arn).key
    except ResourceNotFound:
        raise CodeSigningConfigNotFound(
            "The code signing configuration cannot be found. "
            f"Check that the provided configuration is not deleted: {arn}."
        ) from None
