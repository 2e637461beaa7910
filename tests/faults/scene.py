"""Functions that tell when they are at work, and the processes that they are made of."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import harness

AT_WORK = """\
import socket, time

def handler(event, context):
    if event.get("port"):
        with socket.create_connection(("127.0.0.1", event["port"]), 10) as line:
            line.sendall(b"here")
        time.sleep(event["seconds"])
    time.sleep(event.get("pause", 0))
    return event
"""


class Bell:
    """A port that a function rings when it is at work: nobody has to guess how long that takes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port: int = self._listener.getsockname()[1]

    def wait(self) -> None:
        ringing, _ = self._listener.accept()
        with ringing:
            ringing.settimeout(30)
            assert ringing.recv(4) == b"here"

    def close(self) -> None:
        self._listener.close()


class Aside:
    """Work in a thread of its own, whose result or error is asked for later."""

    def __init__(self, work: Callable[..., Any], *args: Any) -> None:
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work, args), daemon=True)
        self._thread.start()

    def result(self, timeout_s: float = 60) -> Any:
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), f"no answer in {timeout_s} s"
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            self._result = work(*args)
        except BaseException as error:  # noqa: BLE001 - handed over as it is
            self._error = error


def zygotes(daemon: int) -> list[int]:
    return [pid for pid in harness.machine.children(daemon) if b"spawner.py" in _command(pid)]


def inits(daemon: int) -> list[int]:
    return [pid for zygote in zygotes(daemon) for pid in harness.machine.children(zygote)]


def runtimes(daemon: int) -> list[int]:
    return [pid for init in inits(daemon) for pid in harness.machine.children(init)]


KINDS: dict[str, Callable[[int], list[int]]] = {"zygote": zygotes, "init": inits, "runtime": runtimes}


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
