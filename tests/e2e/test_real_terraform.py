"""Terraform itself, with its AWS provider, over `lamb serve`: nothing is set but the endpoint and a key.

What it asks is replayed in tests/integration/test_terraform_life_cycle.py, where Terraform need not be there.
The provider comes from the folder that TF_PLUGIN_DIR names, or from where `terraform init` finds it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import harness
import pytest
from integration.terraform import zipped

CONFIGURATION = Path(__file__).parent / "terraform" / "main.tf"
SOURCE = "import os\ndef handler(event, context):\n    return [NUMBER, os.environ['NUMBER'], event]\n"
NOTHING_TO_DO = 0


class Terraform:
    """One working directory, for one home that serves."""

    def __init__(self, folder: Path, served: harness.Served, runtime: str) -> None:
        self._folder = folder
        nothing = folder / "terraform.rc"
        nothing.write_text("")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": served.url,
            "AWS_ACCESS_KEY_ID": served.key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": served.key["SecretAccessKey"],
            "AWS_REGION": "us-east-1",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(nothing),
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_runtime": runtime,
        }

    def __call__(self, *arguments: str, number: int | None = None) -> subprocess.CompletedProcess[str]:
        variables = () if number is None else (f"-var=number={number}",)
        return subprocess.run(
            ["terraform", arguments[0], "-no-color", *arguments[1:], *variables],
            cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def apply(self, number: int) -> dict[str, object]:
        """The outputs, read as JSON."""
        done = self("apply", "-auto-approve", "-input=false", number=number)
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(self("output", "-json").stdout)
        return {name: output["value"] for name, output in told.items()}

    def plan(self, number: int) -> tuple[int, str]:
        """Terraform's detailed exit code, and what it would do."""
        done = self("plan", "-detailed-exitcode", "-input=false", number=number)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def terraform(lamb: harness.Lamb, tmp_path: Path) -> Iterator[Terraform]:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    shutil.copy(CONFIGURATION, tmp_path)
    for number in (1, 2):
        (tmp_path / f"code{number}.zip").write_bytes(zipped(SOURCE.replace("NUMBER", str(number), 1)))
    (tmp_path / "layer.zip").write_bytes(zipped("A = 1\n", "python/a.py"))
    lamb.run("queue", "create", "orders")
    with lamb.serving() as served:
        terraform = Terraform(tmp_path, served, lamb.runtime)
        plugins = os.environ.get("TF_PLUGIN_DIR")
        done = terraform("init", *([f"-plugin-dir={plugins}"] if plugins else []))
        if done.returncode:
            pytest.skip(f"terraform has no AWS provider here: {done.stderr.strip().splitlines()[-1]}")
        yield terraform


@pytest.mark.soak
def test_terraform_applies_plans_nothing_changes_and_destroys(terraform, lamb: harness.Lamb):
    assert terraform.apply(1) == {"result": '[1, "1", {"n": 1}]', "version": "1"}
    assert terraform.plan(1)[0] == NOTHING_TO_DO, terraform.plan(1)[1]
    assert terraform.apply(2) == {"result": '[2, "2", {"n": 2}]', "version": "2"}
    assert terraform.plan(2)[0] == NOTHING_TO_DO, terraform.plan(2)[1]
    done = terraform("destroy", "-auto-approve", number=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lamb.json("list")["Functions"] == []
    assert lamb.json("mapping", "list") == {"EventSourceMappings": []}
