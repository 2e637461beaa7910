"""What people install is the wheel: it holds all that the program needs, and boots where nothing else is."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from importlib.metadata import version

import harness
import pytest

HANDLER = "def handler(event, context):\n    return {'hello': event['name']}\n"


@pytest.fixture(scope="module")
def names(workshop):
    with zipfile.ZipFile(workshop.wheel()) as wheel:
        return set(wheel.namelist())


def below(folder: str, *, of: set[str]) -> set[str]:
    return {name.removeprefix(folder + "/") for name in of if name.startswith(folder + "/")}


def test_the_wheel_carries_every_migration(names):
    folder = harness.CHECKOUT / "migrations"
    scripts = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
    assert "env.py" in scripts
    assert below("lamb/_migrations", of=names) >= scripts


def test_the_wheel_carries_the_completion_of_every_shell(names):
    assert below("lamb/_completions", of=names) == {"lamb.bash", "_lamb", "lamb.fish"}


def test_the_wheel_carries_every_module_and_no_test(names):
    modules = {str(path.relative_to(harness.CHECKOUT)) for path in (harness.CHECKOUT / "lamb").rglob("*.py")}
    assert {n for n in names if n.endswith(".py") and "/_migrations/" not in n} == modules


def test_an_installed_lamb_creates_and_invokes_a_function_far_from_its_sources(workshop, new_lamb):
    lamb = new_lamb()
    lamb.user = replace(lamb.user, bin=workshop.installation() / "bin")
    assert lamb.run("--version").stdout.split() == ["lamb", version("lamb")]
    lamb.write("hello.py", HANDLER)
    lamb.run("create", "hello", "--file", "hello.py", "--runtime", lamb.runtime)
    assert json.loads(lamb.run("invoke", "hello", "-e", '{"name": "wheel"}').stdout) == {"hello": "wheel"}
