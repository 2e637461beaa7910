"""A function under the tests' command, and what the host sees of it."""

from __future__ import annotations

import ctypes
import inspect
import json
import os
import re
import signal
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import harness

# Secrets in two halves: only those who are given them hold them in one piece.
SECRET = ("correct-horse-", "battery-staple")
SHELL_SECRET = ("wrong-donkey-", "charger-paperclip")

Attacks = Iterable[Callable[..., Any]]

PRISONER = Path(__file__).with_name("prisoner.py")

# Every attack may use these, as the test files do.
PREAMBLE = (
    "import ctypes, errno, fcntl, hashlib, hmac, http.client, json, mmap, os, resource, signal, socket, "
    "stat, struct, subprocess, sys, threading, time\n"
    "from contextlib import closing, suppress\nfrom pathlib import Path\n"
)


class Prison:
    """A function of the home `lamb`; `does` runs a Python function of a test inside it."""

    def __init__(self, lamb: harness.Lamb, name: str, *flags: str) -> None:
        self.lamb = lamb
        self.name = name
        file = lamb.write(f"{name}/prisoner.py", PRISONER.read_text())
        options = {"--runtime": lamb.runtime, "--timeout": "20"}
        options.update(zip(flags[::2], flags[1::2], strict=True))
        given = [word for pair in options.items() for word in pair]
        lamb.run("create", name, "--file", str(file), *given)

    def does(self, attack: Callable[..., Any], *arguments: Any, using: Attacks = ()) -> Any:
        """What `attack(*arguments)` returns when the function calls it. It may call those it is `using`."""
        envelope = self.tries(attack, *arguments, using=using)
        assert envelope["Verdict"] == "success", envelope
        return envelope["Payload"]

    def tries(self, attack: Callable[..., Any], *arguments: Any, using: Attacks = ()) -> dict[str, Any]:
        """The whole answer of `lamb invoke --json`."""
        event = self.event(attack, *arguments, using=using)
        done = self.lamb.run("invoke", self.name, "-e", "-", "--json", stdin=event, check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def starts(self, attack: Callable[..., Any], *arguments: Any, using: Attacks = ()) -> Any:
        """The running `lamb invoke`."""
        event = self.event(attack, *arguments, using=using)
        return self.lamb.start("invoke", self.name, "-e", event, "--json")

    def event(self, attack: Callable[..., Any], *arguments: Any, using: Attacks = ()) -> str:
        source = PREAMBLE + "\n".join(textwrap.dedent(inspect.getsource(it)) for it in (*using, attack))
        return json.dumps({"source": source, "attack": attack.__name__, "arguments": arguments})


def go_wild(name: str, then_s: float) -> None:
    """An attack: leave a grandchild that is deaf to signals, in a session of its own, and stay a while."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME
            os.write(writer, b"!")
            os.closerange(0, 1024)
            while True:
                time.sleep(0.05)
        os._exit(0)
    os.read(reader, 1)
    time.sleep(then_s)


def descendants(pid: int) -> Iterator[int]:
    for child in harness.children(pid):
        yield child
        yield from descendants(child)


def status(pid: int) -> dict[str, str]:
    """/proc/PID/status as the host shows it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def inmates(lamb: harness.Lamb) -> dict[int, dict[str, str]]:
    """Status, by the host's number, of each process in an environment: the function's, not its init."""
    found = {}
    for pid in descendants(lamb.daemon_pid):
        with suppress(OSError):
            seen = status(pid)
            if len(seen["NSpid"].split()) > 2 and seen["NSpid"].split()[-1] != "1":
                found[pid] = seen
    return found


def named(name: str) -> list[int]:
    """Every process of the machine that calls itself so (15 letters)."""
    found = []
    for entry in os.listdir("/proc"):
        with suppress(OSError):
            if re.fullmatch(r"\d+", entry) and Path(f"/proc/{entry}/comm").read_text().strip() == name:
                found.append(int(entry))
    return found
