"""Rows of function URLs: one for the function itself, one for each alias that has one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy import delete as delete_from

from lamb.model.function_url import FunctionUrl
from lamb.model.names import FunctionKey
from lamb.store import schema
from lamb.store.attachment_tables import function_urls as _urls
from lamb.store.database import Tx

_functions = schema.functions


def find(tx: Tx, function_id: int, qualifier: str) -> FunctionUrl | None:
    wanted = select(_urls).where(*_is(function_id, qualifier))
    row = tx.connection.execute(wanted).one_or_none()
    return None if row is None else _url(row)


def find_id(tx: Tx, url_id: str) -> tuple[FunctionKey, int, FunctionUrl] | None:
    """The function that a URL belongs to, with its row's id."""
    wanted = select(_urls, _functions.c.account, _functions.c.region, _functions.c.name)
    wanted = wanted.join_from(_urls, _functions).where(_urls.c.url_id == url_id)
    row = tx.connection.execute(wanted).one_or_none()
    if row is None:
        return None
    return FunctionKey(row.account, row.region, row.name), row.function_id, _url(row)


def page(tx: Tx, function_id: int, after: str, limit: int) -> list[FunctionUrl]:
    """At most `limit` of those whose qualifier comes after `after`."""
    wanted = select(_urls).where(_urls.c.function_id == function_id, _urls.c.qualifier > after)
    rows = tx.connection.execute(wanted.order_by(_urls.c.qualifier).limit(limit))
    return [_url(row) for row in rows]


def put(tx: Tx, function_id: int, url: FunctionUrl) -> None:
    delete(tx, function_id, url.qualifier)
    tx.connection.execute(
        insert(_urls).values(
            function_id=function_id,
            qualifier=url.qualifier,
            url_id=url.id,
            auth_type=url.auth_type,
            invoke_mode=url.invoke_mode,
            cors=None if url.cors is None else dict(url.cors),
            created_ms=url.created_ms,
            last_modified_ms=url.last_modified_ms,
        )
    )


def delete(tx: Tx, function_id: int, qualifier: str) -> bool:
    """Whether there was one."""
    return tx.connection.execute(delete_from(_urls).where(*_is(function_id, qualifier))).rowcount > 0


def _is(function_id: int, qualifier: str) -> tuple[Any, ...]:
    return (_urls.c.function_id == function_id, _urls.c.qualifier == qualifier)


def _url(row: Row[Any]) -> FunctionUrl:
    return FunctionUrl(
        qualifier=row.qualifier,
        id=row.url_id,
        auth_type=row.auth_type,
        created_ms=row.created_ms,
        last_modified_ms=row.last_modified_ms,
        invoke_mode=row.invoke_mode,
        cors=row.cors,
    )
