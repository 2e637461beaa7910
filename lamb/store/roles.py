"""Rows of roles, of the policies inside them, and of which managed policies they have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, cast, func, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.iam import Role
from lamb.store import iam_tables
from lamb.store.database import Tx
from lamb.store.prepared import Prepared

_roles, _inline, _attachments = iam_tables.roles, iam_tables.inline_policies, iam_tables.attachments

# In the order in which `_row` takes them apart.
_ALL = select(
    *(_roles.c[name] for name in ("id", "account", "name", "path", "unique_id", "trust", "description")),
    _roles.c.max_session_s, _roles.c.boundary_arn, cast(_roles.c.tags, String), _roles.c.created_ms,
)  # fmt: skip
# Built once: building a statement takes longer than SQLite does to carry it out.
_FIND = Prepared(
    _ALL.where(_roles.c.account == bindparam("wanted_account"), _roles.c.name == bindparam("wanted_name"))
)


class RoleRow(NamedTuple):
    """A role as it is stored."""

    id: int
    role: Role


def find(tx: Tx, account: str, name: str) -> RoleRow | None:
    found = _FIND.one(tx, {"wanted_account": account, "wanted_name": name})
    return None if found is None else _row(found)


def taken(tx: Tx, account: str, name: str) -> bool:
    """Whether a role has that name, in whatever case."""
    wanted = select(_roles.c.id).where(_roles.c.account == account, func.lower(_roles.c.name) == name.lower())
    return tx.connection.execute(wanted).first() is not None


def page(tx: Tx, account: str, path_prefix: str, after: str, limit: int) -> list[Role]:
    """At most `limit` roles below a path whose names come after `after`."""
    wanted = _ALL.where(
        _roles.c.account == account,
        _roles.c.path.startswith(path_prefix, autoescape=True),
        _roles.c.name > after,
    )
    found = tx.connection.execute(wanted.order_by(_roles.c.name).limit(limit))
    return [_row(row).role for row in found]


def add(tx: Tx, role: Role) -> None:
    """The name must be free."""
    tx.connection.execute(
        insert(_roles).values(
            account=role.account,
            name=role.name,
            path=role.path,
            unique_id=role.id,
            trust=role.trust,
            description=role.description,
            max_session_s=role.max_session_s,
            boundary_arn=role.boundary_arn,
            tags=dict(role.tags),
            created_ms=role.created_ms,
        )
    )


def change(tx: Tx, role_id: int, **values: Any) -> None:
    """`trust`, `description`, `max_session_s`, `boundary_arn` or `tags`."""
    tx.connection.execute(update(_roles).where(_roles.c.id == role_id).values(**values))


def delete(tx: Tx, role_id: int) -> None:
    tx.connection.execute(delete_from(_roles).where(_roles.c.id == role_id))


# ------------------------------------------------------------------ policies inside a role


def inline(tx: Tx, role_id: int) -> dict[str, str]:
    """Name → document, by name."""
    wanted = select(_inline.c.name, _inline.c.document).where(_inline.c.role_id == role_id)
    found = tx.connection.execute(wanted.order_by(_inline.c.name))
    return {row.name: row.document for row in found}


def put_inline(tx: Tx, role_id: int, name: str, document: str) -> None:
    """In the place of one of the same name, if there is one."""
    delete_inline(tx, role_id, name)
    tx.connection.execute(insert(_inline).values(role_id=role_id, name=name, document=document))


def delete_inline(tx: Tx, role_id: int, name: str) -> None:
    here = (_inline.c.role_id == role_id, _inline.c.name == name)
    tx.connection.execute(delete_from(_inline).where(*here))


# ------------------------------------------------------------------ managed policies of a role


def attached(tx: Tx, role_id: int) -> list[str]:
    """ARNs, in order."""
    wanted = select(_attachments.c.policy_arn).where(_attachments.c.role_id == role_id)
    return list(tx.connection.execute(wanted.order_by(_attachments.c.policy_arn)).scalars())


def attach(tx: Tx, role_id: int, policy_arn: str) -> None:
    """One that is not attached."""
    tx.connection.execute(insert(_attachments).values(role_id=role_id, policy_arn=policy_arn))


def detach(tx: Tx, role_id: int, policy_arn: str) -> None:
    here = (_attachments.c.role_id == role_id, _attachments.c.policy_arn == policy_arn)
    tx.connection.execute(delete_from(_attachments).where(*here))


def having(tx: Tx, account: str, policy_arn: str) -> list[Role]:
    """Roles of an account that a managed policy is attached to, by name."""
    wanted = _ALL.join(_attachments, _attachments.c.role_id == _roles.c.id)
    wanted = wanted.where(_roles.c.account == account, _attachments.c.policy_arn == policy_arn)
    return [_row(row).role for row in tx.connection.execute(wanted.order_by(_roles.c.name))]


def bounded_by(tx: Tx, account: str, policy_arn: str) -> list[Role]:
    """Roles of an account whose permissions boundary a managed policy is, by name."""
    wanted = _ALL.where(_roles.c.account == account, _roles.c.boundary_arn == policy_arn)
    return [_row(row).role for row in tx.connection.execute(wanted.order_by(_roles.c.name))]


def uses(tx: Tx, account: str) -> tuple[dict[str, int], dict[str, int]]:
    """Policy's ARN → how many roles of an account have it; and how many it bounds."""
    having = select(_attachments.c.policy_arn, func.count()).join(
        _roles, _attachments.c.role_id == _roles.c.id
    )
    bounded = select(_roles.c.boundary_arn, func.count()).where(_roles.c.boundary_arn.is_not(None))
    here = _roles.c.account == account
    attached = tx.connection.execute(having.where(here).group_by(_attachments.c.policy_arn))
    bounding = tx.connection.execute(bounded.where(here).group_by(_roles.c.boundary_arn))
    return {row[0]: row[1] for row in attached}, {row[0]: row[1] for row in bounding}


def _row(found: Sequence[Any]) -> RoleRow:
    row_id, account, name, path, unique_id, trust, description, max_session_s, boundary, tags, made = found
    return RoleRow(
        row_id,
        Role(
            account=account,
            name=name,
            path=path,
            id=unique_id,
            trust=trust,
            description=description,
            max_session_s=max_session_s,
            boundary_arn=boundary,
            tags=json.loads(tags),
            created_ms=made,
        ),
    )
