"""An empty database, made once a process: a thousand tests need one, and its tables are most of the work."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from lamb.model.clock import ManualClock
from lamb.store.database import Database


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lamb.sqlite3"
        Database(f"sqlite:///{file}", ManualClock()).close()
        return file.read_bytes()


def empty(file: Path) -> Path:
    """Put there what `Database` makes where nothing is."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(_content())
    return file
