"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.cli.command_lines import Line, MemoryClient


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


@pytest.fixture
def lamb_line(client: MemoryClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Line(client)


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A file with one handler."""
    path = tmp_path / "hello.py"
    path.write_text("def handler(event, context):\n    return event\n")
    return path
