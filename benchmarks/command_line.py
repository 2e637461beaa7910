"""The command line as whole processes, in a clean venv, against the interpreter of that venv."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, interleaved, median
from benchmarks.place import ECHO, Home, Installation, process_ms, serving

ROUNDS = 40
STARTS = 12
_VERSION_BAR, _INVOKE_BAR, _START_BAR = 6.0, 8.0, 2.5


def figures(installation: Installation, home: Home, scratch: Path) -> Iterator[Figure]:
    python, lamb = str(installation.python), str(installation.lamb)
    with serving(home) as api:
        api.create("line", ECHO)
        api.settled("line")
    samples = interleaved(
        ROUNDS,
        {
            "python": lambda: process_ms([python, "-I", "-c", "pass"]),
            "version": lambda: process_ms([lamb, "--version"], home.environment),
            "invoke": lambda: process_ms([lamb, "invoke", "line"], home.environment),
            "complete": lambda: process_ms([lamb, "_complete", "references", "li"], home.environment),
        },
    )
    base_ms = median(samples["python"])
    yield Figure("python -I -c pass in the venv", base_ms, "ms")
    for name, bar, words in (
        ("version", _VERSION_BAR, "lamb --version"),
        ("invoke", _INVOKE_BAR, "lamb invoke, warm"),
        ("complete", _INVOKE_BAR, "names for a shell's completion"),
    ):
        value = median(samples[name])
        yield Figure(words, value, "ms", "python -I -c pass", value / base_ms, bar, "ratio")
    yield from _starts(installation, home, scratch)


def _starts(installation: Installation, home: Home, scratch: Path) -> Iterator[Figure]:
    """The first command, which starts the daemon: in a home that is there, and in one that is not."""
    python, lamb = str(installation.python), str(installation.lamb)
    fresh = iter(Home(installation, scratch / f"home-{number}") for number in range(STARTS))

    def old_home() -> float:
        home.stop()
        return process_ms([lamb, "list"], home.environment)

    def new_home() -> float:
        new = next(fresh)
        try:
            return process_ms([lamb, "list"], new.environment)
        finally:
            new.close()

    def first_invoke() -> float:
        home.stop()
        return process_ms([lamb, "invoke", "line"], home.environment)

    process_ms([python, "-c", "import sqlalchemy.orm"])  # compiled and cached
    samples = interleaved(
        STARTS,
        {
            "orm": lambda: process_ms([python, "-c", "import sqlalchemy.orm"]),
            "old": old_home,
            "new": new_home,
            "invoke": first_invoke,
        },
    )
    orm_ms = median(samples["orm"])
    baseline = "import sqlalchemy.orm"
    yield Figure("python -c 'import sqlalchemy.orm'", orm_ms, "ms")
    for name, bar, words in (
        ("old", _START_BAR, "first command, starts the daemon"),
        ("new", _START_BAR, "first command ever, makes the home"),
        ("invoke", None, "lamb invoke, starts daemon, zygote, environment"),
    ):
        value = median(samples[name])
        yield Figure(words, value, "ms", baseline, value / orm_ms, bar, "ratio")


def rival(python_lambda_local: Path, folder: Path) -> Iterator[Figure]:
    """python-lambda-local: a whole process for each invocation, without walls."""
    (folder / "main.py").write_text(ECHO)
    (folder / "event.json").write_text("{}")
    command = [str(python_lambda_local), str(folder / "main.py"), str(folder / "event.json")]
    subprocess.run(command, capture_output=True, check=True)
    value = median([process_ms(command) for _ in range(STARTS)])
    yield Figure("python-lambda-local: one invocation", value, "ms")
