from __future__ import annotations

import pytest
from unit.core.plane import Plane


@pytest.fixture
def plane(tmp_path):
    made = Plane(tmp_path)
    yield made
    made.close()
