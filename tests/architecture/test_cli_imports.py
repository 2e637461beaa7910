"""What a command may load. Start-up time is made of imports: each name here was measured, or is too heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "alembic", "asyncio", "click", "cryptography", "email", "hashlib", "http", "logging", "pydantic",
    "pygments", "rich", "sqlalchemy", "sqlite3", "ssl", "tomli", "uvicorn", "uvloop", "zipfile",
}  # fmt: skip

# The daemon's side, and what only commands that carry code need.
NOT_THE_CLIENTS = {
    "lamb.api", "lamb.core", "lamb.daemon", "lamb.engine", "lamb.logs", "lamb.packages", "lamb.runtimes",
    "lamb.sandbox", "lamb.secrets", "lamb.store",
}  # fmt: skip

REPORT = """
import json, sys
sys.argv = ["lamb", *json.loads(sys.argv[1])]
from lamb.cli import main
try:
    main.run(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    """Modules in a process that has carried out this command line."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT, json.dumps(arguments)],
        capture_output=True, text=True, check=True, cwd=cwd, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return set(json.loads(done.stderr.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def commands(modules: set[str]) -> set[str]:
    return {module.removeprefix("lamb.cli.") for module in modules if module.startswith("lamb.cli.")}


def test_version_loads_nothing_but_the_entry(tmp_path):
    modules = loaded_by("--version", cwd=tmp_path)
    assert {m for m in modules if m.startswith("lamb")} == {"lamb", "lamb.cli", "lamb.cli.main"}
    assert not packages(modules) & (HEAVY | {"typer", "dataclasses", "inspect"})


@pytest.fixture(scope="module")
def invoke(tmp_path_factory) -> set[str]:
    """Modules of `lamb invoke`, with a daemon that cannot be there."""
    folder = tmp_path_factory.mktemp("nowhere")
    (folder / "home").touch()
    return loaded_by("invoke", "f", "--home", "home", cwd=folder)


def test_invoke_loads_nothing_heavy(invoke: set[str]):
    assert not packages(invoke) & HEAVY


def test_invoke_loads_its_own_command_and_no_other(invoke: set[str]):
    assert commands(invoke) == {
        "app", "exit_codes", "faults", "help", "invoke", "main", "options", "output", "session",
    }  # fmt: skip


def test_invoke_loads_nothing_of_the_daemons_side(invoke: set[str]):
    assert {module for module in invoke if ".".join(module.split(".")[:2]) in NOT_THE_CLIENTS} == set()
    assert "lamb.client.client" in invoke


def test_completion_loads_the_client_and_no_typer(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMB_HOME", str(tmp_path / "home"))
    modules = loaded_by("_complete", "functions", cwd=tmp_path)
    assert "lamb.client.client" in modules
    assert not packages(modules) & (HEAVY | {"typer"})


def test_settings_without_a_file_load_no_parser(tmp_path):
    assert "tomli" not in packages(loaded_by("config", "get", "region", cwd=tmp_path))


def test_a_pipe_gets_a_table_without_rich(tmp_path):
    assert "rich" not in packages(loaded_by("config", "list", cwd=tmp_path))
