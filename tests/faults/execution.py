"""A daemon, or something below it, killed just before its n-th step."""

from __future__ import annotations

import json
import select
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import harness

_PROGRAM = Path(__file__).with_name("executioner.py").read_text()


class Killing(NamedTuple):
    steps: list[str]
    """The system calls about to be made, up to the last."""
    killed: int
    """Process id, 0 if there were fewer steps."""
    left: list[str]
    """What did not end with the daemon."""


class Execution:
    """The executioner of `executioner.py`, which also runs the next command: with it every kill ends."""

    def __init__(self, lamb: harness.Lamb, *command: str) -> None:
        """`lamb command…` starts the daemon; without one, none is started."""
        self._process = subprocess.Popen(
            [lamb.user.python, "-c", _PROGRAM, *([str(lamb.user.bin / "lamb"), *command] if command else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=lamb.work,
            env=lamb.env,
            **lamb.user.as_popen,
        )
        self.daemon = 0
        if command:
            begun = self._hear()
            assert begun["command"] == 0, f"the next command failed: {lamb.daemon_log()[-3000:]}"
            self.daemon = begun["daemon"]
            assert self.daemon, "the next command started no daemon"

    def arm(
        self,
        at: int,
        pid: int = 0,
        *,
        calls: str = "change",
        family: bool = False,
        wipe: bool = True,
        start: list[str] | None = None,
    ) -> None:
        """Kill before step number `at` (0: never) of the daemon, of `pid`, or of the command `start`."""
        order = {"pid": pid or self.daemon, "at": at, "calls": calls, "family": family}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**order, "wipe": wipe, "start": start}) + "\n")
        self._process.stdin.flush()
        assert self._hear() == {"armed": True}

    def is_over(self, within_s: float) -> bool:
        """Whether it was killed, or has ended."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], within_s)[0])

    def finish(self) -> Killing:
        """The operation is over, or its daemon is dead."""
        self._process.send_signal(signal.SIGUSR1)
        heard = self._hear()
        return Killing(heard["steps"], heard["killed"], heard["left"])

    def __enter__(self) -> Execution:  # noqa: PYI034 - typing.Self is younger than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(1 if kind else 30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the executioner has ended"
        message: dict[str, Any] = json.loads(line)
        return message


def spread(steps: int, count: int) -> list[int]:
    """`count` of the numbers 1 to `steps`, evenly; all of them if there are fewer."""
    if steps <= count:
        return list(range(1, steps + 1))
    return sorted({round(1 + i * (steps - 1) / (count - 1)) for i in range(count)})
