from __future__ import annotations

import pytest
from unit.core.plane import Plane
from unit.core.post import Post


@pytest.fixture
def plane(tmp_path):
    made = Plane(tmp_path)
    yield made
    made.close()


@pytest.fixture
def post(plane):
    return Post(plane)
