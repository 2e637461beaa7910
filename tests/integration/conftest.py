from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.engine_room import Room

from lamb.runtimes.table import RuntimeTable


@pytest.fixture(scope="session")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> RuntimeTable:
    """Every interpreter of this host."""
    cache = tmp_path_factory.mktemp("interpreters") / "interpreters.json"
    return RuntimeTable({}, cache, dict(os.environ))


@pytest.fixture(scope="session")
def runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What homes share, so that /var/runtime is filled once."""
    return tmp_path_factory.mktemp("runtime")


def _open(home: Path, runtimes: RuntimeTable, runtime_folder: Path, **policy: float) -> Room:
    (home / "runtime").symlink_to(runtime_folder)
    return Room(home, runtimes, **policy)


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory, runtimes: RuntimeTable, runtime_folder: Path
) -> Iterator[Room]:
    """An engine that the tests of a module share, each with functions of its own."""
    made = _open(tmp_path_factory.mktemp("home"), runtimes, runtime_folder)
    yield made
    made.close()


@pytest.fixture
def new_room(
    tmp_path_factory: pytest.TempPathFactory, runtimes: RuntimeTable, runtime_folder: Path
) -> Iterator[Callable[..., Room]]:
    """Opens engines of a policy of their own: `new_room(max_environments=2)`; not two at a time."""
    made: list[Room] = []

    def open_room(**policy: float) -> Room:
        made.append(_open(tmp_path_factory.mktemp("home"), runtimes, runtime_folder, **policy))
        return made[-1]

    yield open_room
    for room in made:
        if not room.loop.is_closed():
            room.close()
