"""Log groups and streams, as far as rows tell of them: made, kept for some days, tagged, deleted.

A group is there when it has a row or when anything was written to it; what was written is known to the
journal, and passed in as `about`. Whoever changes something of a group without a row gives it one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.logs.journal import About, Group
from lamb.model.limits import TAGS_MAX
from lamb.model.log_errors import (
    DeletionProtected,
    GroupExists,
    GroupNotFound,
    InvalidParameter,
    StreamExists,
    StreamNotFound,
    TooManyTags,
)
from lamb.model.names import Place
from lamb.store import log_groups as rows
from lamb.store.database import Tx
from lamb.store.log_groups import GroupRow

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
_DAY_MS = 86_400_000
PROTECTED = "deletionProtectionEnabled"

Known = Callable[[Group], "About | None"]
"""What the journal knows of a group."""


class LogGroup(NamedTuple):
    key: Group
    created_ms: int
    size_bytes: int = 0
    retention_days: int | None = None
    tags: Mapping[str, str] | None = None
    settings: Mapping[str, Any] | None = None
    """Class, key and the like, in AWS's names."""
    streams: Mapping[str, int] | None = None
    """Those that somebody made → when; None where nobody asked for them."""

    def since_ms(self, now_ms: int) -> int:
        """What is older is not there any more."""
        return 0 if self.retention_days is None else now_ms - self.retention_days * _DAY_MS


def _place(group: Group) -> Place:
    return Place(group.account, group.region)


def _shown(group: Group, row: GroupRow | None, about: About | None) -> LogGroup:
    size_bytes = 0 if about is None else about.size_bytes
    if row is None:
        return LogGroup(group, 0 if about is None else about.created_ms, size_bytes)
    return LogGroup(group, row.created_ms, size_bytes, row.retention_days, row.tags, row.settings)


def get(core: Core, group: Group, about: About | None) -> LogGroup:
    """With the streams that somebody made. Raises GroupNotFound."""
    with core.database.reading() as tx:
        row = rows.find(tx, _place(group), group.name)
        streams = {} if row is None else rows.streams(tx, row.id)
    if row is None and about is None:
        raise GroupNotFound
    shown = _shown(group, row, about)
    return LogGroup(
        group, shown.created_ms, shown.size_bytes, shown.retention_days, shown.tags, shown.settings, streams
    )


def names(core: Core, place: Place, written: Sequence[str]) -> list[str]:
    """Of all groups, in order; `written`: those that have entries."""
    with core.database.reading() as tx:
        return sorted({*rows.names(tx, place), *written})


def named(core: Core, place: Place, wanted: Sequence[str], known: Known) -> list[LogGroup]:
    """The groups of these names that are there."""
    with core.database.reading() as tx:
        found = rows.named(tx, place, wanted)
    groups = []
    for name in wanted:
        group = Group(place.account, place.region, name)
        row, about = found.get(name), known(group)
        if row is not None or about is not None:
            groups.append(_shown(group, row, about))
    return groups


def retained(core: Core) -> list[LogGroup]:
    """Groups of all places whose entries go after some days."""
    with core.database.reading() as tx:
        return [
            _shown(Group(row.place.account, row.place.region, row.name), row, None)
            for row in rows.retained(tx)
        ]


# ------------------------------------------------------------------ groups


def create(core: Core, new: LogGroup, about: About | None) -> None:
    """Raises GroupExists."""
    group, tags = new.key, new.tags or {}
    refuse_broken_text(tags)
    if about is not None:
        raise GroupExists
    with core.database.transaction() as tx:
        if rows.find(tx, _place(group), group.name) is not None:
            raise GroupExists
        rows.add(tx, _place(group), group.name, new.created_ms, tags, new.settings or {})


def delete(core: Core, group: Group, about: About | None) -> None:
    """The row; the entries are the caller's to delete. Raises GroupNotFound, DeletionProtected."""
    with core.database.transaction() as tx:
        row = rows.find(tx, _place(group), group.name)
        if row is None and about is None:
            raise GroupNotFound
        if row is not None and row.settings.get(PROTECTED):
            raise DeletionProtected
        rows.delete(tx, _place(group), group.name)


def set_retention(core: Core, group: Group, about: About | None, days: int | None) -> None:
    """None: for ever. Raises GroupNotFound, InvalidParameter."""
    if days is not None and days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )
    with core.database.transaction() as tx:
        rows.change(tx, _kept(tx, group, about).id, retention_days=days)


def set_protection(core: Core, group: Group, about: About | None, protected: bool) -> None:  # noqa: FBT001
    """Raises GroupNotFound."""
    with core.database.transaction() as tx:
        row = _kept(tx, group, about)
        rows.change(tx, row.id, settings={**row.settings, PROTECTED: protected})


def tag(core: Core, group: Group, about: About | None, tags: Mapping[str, str]) -> None:
    """Set these tags beside the others. Raises GroupNotFound, TooManyTags."""
    refuse_broken_text(tags)
    with core.database.transaction() as tx:
        row = _kept(tx, group, about)
        wanted = {**row.tags, **tags}
        if len(wanted) > TAGS_MAX:
            raise TooManyTags
        rows.change(tx, row.id, tags=wanted)


def untag(core: Core, group: Group, about: About | None, keys: Sequence[str]) -> None:
    """Remove these tags; those that are not there are no error. Raises GroupNotFound."""
    with core.database.transaction() as tx:
        row = _kept(tx, group, about)
        rows.change(tx, row.id, tags={key: value for key, value in row.tags.items() if key not in keys})


def _kept(tx: Tx, group: Group, about: About | None) -> GroupRow:
    """The row of a group, made for one that only had entries."""
    row = rows.find(tx, _place(group), group.name)
    if row is not None:
        return row
    if about is None:
        raise GroupNotFound
    return rows.add(tx, _place(group), group.name, about.created_ms, {}, {})


# ------------------------------------------------------------------ streams


def create_stream(core: Core, group: Group, about: About | None, name: str, now_ms: int) -> None:
    """Raises GroupNotFound, StreamExists."""
    refuse_broken_text(name)
    with core.database.transaction() as tx:
        row = _kept(tx, group, about)
        if rows.has_stream(tx, row.id, name):
            raise StreamExists
        rows.add_stream(tx, row.id, name, now_ms)


def delete_stream(core: Core, group: Group, about: About | None, name: str, *, written: bool) -> None:
    """The row; `written`: the stream has entries, which are the caller's to erase.

    Raises GroupNotFound, StreamNotFound.
    """
    refuse_broken_text(name)
    with core.database.transaction() as tx:
        row = rows.find(tx, _place(group), group.name)
        if row is None and about is None:
            raise GroupNotFound
        there = row is not None and rows.delete_stream(tx, row.id, name)
        if not (there or written):
            raise StreamNotFound
