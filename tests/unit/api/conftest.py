from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.api.desk import Desk, Services, control_plane

from lamb.core.context import Core


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def desk(services: Services) -> Desk:
    """The owner's listener on the Unix socket."""
    return Desk(services)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """The real control plane of a home of its own."""
    with control_plane(tmp_path) as core:
        yield core


@pytest.fixture
def office(core: Core) -> Desk:
    """A desk with the real control plane behind it."""
    return Desk(Services(core))
