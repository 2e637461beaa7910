"""Completion in the real shells: what stands on the line after the Tab key."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from harness import CHECKOUT

SCRIPTS = {"bash": "lamb.bash", "zsh": "_lamb", "fish": "lamb.fish"}

# What is typed before Tab → what stands on the line after it.
STATIC = {
    "lamb inv": "lamb invoke",
    "lamb alias cr": "lamb alias create",
    "lamb invoke --dr": "lamb invoke --dry-run",
    "lamb create x --fix": "lamb create x --fix-permissions",
    "lamb create x --network no": "lamb create x --network none",
    "lamb create x -E A=1 --mem": "lamb create x -E A=1 --memory",
    "lamb --color al": "lamb --color always",
    "lamb --json ver": "lamb --json versions",
    "lamb completion f": "lamb completion fish",
    "lamb config get regi": "lamb config get region",
    "lamb help exit": "lamb help exit-codes",
    "lamb package check eve": "lamb package check event.json",
    "lamb create x --dir sou": "lamb create x --dir source/",
}
DYNAMIC = {
    "lamb invoke gree": "lamb invoke greeter",
    "lamb invoke greeter:pr": "lamb invoke greeter:prod",
    "lamb show --json gree": "lamb show --json greeter",
    "lamb alias get greeter pr": "lamb alias get greeter prod",
    "lamb rollback greeter pr": "lamb rollback greeter prod",
    "lamb env list gree": "lamb env list greeter",
}


class Shell:
    """An interactive shell on a terminal, which tells what stands on its line."""

    def __init__(self, command: list[str], setup: str, fifo: Path, **popen) -> None:
        os.mkfifo(fifo)
        self._fifo = fifo
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, **popen
        )
        os.close(slave)
        self.screen = b""
        # A shell that cannot write does not read, either.
        self._drain = Thread(target=self._keep_reading, daemon=True)
        self._drain.start()
        self._type(f"{setup}\r")

    def after_tab(self, typed: str) -> str:
        """Type, press Tab, and read the line; then clear it."""
        self._type(f"{typed}\t\x14")
        line = self._fifo.read_text().rstrip()
        self._type("\x15")
        return line

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._drain.join()
        os.close(self._master)

    def _type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def _keep_reading(self) -> None:
        with suppress(OSError):  # EIO: the shell has gone
            while part := os.read(self._master, 65536):
                self.screen += part


def bash(folder: Path, fifo: Path) -> tuple[list[str], str]:
    script = f"source {folder / 'lamb.bash'}"
    show = f"""bind -x '"\\C-t": printf "%s\\n" "$READLINE_LINE" > {fifo}'"""
    return ["bash", "--norc", "--noprofile", "-i"], f"{script}; {show}"


def zsh(folder: Path, fifo: Path) -> tuple[list[str], str]:
    script = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D"
    show = f'show() {{ print -r -- "$BUFFER" > {fifo} }}; zle -N show; bindkey "^T" show'
    return ["zsh", "-f", "-i"], f'{script}; {show}; bindkey "^U" kill-whole-line'


SHELLS: dict[str, Callable[[Path, Path], tuple[list[str], str]]] = {"bash": bash, "zsh": zsh}


def require(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here: `apt install {shell}`")


@pytest.fixture(scope="module")
def home(lamb_of_module):
    """A home with `greeter`, its version 1 and its alias prod, and files to complete."""
    lamb = lamb_of_module
    lamb.write("greeter.py", "def handler(event, context): return 1\n")
    lamb.write("event.json", "{}")
    lamb.write("source/app.py", "")
    lamb.run("create", "greeter", "--file", "greeter.py", "--runtime", lamb.runtime, "--publish")
    lamb.run("alias", "create", "greeter", "prod", "--version", "1")
    return lamb


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, home, tmp_path_factory) -> Iterator[Shell]:
    require(request.param)
    fifo = tmp_path_factory.mktemp("shell") / "line"
    command, setup = SHELLS[request.param](CHECKOUT / "completions", fifo)
    environment = {**home.env, "TERM": "xterm", "INPUTRC": os.devnull, "HISTFILE": ""}
    opened = Shell(command, setup, fifo, env=environment, cwd=home.work)
    yield opened
    opened.close()


@pytest.mark.parametrize("typed", [*STATIC, *DYNAMIC])
def test_tab_completes_what_can_only_be_one_thing(shell: Shell, typed: str):
    line = shell.after_tab(typed)
    assert line.rstrip() == (STATIC | DYNAMIC)[typed]


def fish(home, typed: str) -> list[str]:
    """What fish would offer; the descriptions are left out."""
    script = f'source {CHECKOUT / "completions" / "lamb.fish"}; complete -C "$argv[1]"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, typed],
        capture_output=True, text=True, check=True, env={**home.env, "TERM": "dumb"}, cwd=home.work,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("typed", [*STATIC, *DYNAMIC])
def test_fish_offers_the_same(home, typed: str):
    require("fish")
    assert fish(home, typed) == [(STATIC | DYNAMIC)[typed].rpartition(" ")[2]]


def test_fish_offers_no_files_where_none_are_wanted(home):
    require("fish")
    assert fish(home, "lamb alias ") == ["create", "delete", "get", "list", "update"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_is_what_the_command_prints(home, name: str):
    printed = home.run("completion", name).stdout
    assert printed == (CHECKOUT / "completions" / SCRIPTS[name]).read_text()


def test_names_of_aliases_are_offered_behind_the_colon(home):
    assert home.run("_complete", "references", "greeter:p").stdout == "greeter:prod\n"


def test_versions_and_runtimes_are_names_too(home):
    assert home.run("_complete", "versions", "", "greeter").stdout == "$LATEST\n1\n"
    assert home.runtime in home.run("_complete", "runtimes", "python3").stdout.splitlines()


def test_completion_starts_no_daemon_and_says_nothing_without_one(lamb):
    lamb.furnished = False
    done = lamb.run("_complete", "functions")
    assert (done.stdout, done.stderr) == ("", "")
    assert lamb.health() is None
    assert not lamb.home.exists()


def test_a_word_that_makes_no_sense_completes_to_nothing(home):
    done = home.run("_complete", "nonsense", check=False)
    assert (done.stdout, done.stderr) == ("", "")
