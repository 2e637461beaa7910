"""Rotates the key of a home again and again, each time killed at another call of a Python or C function.

`python killed_rotation.py FOLDER POINTS`: prints how many kills were survived, or fails with what was lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from unit.core.plane import Plane

from lamb.core import keys

SECRETS = {"one": "1", "two": "2"}


def main(folder: Path, points: int) -> None:
    pattern = folder / "pattern"
    plane = Plane(pattern)
    for name, value in SECRETS.items():
        plane.create(name, variables={"NAME": value}, publish=True)
    plane.close()
    calls = rotate(copy(pattern, folder / "counted"), None)
    killed = 0
    for point in range(points):
        home = copy(pattern, folder / f"home-{point}")
        child = os.fork()
        if child == 0:
            rotate(home, 1 + point * calls // points)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        check(home)
        shutil.rmtree(home)
    # Caches make some runs a few calls shorter than the one that was counted.
    assert killed >= points * 0.95, f"only {killed} of {points} were killed"
    sys.stdout.write(f"{points} kills survived\n")


def copy(pattern: Path, home: Path) -> Path:
    shutil.copytree(pattern, home)
    return home


def rotate(home: Path, killed_at: int | None) -> int:
    """How many calls the rotation took."""
    plane = Plane(home)
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1
            if calls == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    keys.rotate(plane.core)
    sys.setprofile(None)
    plane.close()
    return calls


def check(home: Path) -> None:
    """Everything can be read, a new secret can be sealed, and the next rotation completes."""
    plane = Plane(home)
    plane.create("three", variables={"NAME": "3"})
    for _ in range(2):
        for name, value in {**SECRETS, "three": "3"}.items():
            assert plane.latest(name).variables == {"NAME": value}, (home, name)
        for name, value in SECRETS.items():
            assert plane.get(name, "1").version.variables == {"NAME": value}, (home, name)
        assert len(keys.rotate(plane.core)["Versions"]) == 1
    plane.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
