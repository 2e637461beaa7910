"""Changes of what roles may do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lamb.core.context import Core
from lamb.store.database import Tx


@contextmanager
def changing_rights(core: Core) -> Iterator[Tx]:
    """A transaction after which roles have other rights; whoever remembers the old ones is told."""
    with core.database.transaction() as tx:
        yield tx
    core.credentials_changed()
