"""Aliases of keys."""

from __future__ import annotations

import json

from lamb.core import kms_found, pages
from lamb.core.context import Core
from lamb.model import kms
from lamb.model.kms import ALIAS_PREFIX, LAMBDA_ALIAS, RESERVED_PREFIX, Caller, Key, KeyAlias
from lamb.model.kms_errors import AliasReserved, AlreadyExists, InvalidRequest, NotFound
from lamb.model.names import Place
from lamb.model.requests import Page
from lamb.store import kms_keys as rows
from lamb.store.database import Tx


def create(core: Core, caller: Caller, name: str, key_id: str) -> None:
    """Raises InvalidRequest, AliasReserved, AlreadyExists, NotFound, KeyAccessDenied, InvalidState."""
    _refuse_name(name)
    with core.database.transaction() as tx:
        key = _target(tx, caller, key_id, "CreateAlias")
        if rows.find_alias(tx, caller.place, name) is not None:
            raise AlreadyExists(f"An alias with the name {kms.alias_arn(caller.place, name)} already exists")
        rows.add_alias(tx, caller.place, name, key.id)


def update(core: Core, caller: Caller, name: str, key_id: str) -> None:
    """Point it at another key.

    Raises InvalidRequest, AliasReserved, NotFound, KeyAccessDenied, InvalidState.
    """
    _refuse_name(name)
    with core.database.transaction() as tx:
        _found(tx, caller.place, name)
        key = _target(tx, caller, key_id, "UpdateAlias")
        rows.point_alias(tx, caller.place, name, key.id)


def delete(core: Core, caller: Caller, name: str) -> None:
    """Raises InvalidRequest, AliasReserved, NotFound."""
    _refuse_name(name)
    with core.database.transaction() as tx:
        _found(tx, caller.place, name)
        rows.delete_alias(tx, caller.place, name)


def list_aliases(
    core: Core, place: Place, key_id: str | None, page: Page
) -> tuple[list[KeyAlias], str | None]:
    """By name, with the marker; of one key or of all. AWS's alias for Lambda is there before its key is.

    Raises NotFound, InvalidParameterValue for a marker that is none.
    """
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        wanted = None if key_id is None else kms_found.key(tx, place, key_id).key.id
        listed = [alias for alias in rows.aliases(tx, place) if alias.name > after]
    if wanted is not None:
        listed = [alias for alias in listed if alias.key_id == wanted]
    elif after < LAMBDA_ALIAS and all(alias.name != LAMBDA_ALIAS for alias in listed):
        listed.append(KeyAlias(place.account, place.region, LAMBDA_ALIAS, None, 0, 0))
        listed.sort(key=lambda alias: alias.name)
    return pages.cut_at(listed, page.max_items or kms.PAGE_DEFAULT, lambda alias: [alias.name])


def _found(tx: Tx, place: Place, name: str) -> KeyAlias:
    alias = rows.find_alias(tx, place, name)
    if alias is None:
        raise NotFound(f"Alias {kms.alias_arn(place, name)} is not found.")
    return alias


def _target(tx: Tx, caller: Caller, key_id: str, action: str) -> Key:
    if key_id.startswith(ALIAS_PREFIX):
        raise InvalidRequest("Aliases must refer to keys. Not aliases")
    key = kms_found.key(tx, caller.place, key_id).key
    kms_found.refuse_denied(key, action, caller.arn)
    kms_found.refuse_pending(key)
    return key


def _refuse_name(name: str) -> None:
    if not name.startswith(ALIAS_PREFIX):
        raise InvalidRequest(
            f"Alias must start with the prefix {json.dumps(ALIAS_PREFIX)}. "
            "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name.startswith(RESERVED_PREFIX):
        raise AliasReserved
    if name == ALIAS_PREFIX:
        raise InvalidRequest("Invalid identifier")
    if ":" in name:
        raise InvalidRequest(f"{name} contains invalid characters for an alias")
