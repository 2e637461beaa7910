"""Rows of customer managed policies and their versions."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy import delete as delete_from

from lamb.model.iam import ManagedPolicy, PolicyVersion
from lamb.store import iam_tables
from lamb.store.database import Tx

_policies, _versions = iam_tables.policies, iam_tables.policy_versions


class PolicyRow(NamedTuple):
    """A managed policy as it is stored."""

    id: int
    policy: ManagedPolicy
    last_version: int
    """The highest number that a version of it ever had."""


def find(tx: Tx, account: str, name: str) -> PolicyRow | None:
    wanted = select(_policies).where(_policies.c.account == account, _policies.c.name == name)
    found = tx.connection.execute(wanted).one_or_none()
    return None if found is None else _row(found)


def taken(tx: Tx, account: str, name: str) -> bool:
    """Whether a policy has that name, in whatever case."""
    here = (_policies.c.account == account, func.lower(_policies.c.name) == name.lower())
    return tx.connection.execute(select(_policies.c.id).where(*here)).first() is not None


def listed(tx: Tx, account: str, path_prefix: str) -> list[ManagedPolicy]:
    """Those below a path, by name."""
    wanted = select(_policies).where(
        _policies.c.account == account, _policies.c.path.startswith(path_prefix, autoescape=True)
    )
    return [_row(row).policy for row in tx.connection.execute(wanted.order_by(_policies.c.name))]


def add(tx: Tx, policy: ManagedPolicy, document: str) -> None:
    """With its first version. The name must be free."""
    done = tx.connection.execute(
        insert(_policies).values(
            account=policy.account,
            name=policy.name,
            path=policy.path,
            unique_id=policy.id,
            description=policy.description,
            tags=dict(policy.tags),
            default_version=policy.default_version,
            last_version=policy.default_version,
            created_ms=policy.created_ms,
            updated_ms=policy.updated_ms,
        )
    )
    policy_id = int(done.inserted_primary_key[0])  # type: ignore[index]
    _add_version(tx, policy_id, PolicyVersion(policy.default_version, document, tx.now_ms))


def set_tags(tx: Tx, policy_id: int, tags: dict[str, str]) -> None:
    tx.connection.execute(update(_policies).where(_policies.c.id == policy_id).values(tags=tags))


def delete(tx: Tx, policy_id: int) -> None:
    """With its versions."""
    tx.connection.execute(delete_from(_policies).where(_policies.c.id == policy_id))


# ------------------------------------------------------------------ versions


def versions(tx: Tx, policy_id: int) -> list[PolicyVersion]:
    """The newest first."""
    wanted = select(_versions).where(_versions.c.policy_id == policy_id).order_by(_versions.c.number.desc())
    return [PolicyVersion(row.number, row.document, row.created_ms) for row in tx.connection.execute(wanted)]


def add_version(tx: Tx, row: PolicyRow, document: str) -> PolicyVersion:
    """The next one."""
    version = PolicyVersion(row.last_version + 1, document, tx.now_ms)
    _add_version(tx, row.id, version)
    changed = update(_policies).where(_policies.c.id == row.id)
    tx.connection.execute(changed.values(last_version=version.number, updated_ms=tx.now_ms))
    return version


def set_default(tx: Tx, policy_id: int, number: int) -> None:
    changed = update(_policies).where(_policies.c.id == policy_id)
    tx.connection.execute(changed.values(default_version=number, updated_ms=tx.now_ms))


def delete_version(tx: Tx, policy_id: int, number: int) -> None:
    here = (_versions.c.policy_id == policy_id, _versions.c.number == number)
    tx.connection.execute(delete_from(_versions).where(*here))


def _add_version(tx: Tx, policy_id: int, version: PolicyVersion) -> None:
    tx.connection.execute(
        insert(_versions).values(
            policy_id=policy_id,
            number=version.number,
            document=version.document,
            created_ms=version.created_ms,
        )
    )


def _row(found: Row[Any]) -> PolicyRow:
    policy = ManagedPolicy(
        account=found.account,
        name=found.name,
        path=found.path,
        id=found.unique_id,
        description=found.description,
        tags=found.tags,
        default_version=found.default_version,
        created_ms=found.created_ms,
        updated_ms=found.updated_ms,
    )
    return PolicyRow(found.id, policy, found.last_version)
