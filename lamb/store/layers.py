"""Rows of layer versions, and of what is said of who may use them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Table, bindparam, func, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.layer import LayerFilter, LayerKey, LayerVersion
from lamb.model.names import Place
from lamb.model.permission import ResourcePolicy
from lamb.store.database import Tx
from lamb.store.layer_tables import layer_counters as _counters
from lamb.store.layer_tables import layer_versions as _versions

_CODE_BYTES = select(func.coalesce(func.sum(_versions.c.code_size), 0)).where(
    _versions.c.account == bindparam("account"), _versions.c.region == bindparam("region")
)


def add(tx: Tx, wanted: LayerVersion) -> LayerVersion:
    """The version under the next number of its layer, which nobody had before."""
    number = _next_number(tx, wanted.key)
    made = wanted._replace(number=number)
    tx.connection.execute(
        insert(_versions).values(
            account=made.key.account,
            region=made.key.region,
            name=made.key.name,
            number=made.number,
            created_ms=made.created_ms,
            code_sha256=made.code_sha256,
            code_size=made.code_size,
            unzipped_size=made.unzipped_size,
            description=made.description,
            license_info=made.license_info,
            runtimes=_text(made.runtimes),
            architectures=_text(made.architectures),
            statements=[],
        )
    )
    return made


def find(tx: Tx, key: LayerKey, number: int) -> LayerVersion | None:
    row = tx.connection.execute(select(_versions).where(*_is(_versions, key, number))).one_or_none()
    return None if row is None else _version(row)


def page_of_versions(
    tx: Tx, key: LayerKey, before: int, limit: int, wanted: LayerFilter
) -> list[LayerVersion]:
    """At most `limit` of those with numbers below `before`, the newest first."""
    matching = select(_versions).where(*_is(_versions, key), _versions.c.number < before, *_matches(wanted))
    rows = tx.connection.execute(matching.order_by(_versions.c.number.desc()).limit(limit))
    return [_version(row) for row in rows]


def page_of_layers(tx: Tx, place: Place, after: str, limit: int, wanted: LayerFilter) -> list[LayerVersion]:
    """The newest matching version of at most `limit` layers, by name, after `after`."""
    here = (
        _versions.c.account == place.account,
        _versions.c.region == place.region,
        _versions.c.name > after,
        *_matches(wanted),
    )
    newest = select(_versions.c.name, func.max(_versions.c.number).label("number")).where(*here)
    newest_ones = newest.group_by(_versions.c.name).order_by(_versions.c.name).limit(limit).subquery()
    found = select(_versions).join(
        newest_ones,
        (_versions.c.name == newest_ones.c.name) & (_versions.c.number == newest_ones.c.number),
    )
    rows = tx.connection.execute(found.where(*here[:2]).order_by(_versions.c.name))
    return [_version(row) for row in rows]


def delete(tx: Tx, key: LayerKey, number: int) -> None:
    """With its policy. One that is not there is no error."""
    tx.connection.execute(delete_from(_versions).where(*_is(_versions, key, number)))


def policy(tx: Tx, key: LayerKey, number: int) -> ResourcePolicy | None:
    """None where the version is not there; without a revision where it never had a statement."""
    wanted = select(_versions.c.statements, _versions.c.policy_revision)
    row = tx.connection.execute(wanted.where(*_is(_versions, key, number))).one_or_none()
    return None if row is None else ResourcePolicy(row.policy_revision or "", row.statements)


def set_policy(tx: Tx, key: LayerKey, number: int, wanted: ResourcePolicy) -> None:
    tx.connection.execute(
        update(_versions)
        .where(*_is(_versions, key, number))
        .values(statements=list(wanted.statements), policy_revision=wanted.revision_id)
    )


def packages(tx: Tx) -> set[str]:
    """The CodeSha256 of every version that is not deleted."""
    return set(tx.connection.execute(select(_versions.c.code_sha256).distinct()).scalars())


def code_bytes(tx: Tx, place: Place) -> int:
    """The zips of all versions of an account and region together."""
    here = {"account": place.account, "region": place.region}
    return int(tx.connection.execute(_CODE_BYTES, here).scalar_one())


def _next_number(tx: Tx, key: LayerKey) -> int:
    here = _is(_counters, key)
    last = tx.connection.execute(select(_counters.c.last).where(*here)).scalar_one_or_none()
    if last is None:
        values = {"account": key.account, "region": key.region, "name": key.name, "last": 1}
        tx.connection.execute(insert(_counters).values(values))
        return 1
    tx.connection.execute(update(_counters).where(*here).values(last=last + 1))
    return int(last) + 1


def _is(table: Table, key: LayerKey, number: int | None = None) -> tuple[ColumnElement[bool], ...]:
    this = (table.c.account == key.account, table.c.region == key.region, table.c.name == key.name)
    return this if number is None else (*this, table.c.number == number)


def _matches(wanted: LayerFilter) -> list[ColumnElement[bool]]:
    pairs = ((_versions.c.runtimes, wanted.runtime), (_versions.c.architectures, wanted.architecture))
    return [column.contains(f",{name},", autoescape=True) for column, name in pairs if name is not None]


def _text(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else "".join(f",{name}" for name in names) + ","


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name for name in text.split(",") if name)


def _version(row: Row[Any]) -> LayerVersion:
    return LayerVersion(
        key=LayerKey(row.account, row.region, row.name),
        number=row.number,
        created_ms=row.created_ms,
        code_sha256=row.code_sha256,
        code_size=row.code_size,
        unzipped_size=row.unzipped_size,
        description=row.description,
        license_info=row.license_info,
        runtimes=_names(row.runtimes),
        architectures=_names(row.architectures),
    )
