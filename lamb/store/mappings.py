"""Rows of event source mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.mapping import SETTLED, EventSourceMapping, MappingKey
from lamb.model.names import FunctionKey, Place, Reference
from lamb.store.database import Tx
from lamb.store.mapping_tables import event_source_mappings as _mappings


def find(tx: Tx, key: MappingKey) -> EventSourceMapping | None:
    found = tx.connection.execute(select(_mappings).where(*_is(key))).one_or_none()
    return None if found is None else _mapping(found)


def page(
    tx: Tx,
    place: Place,
    after: int,
    limit: int,
    *,
    source_arn: str | None = None,
    function: Reference | None = None,
) -> list[EventSourceMapping]:
    """At most `limit` mappings made after the one of number `after`, in that order.

    `source_arn`, `function`: only those of this source, of exactly this reference; None: of any.
    """
    wanted = select(_mappings).where(*_in(place), _mappings.c.id > after)
    if source_arn is not None:
        wanted = wanted.where(_mappings.c.source_arn == source_arn)
    if function is not None:
        wanted = wanted.where(*_of(function))
    rows = tx.connection.execute(wanted.order_by(_mappings.c.id).limit(limit))
    return [_mapping(row) for row in rows]


def add(tx: Tx, mapping: EventSourceMapping) -> EventSourceMapping:
    """With its number; modified now."""
    values = {
        "uuid": mapping.key.uuid,
        "account": mapping.key.account,
        "region": mapping.key.region,
        "source_arn": mapping.source_arn,
        **_changing(tx, mapping),
        "tags": dict(mapping.tags),
    }
    done = tx.connection.execute(insert(_mappings).values(values))
    made: int = done.inserted_primary_key[0]  # type: ignore[index]
    return mapping._replace(number=made, last_modified_ms=tx.now_ms)


def change(tx: Tx, mapping: EventSourceMapping) -> EventSourceMapping:
    """Everything but its identity, source and tags; modified now."""
    tx.connection.execute(
        update(_mappings).where(_mappings.c.id == mapping.number).values(_changing(tx, mapping))
    )
    return mapping._replace(last_modified_ms=tx.now_ms)


def set_tags(tx: Tx, mapping: EventSourceMapping, tags: Mapping[str, str]) -> None:
    tx.connection.execute(update(_mappings).where(_mappings.c.id == mapping.number).values(tags=dict(tags)))


def delete(tx: Tx, mapping: EventSourceMapping) -> None:
    tx.connection.execute(delete_from(_mappings).where(_mappings.c.id == mapping.number))


def unsettled(tx: Tx) -> list[MappingKey]:
    """Of all accounts and regions."""
    wanted = select(_mappings.c.account, _mappings.c.region, _mappings.c.uuid)
    rows = tx.connection.execute(wanted.where(_mappings.c.state.not_in(SETTLED)).order_by(_mappings.c.id))
    return [MappingKey(*row) for row in rows]


def _changing(tx: Tx, mapping: EventSourceMapping) -> dict[str, Any]:
    return {
        "function_name": mapping.function.key.name,
        "qualifier": mapping.function.qualifier,
        "enabled": mapping.enabled,
        "state": mapping.state,
        "settings": dict(mapping.settings),
        "last_result": mapping.last_result,
        "last_modified_ms": tx.now_ms,
    }


def _is(key: MappingKey) -> tuple[Any, ...]:
    return (*_in(Place(key.account, key.region)), _mappings.c.uuid == key.uuid)


def _in(place: Place) -> tuple[Any, ...]:
    return (_mappings.c.account == place.account, _mappings.c.region == place.region)


def _of(function: Reference) -> tuple[Any, ...]:
    # `= NULL` is never true: Core makes `IS NULL` of it.
    return (
        _mappings.c.function_name == function.key.name,
        _mappings.c.qualifier == function.qualifier,
    )


def _mapping(row: Row[Any]) -> EventSourceMapping:
    key = MappingKey(row.account, row.region, row.uuid)
    function = FunctionKey(row.account, row.region, row.function_name)
    return EventSourceMapping(
        key=key,
        function=Reference(function, row.qualifier),
        source_arn=row.source_arn,
        enabled=row.enabled,
        state=row.state,
        settings=row.settings,
        tags=row.tags,
        last_modified_ms=row.last_modified_ms,
        last_result=row.last_result,
        number=row.id,
    )
