"""Habits that a reader can rely on: who reads the environment, how tests are written, what stays local."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from harness import CHECKOUT

PROGRAM = sorted((CHECKOUT / "lamb").rglob("*.py"))
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))

# Everybody else is handed values: "file" → why it reads the environment itself.
READERS_OF_THE_ENVIRONMENT = {
    "lamb/model/settings.py": "the one reader of settings",
}
WRITTEN = {".py", ".md", ".toml", ".sh", ""}
INSIDE_A_SANDBOX = "lamb/runtimes/guest/"


def relative(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def reads_environment(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(
                value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "getenvb" | "putenv"
            ):
                return True
            case ast.ImportFrom(module="os", names=names) if {"environ", "getenv"} & {n.name for n in names}:
                return True
    return False


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found |= {module} | {f"{module}.{name.name}" for name in names}
            case ast.ImportFrom(level=level) if level:
                found.add("." * level)
    return found


def test_only_the_settings_read_the_environment():
    readers = {relative(path) for path in PROGRAM if reads_environment(path)}
    assert {name for name in readers if not name.startswith(INSIDE_A_SANDBOX)} == set(
        READERS_OF_THE_ENVIRONMENT
    )


def test_what_runs_inside_a_sandbox_imports_nothing_of_lamb():
    """import-linter says the same of modules; this also covers files that are no modules of lamb."""
    guests = [path for path in PROGRAM if relative(path).startswith(INSIDE_A_SANDBOX)]
    assert {relative(path): i for path in guests for i in imports(path) if re.match(r"lamb\b", i)} == {}


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_tests_use_real_things_and_no_mocks(path: Path):
    assert {name for name in imports(path) if name.startswith(("unittest", "mock", "pytest_mock"))} == set()


def test_nothing_committed_names_a_place_of_its_author():
    """Paths of a home, a checkout or a build machine have no meaning anywhere else."""
    listed = subprocess.check_output(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=CHECKOUT, text=True
    ).split("\0")
    local = re.compile(r"(?:^|(?<=[\s\"'`(=:]))(?:/root/\.|/home/(?!user\b|me\b)\w+/|/work/)", re.MULTILINE)
    named = {}
    for path in (CHECKOUT / name for name in listed if name):
        if path.suffix in WRITTEN and path.is_file() and path != Path(__file__):
            named[relative(path)] = local.findall(path.read_text(errors="replace"))
    assert {name: found for name, found in named.items() if found} == {}


@pytest.mark.parametrize(
    "path", sorted(CHECKOUT.glob("*.md")) + sorted(CHECKOUT.glob("docs/**/*.md")), ids=relative
)
def test_a_document_names_files_that_exist(path: Path):
    text = path.read_text()
    links = {path.parent / link for link in re.findall(r"\]\((?!\w+:)([^)#]+)", text)}
    named = {
        CHECKOUT / name for name in re.findall(r"`((?:lamb|tests|benchmarks|examples|docs)/[\w./-]+)`", text)
    }
    assert [relative(found) for found in links | named if not found.exists()] == []
