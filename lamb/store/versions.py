"""Rows of versions: `$LATEST` and what was published."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, String, and_, bindparam, cast, insert, literal_column, or_, select, update
from sqlalchemy import delete as delete_from

from lamb.model.function import AttachedLayer, Configuration, Logging, Status, Version
from lamb.model.names import FunctionKey, Place
from lamb.store import functions, schema
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow
from lamb.store.prepared import Prepared, PreparedFor

_functions, _versions, _variables = schema.functions, schema.versions, schema.variables


class Sealed(NamedTuple):
    """Environment variables at rest."""

    id: str
    """Random; another one whenever the variables change, the same when they are sealed anew."""
    data: bytes


class Record(NamedTuple):
    """A version as it is stored. `version.variables` is empty: what is sealed is in `sealed`."""

    function: FunctionRow
    version: Version
    sealed: Sealed | None
    latest_description: str | None = None
    """Of a published version: `$LATEST`'s description when it was published."""


_STATUS = (
    _versions.c.state, _versions.c.state_reason, _versions.c.state_reason_code,
    _versions.c.last_update, _versions.c.last_update_reason, _versions.c.last_update_reason_code,
)  # fmt: skip
_STATUS_NAMES = tuple(column.name for column in _STATUS)
_OUTSIDE = ("code_sha256", "code_size")  # of a configuration: they have columns of their own

# In the order in which `_record` takes them apart. JSON as text: most of it has been read before.
_COLUMNS = (
    *functions.COLUMNS,
    _versions.c.number, _versions.c.revision_id, _versions.c.last_modified_ms,
    _versions.c.code_sha256, _versions.c.code_size, cast(_versions.c.configuration, String),
    _versions.c.latest_description, _versions.c.variables_id, _variables.c.sealed,
    *_STATUS,
)  # fmt: skip
_ALL: Select[Any] = (
    select(*_COLUMNS)
    .join_from(_functions, _versions)
    .outerjoin(_variables, _versions.c.variables_id == _variables.c.id)
)
_HERE = and_(_functions.c.account == bindparam("account"), _functions.c.region == bindparam("region"))
_OF_NAME = and_(_HERE, _functions.c.name == bindparam("name"))
_IN_ORDER = (_functions.c.name, _versions.c.number)
# As the index has it, to the letter.
_UNSETTLED = or_(
    _versions.c.state == literal_column("'Pending'"),
    _versions.c.last_update == literal_column("'InProgress'"),
)
# Built once: building a statement takes longer than SQLite does to carry it out.
_ONE = Prepared(_ALL.where(_OF_NAME, _versions.c.number == bindparam("number")))
_PAGE = (
    # The first condition says nothing new, and lets an index find the page.
    _ALL.where(
        _HERE,
        _functions.c.name >= bindparam("after_name"),
        or_(
            _functions.c.name > bindparam("after_name"),
            _versions.c.number > bindparam("after_number"),
        ),
    )
    .order_by(*_IN_ORDER)
    .limit(bindparam("most"))
)
_PAGE_OF_ALL = Prepared(_PAGE)
_PAGE_OF_LATEST = Prepared(_PAGE.where(_versions.c.number == 0))
_PAGE_OF_ONE = Prepared(
    _ALL.where(_versions.c.function_id == bindparam("function"), _versions.c.number > bindparam("after"))
    .order_by(*_IN_ORDER)
    .limit(bindparam("most"))
)
_ALL_UNSETTLED = _ALL.where(_UNSETTLED).order_by(*_IN_ORDER)
_UNSETTLED_OF_NAMES = PreparedFor(_ALL.where(_HERE, _UNSETTLED, _functions.c.name.in_([bindparam("wanted")])))
_ADD = Prepared(insert(_versions))
_ADD_SEALED = Prepared(insert(_variables))


def _place(key: FunctionKey) -> dict[str, str]:
    return {"account": key.account, "region": key.region, "name": key.name}


def find(tx: Tx, key: FunctionKey, number: int) -> Record | None:
    """Version `number`, 0 for `$LATEST`."""
    found = _ONE.one(tx, {**_place(key), "number": number})
    return None if found is None else _record(found)


def page_of_all(tx: Tx, place: Place, after: tuple[str, int], limit: int, *, published: bool) -> list[Record]:
    """At most `limit` versions after (name, number), by name and number; `$LATEST` alone or all of them."""
    wanted = {
        "account": place.account,
        "region": place.region,
        "after_name": after[0],
        "after_number": after[1],
        "most": limit,
    }
    page = _PAGE_OF_ALL if published else _PAGE_OF_LATEST
    return [_record(row) for row in page.all(tx, wanted)]


def page_of_one(tx: Tx, function_id: int, after: int, limit: int) -> list[Record]:
    """At most `limit` versions of a function with numbers above `after`, in order."""
    wanted = {"function": function_id, "after": after, "most": limit}
    return [_record(row) for row in _PAGE_OF_ONE.all(tx, wanted)]


def unsettled(tx: Tx) -> list[Record]:
    """What is Pending or InProgress."""
    return [_record(row) for row in tx.connection.execute(_ALL_UNSETTLED)]


def unsettled_of(tx: Tx, keys: Iterable[FunctionKey]) -> list[Record]:
    """What is Pending or InProgress of these functions."""
    names: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        names.setdefault((key.account, key.region), []).append(key.name)
    return [
        _record(row)
        for (account, region), wanted in names.items()
        for row in _UNSETTLED_OF_NAMES.all_for(tx, wanted, {"account": account, "region": region})
    ]


def sealed(tx: Tx) -> Iterator[Record]:
    """Every version that has variables, read as it is asked for."""
    with tx.connection.execute(_ALL.where(_versions.c.variables_id.is_not(None))) as found:
        for row in found:
            yield _record(row)


def packages(tx: Tx) -> set[tuple[str, tuple[str, ...]]]:
    """The CodeSha256 of the package, and those of the layers in order, for every combination in use."""
    attached = _versions.c.configuration["layers"].as_string()
    found = tx.connection.execute(select(_versions.c.code_sha256, attached).distinct())
    return {
        (code_sha256, tuple(layer["code_sha256"] for layer in json.loads(text or "[]")))
        for code_sha256, text in found
    }


def add(tx: Tx, record: Record) -> None:
    _keep_sealed(tx, record)
    values = {
        "function_id": record.function.id,
        "number": record.version.number,
        "latest_description": record.latest_description,
        **_columns(record),
    }
    _ADD.run(tx, [values])


def replace_latest(tx: Tx, record: Record, *, instead_of: Sealed | None) -> None:
    """`$LATEST` becomes `record`; `instead_of`: the variables that it had until now."""
    if record.sealed != instead_of:
        _keep_sealed(tx, record)
    _update(tx, [_Change(record.function.id, 0, _columns(record))])
    if instead_of is not None and record.sealed != instead_of:
        _forget_sealed(tx, [instead_of.id])


def move(tx: Tx, record: Record, revision_id: str) -> None:
    """A new revision of an otherwise unchanged version."""
    _update(tx, [_Change(record.function.id, record.version.number, {"revision_id": revision_id})])


def settle(tx: Tx, moves: Iterable[tuple[Record, str, Status]]) -> None:
    """New revisions of otherwise unchanged versions, in other states."""
    changes = [
        _Change(
            record.function.id,
            record.version.number,
            {"revision_id": revision_id, **dict(zip(_STATUS_NAMES, status, strict=True))},
        )
        for record, revision_id, status in moves
    ]
    if changes:
        _update(tx, changes)


def seal_anew(tx: Tx, sealed: Iterable[Sealed]) -> None:
    """The same variables in other bytes, for versions of every kind."""
    changes = [{"wanted": each.id, "bytes": each.data} for each in sealed]
    if changes:
        tx.connection.execute(
            update(_variables)
            .where(_variables.c.id == bindparam("wanted"))
            .values(sealed=bindparam("bytes")),
            changes,
        )


def delete(tx: Tx, record: Record) -> None:
    """No alias may point at it."""
    tx.connection.execute(
        delete_from(_versions).where(
            _versions.c.function_id == record.function.id, _versions.c.number == record.version.number
        )
    )
    if record.sealed is not None:
        _forget_sealed(tx, [record.sealed.id])


class _Change(NamedTuple):
    function_id: int
    number: int
    values: Mapping[str, Any]
    """By the names of their columns."""


def _update(tx: Tx, changes: Sequence[_Change]) -> None:
    """All of the same columns."""
    rows = [
        {
            "wanted_function": change.function_id,
            "wanted_number": change.number,
            **{f"new_{name}": value for name, value in change.values.items()},
        }
        for change in changes
    ]
    _update_of(tuple(changes[0].values)).run(tx, rows)


@functools.lru_cache(maxsize=8)
def _update_of(names: tuple[str, ...]) -> Prepared:
    """Of these columns, in one version; a parameter may not have the name of a column."""
    here = (_versions.c.function_id == bindparam("wanted_function")) & (
        _versions.c.number == bindparam("wanted_number")
    )
    return Prepared(update(_versions).where(here).values({name: bindparam(f"new_{name}") for name in names}))


def _keep_sealed(tx: Tx, record: Record) -> None:
    if record.sealed is not None:
        sealed = {"id": record.sealed.id, "function_id": record.function.id, "sealed": record.sealed.data}
        _ADD_SEALED.run(tx, [sealed])


def _forget_sealed(tx: Tx, ids: list[str]) -> None:
    tx.connection.execute(delete_from(_variables).where(_variables.c.id.in_(ids)))


def _columns(record: Record) -> dict[str, Any]:
    version, configuration = record.version, record.version.configuration
    document = {name: value for name, value in configuration._asdict().items() if name not in _OUTSIDE}
    document["layers"] = [layer._asdict() for layer in configuration.layers]
    document["logging"] = configuration.logging._asdict()
    return {
        "revision_id": version.revision_id,
        "last_modified_ms": version.last_modified_ms,
        "code_sha256": configuration.code_sha256,
        "code_size": configuration.code_size,
        "configuration": json.dumps(document),
        "variables_id": None if record.sealed is None else record.sealed.id,
        **dict(zip(_STATUS_NAMES, version.status, strict=True)),
    }


def _record(row: Sequence[Any]) -> Record:
    function = functions.row(row[: len(functions.COLUMNS)])
    (
        number, revision_id, last_modified_ms, code_sha256, code_size, text,
        latest_description, variables_id, sealed, *status,
    ) = row[len(functions.COLUMNS) :]  # fmt: skip
    version = Version(
        key=function.key,
        number=number,
        revision_id=revision_id,
        last_modified_ms=last_modified_ms,
        status=Status(*status),
        configuration=_configuration(code_sha256, code_size, text),
    )
    return Record(
        function,
        version,
        None if variables_id is None else Sealed(variables_id, sealed),
        latest_description,
    )


@functools.lru_cache(maxsize=1024)
def _configuration(code_sha256: str, code_size: int, text: str) -> Configuration:
    document: dict[str, Any] = json.loads(text)
    for name in ("architectures", "file_systems"):
        document[name] = tuple(document[name])
    document["layers"] = tuple([AttachedLayer(**layer) for layer in document["layers"]])
    document["logging"] = Logging(**document["logging"])
    return Configuration(code_sha256=code_sha256, code_size=code_size, **document)
