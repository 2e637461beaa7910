from __future__ import annotations

import pytest
from unit import databases

from lamb.model.clock import ManualClock
from lamb.store.database import Database


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "home" / "lamb.sqlite3"


@pytest.fixture
def database(file, clock):
    made = Database(f"sqlite:///{databases.empty(file)}", clock)
    yield made
    made.close()
