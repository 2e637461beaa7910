from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.api.desk import Desk, Services

from lamb.core.context import Core
from lamb.model.clock import ManualClock
from lamb.packages.shelf import Shelf
from lamb.secrets.keyring import Keyring
from lamb.store.database import Database


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def desk(services: Services) -> Desk:
    """The owner's listener on the Unix socket."""
    return Desk(services)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """The real control plane of a home of its own, with every runtime installed."""
    clock = ManualClock()
    database = Database(f"sqlite:///{tmp_path / 'lamb.sqlite3'}", clock)
    yield Core(
        database=database,
        shelf=Shelf(tmp_path / "packages"),
        keyring=Keyring(tmp_path / "keys" / "keyring.json"),
        clock=clock,
        require_runtime=lambda _: None,
        changed=lambda _: None,
        retired=lambda _key, _version: None,
    )
    database.close()


@pytest.fixture
def office(core: Core) -> Desk:
    """A desk with the real control plane behind it."""
    return Desk(Services(core))
