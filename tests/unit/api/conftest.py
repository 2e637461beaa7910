from __future__ import annotations

import pytest
from unit.api.desk import Desk, Services


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def desk(services: Services) -> Desk:
    """The owner's listener on the Unix socket."""
    return Desk(services)
