"""Where wheels, installations and package directories are built once a run."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from harness.users import AS_UNMAPPED, UNMAPPED, User

CHECKOUT = Path(__file__).parents[2]
NODE = 20
NPM_TIMEOUT_S = 90


class Workshop:
    """A directory that everyone may enter, shared by the processes of one test run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls) -> Workshop:
        root = Path(tempfile.mkdtemp(prefix="lamb-tests-"))
        root.chmod(0o755)
        return cls(root)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def place(self) -> Path:
        """A new directory."""
        return Path(tempfile.mkdtemp(dir=self.root))

    def wheel(self) -> Path:
        """The wheel of this checkout."""
        build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d")
        return next(self._once("wheel", lambda place: _quietly(*build, place, cwd=CHECKOUT)).glob("*.whl"))

    def installation(self) -> Path:
        """A clean venv of an interpreter that every user can reach, with lamb installed from its wheel."""
        wheel = self.wheel()

        def build(place: Path) -> None:
            _quietly(interpreter_for_everyone(), "-m", "venv", "--without-pip", place)
            _quietly(*_pip(place / "bin" / "python"), "install", wheel)

        return self._once("installation", build)

    def packages(self, python: Path, *requirements: str) -> Path:
        """A directory with these packages and all they need, as `pip install --target` makes it."""
        name = "-".join(("packages", *sorted(requirements)))
        return self._once(
            re.sub(r"[^A-Za-z0-9.-]", "_", name),
            lambda place: _quietly(
                *_pip(python), "install", "--no-compile", "--target", place, *requirements
            ),
        )

    def programs(self, *requirements: str) -> Path:
        """The `bin` of a venv that has these packages and what they need, beside nothing of ours."""

        def build(place: Path) -> None:
            _quietly(sys.executable, "-m", "venv", "--without-pip", place)
            # Most of what they bring is never imported.
            _quietly(*_pip(place / "bin" / "python"), "install", "--no-compile", *requirements)

        name = "-".join(("programs", *sorted(requirements)))
        return self._once(re.sub(r"[^A-Za-z0-9.-]", "_", name), build) / "bin"

    def node_modules(self, *packages: str) -> Path:
        """A directory with these packages from npm. Skips where npm is missing, or is offline."""
        if shutil.which("npm") is None or shutil.which("node") is None:
            pytest.skip("npm is not installed")
        version = subprocess.check_output(("node", "--version"), text=True).strip()
        if int(version.removeprefix("v").partition(".")[0]) < NODE:
            pytest.skip(f"node is {version}, and packages of today want {NODE}")
        name = "-".join(("node", *sorted(packages)))
        return self._once(re.sub(r"[^A-Za-z0-9.-]", "_", name), lambda place: _npm_install(place, packages))

    def unprivileged(self) -> User:
        place = self.installation()
        return User("unprivileged", UNMAPPED, UNMAPPED, place / "bin", "/usr/local/bin:/usr/bin:/bin")

    def _once(self, name: str, build: Callable[[Path], None]) -> Path:
        """The directory `name`, filled by whichever process comes first; a failed filling is cleared away."""
        place = self.root / name
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                place.mkdir()
                place.chmod(0o755)
                try:
                    build(place)
                except BaseException:
                    shutil.rmtree(place)
                    raise
        return place


def _pip(python: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "pip", "--quiet", "--no-input", "--python", str(python))


def _quietly(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, umask=0o022, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"


def _npm_install(place: Path, packages: Sequence[str]) -> None:
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error")
    command = ("npm", "install", *quiet, "--prefix", str(place), *packages)
    streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    try:
        done = subprocess.run(command, cwd=place, timeout=NPM_TIMEOUT_S, check=False, **streams)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {packages[0]} in {NPM_TIMEOUT_S} s")
    if done.returncode:
        pytest.skip(f"npm installs nothing here: {done.stderr.strip()[:200]}")


def interpreter_for_everyone() -> str:
    """A Python ≥ 3.10 that an unprivileged user can run; the one under the tests, if that is one."""
    ours = os.path.realpath(sys.executable)
    shared = (f"{d}/python3.{minor}" for d in ("/usr/local/bin", "/usr/bin") for minor in range(14, 9, -1))
    drop = AS_UNMAPPED if os.getuid() == 0 else {}
    for python in (ours, *shared):
        with suppress(OSError):
            if subprocess.run([python, "-c", "import venv"], cwd="/", check=False, **drop).returncode == 0:
                return python
    raise AssertionError("no Python ≥ 3.10 that an unprivileged user can run: install one below /usr")
