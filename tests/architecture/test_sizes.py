"""The size habits: what the good codebases keep without trying (CONTRIBUTING.md, "Sizes")."""

from __future__ import annotations

import ast
import functools
import statistics
from pathlib import Path

import pytest
from harness import CHECKOUT

FILES = sorted((CHECKOUT / "lamb").rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef

# Longer than 60 lines for a reason: "file.py:name" → the reason.
LONG_FUNCTIONS: dict[str, str] = {}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "misc"}


@functools.cache
def functions() -> list[tuple[str, Function]]:
    return [
        (f"{path.relative_to(CHECKOUT)}:{node.name}", node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Function)
    ]


def lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_of_twenty_functions_nineteen_have_at_most_40_lines():
    assert statistics.quantiles([lines(node) for _, node in functions()], n=20)[-1] <= 40


def test_no_function_is_longer_than_60_lines_without_a_reason():
    long = {name: lines(node) for name, node in functions() if lines(node) > 60}
    assert {name: n for name, n in long.items() if name not in LONG_FUNCTIONS} == {}


def test_every_reason_for_a_long_function_is_still_needed():
    assert set(LONG_FUNCTIONS) <= {name for name, node in functions() if lines(node) > 60}


def parameters(node: Function) -> list[str]:
    args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [arg.arg for arg in args if arg.arg not in {"self", "cls"}]


def test_no_function_takes_more_than_six_parameters():
    """Except the commands: their parameters are the flags that Typer reads."""
    many = {
        name: len(parameters(node))
        for name, node in functions()
        if len(parameters(node)) > 6 and not (name.startswith("lamb/cli/") and node.decorator_list)
    }
    assert many == {}


def test_no_class_is_longer_than_200_lines():
    classes = {
        f"{path.relative_to(CHECKOUT)}:{node.name}": lines(node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: n for name, n in classes.items() if n >= 200} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_file_is_longer_than_400_lines(path: Path):
    assert len(path.read_text().splitlines()) <= 400


def test_no_module_has_a_name_that_says_nothing():
    assert [path for path in FILES if VAGUE & set(path.relative_to(CHECKOUT).with_suffix("").parts)] == []
