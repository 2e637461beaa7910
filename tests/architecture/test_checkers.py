"""The formatter, the linters, the types and the layers are tests: one command runs everything."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest
from harness import CHECKOUT

CHECKERS = {
    "ruff format": ["--check", "--quiet"],
    "ruff check": ["--quiet", "--output-format", "concise"],
    "mypy": [],
    "lint-imports": [],
}


@pytest.mark.parametrize("name", CHECKERS)
def test_has_nothing_to_say(name: str):
    program, *command = name.split()
    path = Path(sysconfig.get_path("scripts"), program)
    done = subprocess.run(
        [path, *command, *CHECKERS[name]], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
