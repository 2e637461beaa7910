"""Shells over the real program: scripts with pipes, and terminals that are typed into."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from types import TracebackType
from typing import Any

import harness

# What a careful script starts with, and what stands in for jq where that is not installed.
PRELUDE = r"""
set -euo pipefail
code() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }
field() {
    "$PYTHON" -c 'import functools, json, operator, sys
found = functools.reduce(operator.getitem, sys.argv[1].split("."), json.load(sys.stdin))
print(found if isinstance(found, str) else json.dumps(found))' "$1"
}
command -v jq >/dev/null || jq() { "$PYTHON" -m json.tool; }
"""


def start(lamb: harness.Lamb, script: str, **popen: Any) -> subprocess.Popen[str]:
    """`bash -c script` in the user's directory, with `lamb` in its PATH."""
    options: dict[str, Any] = {
        **dict.fromkeys(("stdout", "stderr"), subprocess.PIPE),
        "stdin": subprocess.DEVNULL,
        "encoding": "utf-8",
        "umask": 0o022,
        "cwd": lamb.work,
        "env": {**lamb.env, "PYTHON": str(lamb.user.python)},
        **lamb.user.as_popen,
        **popen,
    }
    return subprocess.Popen(["bash", "-c", PRELUDE + script], **options)


def run(lamb: harness.Lamb, script: str, code: int = 0) -> harness.Completed[str]:
    """The script, finished with that exit code."""
    process = start(lamb, script)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, f"exit code {process.returncode}\n{out}{err}"
    return harness.Completed(script, code, out, err)


class Terminal:
    """bash on a terminal of its own; also the terminal's reader."""

    def __init__(self, lamb: harness.Lamb, **environ: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=lamb.work,
            env={**lamb.env, "TERM": "xterm", "PS1": "ready> ", **environ},
            # The terminal is the one whose Ctrl-C reaches it.
            preexec_fn=lambda: (os.setsid(), _control(slave)),  # noqa: PLW1509 -- no threads here
            **lamb.user.as_popen,
        )
        os.close(slave)
        self._seen = ""
        self.until("ready> ")

    def __enter__(self):
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._master)  # bash and what it runs are hung up
        self._process.wait(20)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def run(self, command: str) -> str:
        """What a command shows."""
        self.type(command + "\n")
        self.until("\n")  # the echo
        return self.until("ready> ").removesuffix("ready> ").replace("\r", "")

    def until(self, text: str, timeout_s: float = 30) -> str:
        """All that is shown up to and with `text`."""
        deadline = time.monotonic() + timeout_s
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{text!r} was not shown in {timeout_s} s, but {self._seen!r}"
            self._seen += os.read(self._master, 65536).decode(errors="replace")
        shown, _, self._seen = self._seen.partition(text)
        return shown + text


def _control(terminal: int) -> None:
    import fcntl  # noqa: PLC0415 -- only the child needs it
    import termios  # noqa: PLC0415 -- as above

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
