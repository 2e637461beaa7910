"""Rows of code signing configs, and which function has which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.code_signing import CodeSigningConfig, CodeSigningKey
from lamb.model.names import Place
from lamb.store import schema
from lamb.store.attachment_tables import code_signing_configs as _configs
from lamb.store.attachment_tables import function_code_signing as _used
from lamb.store.database import Tx

_functions = schema.functions


def find(tx: Tx, key: CodeSigningKey) -> CodeSigningConfig | None:
    row = tx.connection.execute(select(_configs).where(*_is(key))).one_or_none()
    return None if row is None else _config(row)


def page(tx: Tx, place: Place, after: str, limit: int) -> list[CodeSigningConfig]:
    """At most `limit` of those whose id comes after `after`."""
    wanted = select(_configs).where(
        _configs.c.account == place.account, _configs.c.region == place.region, _configs.c.id > after
    )
    return [_config(row) for row in tx.connection.execute(wanted.order_by(_configs.c.id).limit(limit))]


def add(tx: Tx, config: CodeSigningConfig) -> None:
    tx.connection.execute(
        insert(_configs).values(
            id=config.key.id,
            account=config.key.place.account,
            region=config.key.place.region,
            tags=dict(config.tags),
            **_columns(config),
        )
    )


def replace(tx: Tx, config: CodeSigningConfig) -> None:
    tx.connection.execute(update(_configs).where(*_is(config.key)).values(**_columns(config)))


def set_tags(tx: Tx, key: CodeSigningKey, tags: Mapping[str, str]) -> None:
    tx.connection.execute(update(_configs).where(*_is(key)).values(tags=dict(tags)))


def delete(tx: Tx, key: CodeSigningKey) -> None:
    """No function may have it."""
    tx.connection.execute(delete_from(_configs).where(*_is(key)))


# ------------------------------------------------------------------ functions


def of(tx: Tx, function_id: int) -> CodeSigningKey | None:
    """The config that a function has."""
    wanted = select(_configs).join_from(_used, _configs).where(_used.c.function_id == function_id)
    row = tx.connection.execute(wanted).one_or_none()
    return None if row is None else _config(row).key


def attach(tx: Tx, function_id: int, key: CodeSigningKey) -> None:
    """In place of what the function had."""
    detach(tx, function_id)
    tx.connection.execute(insert(_used).values(function_id=function_id, config_id=key.id))


def detach(tx: Tx, function_id: int) -> None:
    """One that is not there is no error."""
    tx.connection.execute(delete_from(_used).where(_used.c.function_id == function_id))


def names_of(tx: Tx, key: CodeSigningKey, after: str, limit: int) -> list[str]:
    """At most `limit` names of functions that have the config, after `after`."""
    wanted = select(_functions.c.name).join_from(_used, _functions)
    wanted = wanted.where(_used.c.config_id == key.id, _functions.c.name > after)
    return list(tx.connection.execute(wanted.order_by(_functions.c.name).limit(limit)).scalars())


def _is(key: CodeSigningKey) -> tuple[Any, ...]:
    return (
        _configs.c.id == key.id,
        _configs.c.account == key.place.account,
        _configs.c.region == key.place.region,
    )


def _columns(config: CodeSigningConfig) -> dict[str, Any]:
    return {
        "description": config.description,
        "publishers": list(config.publishers),
        "policy": config.policy,
        "last_modified_ms": config.last_modified_ms,
    }


def _config(row: Row[Any]) -> CodeSigningConfig:
    return CodeSigningConfig(
        key=CodeSigningKey(Place(row.account, row.region), row.id),
        publishers=row.publishers,
        policy=row.policy,
        description=row.description,
        last_modified_ms=row.last_modified_ms,
        tags=row.tags,
    )
