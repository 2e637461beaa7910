from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import harness
import pytest
from security.prison import SECRET, SHELL_SECRET, Prison


@dataclass
class Neighbour:
    """Another function of the same home, which has been invoked: what the prisoner must not learn of."""

    name: str = "neighbour"
    code: str = "# this is the neighbour's code"
    printed: str = "the neighbour was here"


@pytest.fixture(scope="module")
def neighbour(lamb_of_module: harness.Lamb) -> Neighbour:
    lamb, made = lamb_of_module, Neighbour()
    # The daemon starts with what is in the shell of whoever calls first.
    environment = {**lamb.env, "SHELL_SECRET": "".join(SHELL_SECRET)}
    first = lamb.start("list", env=environment)
    first.communicate()
    assert first.returncode == 0
    file = lamb.write(
        "neighbour.py", f"{made.code}\ndef handler(event, context):\n    print({made.printed!r})\n"
    )
    flags = ("--runtime", lamb.runtime, "-E", f"SECRET={''.join(SECRET)}")
    lamb.run("create", made.name, "--file", str(file), *flags)
    lamb.run("invoke", made.name)
    return made


@pytest.fixture(scope="module")
def prison(lamb_of_module: harness.Lamb, neighbour: Neighbour) -> Prison:
    """A function with the defaults: 128 MB, network `host`."""
    return Prison(lamb_of_module, "prisoner")


@pytest.fixture
def sleeper(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A process of the host that belongs to whoever runs lamb."""
    with subprocess.Popen(["sleep", "600"], **lamb_of_module.user.as_popen) as process:
        yield process
        process.kill()
