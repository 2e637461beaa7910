"""What is generated and committed is what would be generated now."""

from __future__ import annotations

import subprocess
import sys

import pytest
from harness import CHECKOUT


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completions")
    subprocess.run([sys.executable, "-m", "lamb.cli.completions", folder], cwd=CHECKOUT, check=True)
    return folder


def test_completions_are_generated_for_these_shells(anew):
    assert {path.name for path in anew.iterdir()} == {"lamb.bash", "_lamb", "lamb.fish"}


@pytest.mark.parametrize("name", ["lamb.bash", "_lamb", "lamb.fish"])
def test_the_committed_completions_are_those_of_the_present_commands(anew, name):
    assert (CHECKOUT / "completions" / name).read_text() == (anew / name).read_text(), (
        "run `make completions`"
    )
