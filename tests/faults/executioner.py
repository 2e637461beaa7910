"""Kills a process just before its n-th step: a program of its own, because a tracer waits for nothing else.

    python executioner.py COMMAND …      run it; whatever daemon it starts becomes ours

    ← {"command": exit code, "daemon": pid}        when the command has ended
    → {"pid": 7, "start": null, "at": 3, "calls": "change", "family": false, "wipe": true}
    ← {"armed": true}
      … the test does what is to be interrupted; SIGUSR1 ends the tracing …
    ← {"steps": ["write", "fsync", …], "killed": pid or 0, "left": ["what did not end", …]}

A step is a system call about to be made by any thread of the process (with `family`: of all that is or comes
below it, and not of itself): one that changes something on disk or answers somebody (`change`), or any
at all (`all`). Counted over all threads together, so that "just before every step" has one order. Nothing in
lamb knows of it.

`start` is a command to trace from its first instruction on, instead of a process that runs. With `wipe` the
process is killed at the end if it was not before, and all that it leaves behind must end by itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

SEIZE, INTERRUPT, LISTEN, RESUME = 0x4206, 0x4207, 0x4208, 24
GETEVENTMSG, GET_SYSCALL_INFO = 0x4201, 0x420E
TRACE_SYSGOOD, TRACE_FORK, TRACE_VFORK, TRACE_CLONE = 1, 2, 4, 8
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_STOP = 1, 2, 3, 128
WALL = 0x40000000
PR_SET_CHILD_SUBREAPER = 36
GONE_WITHIN_S = 10

# Of a process that dies while its machine lives on, only these leave anything behind.
CHANGES = {
    "x86_64": {
        1: "write", 18: "pwrite64", 20: "writev", 44: "sendto", 46: "sendmsg", 74: "fsync", 75: "fdatasync",
        76: "truncate", 77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 87: "unlink", 88: "symlink",
        90: "chmod", 91: "fchmod", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 266: "symlinkat",
        268: "fchmodat", 285: "fallocate", 296: "pwritev", 316: "renameat2",
    },
    "aarch64": {
        34: "mkdirat", 35: "unlinkat", 36: "symlinkat", 38: "renameat", 45: "truncate", 46: "ftruncate",
        47: "fallocate", 52: "fchmod", 53: "fchmodat", 64: "write", 66: "writev", 68: "pwrite64",
        70: "pwritev", 82: "fsync", 83: "fdatasync", 206: "sendto", 211: "sendmsg", 276: "renameat2",
    },
}  # fmt: skip

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request: int, pid: int, address: int = 0, data: Any = 0) -> None:
    if libc.ptrace(request, pid, address, data) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Enough(Exception):
    """The test has seen what it wanted to see"""


class Tracer:
    """Steps of one process (or family), counted until the n-th."""

    def __init__(self, pid: int, order: dict[str, Any]) -> None:
        self.pid = pid
        self.at = order["at"]
        self.calls = CHANGES.get(platform.machine()) if order["calls"] == "change" else None
        self.options = TRACE_SYSGOOD | TRACE_CLONE
        self.family = order["family"]
        if self.family:
            self.options |= TRACE_FORK | TRACE_VFORK
        self.steps: list[str] = []
        self.killed = 0
        self.traced: set[int] = set()

    def seize(self) -> None:
        """Every thread, also those that are made meanwhile."""
        while new := self.threads() - self.traced:
            for thread in new:
                try:
                    ptrace(SEIZE, thread, 0, self.options)
                    ptrace(INTERRUPT, thread)
                except (ProcessLookupError, PermissionError):
                    if lives(thread):
                        raise
                self.traced.add(thread)

    def threads(self) -> set[int]:
        found: set[int] = set()
        processes = [self.pid]
        for process in processes:
            with suppress(FileNotFoundError):
                tasks = list(Path(f"/proc/{process}/task").iterdir())
                found |= {int(task.name) for task in tasks}
                if self.family:
                    processes += [int(p) for task in tasks for p in (task / "children").read_text().split()]
        return found

    def follow(self) -> None:
        """Until the n-th step, the end of the process, or `Enough`."""
        with suppress(Enough, ChildProcessError):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
            while self.traced and Path(f"/proc/{self.pid}").exists():
                thread, status = os.waitpid(-1, WALL)
                if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                    self.traced.discard(thread)
                    if thread == (self.killed or self.pid):
                        break  # of a family, the others go on without us
                    continue
                with suppress(ProcessLookupError):
                    self.stopped(thread, os.WSTOPSIG(status), status >> 16)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)

    def stopped(self, thread: int, number: int, event: int) -> None:
        if event == EVENT_STOP and number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            ptrace(LISTEN, thread)  # an environment that is frozen
            return
        if event in (EVENT_FORK, EVENT_VFORK, EVENT_CLONE):
            child = ctypes.c_ulong()
            ptrace(GETEVENTMSG, thread, 0, ctypes.byref(child))
            self.traced.add(child.value)
        elif number == signal.SIGTRAP | 0x80 and self.step(thread):
            return
        delivered = number if event == 0 and number & ~0x80 != signal.SIGTRAP else 0
        ptrace(RESUME, thread, 0, delivered)

    def step(self, thread: int) -> bool:
        """Whether this was the last one: the process is dead now, and the call is not made."""
        info = ctypes.create_string_buffer(88)
        ptrace(GET_SYSCALL_INFO, thread, len(info), info)
        entering, number = info.raw[0] == 1, struct.unpack_from("Q", info.raw, 24)[0]
        if self.killed or not entering or (self.calls is not None and number not in self.calls):
            return False
        if self.family and process_of(thread) == self.pid:
            return False
        self.steps.append(self.calls[number] if self.calls else str(number))
        if len(self.steps) != self.at:
            return False
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        self.killed = process_of(thread)
        os.kill(self.killed, signal.SIGKILL)
        return True


def lives(thread: int) -> bool:
    """Not if it is gone, or dead and not reaped."""
    with suppress(OSError):
        return Path(f"/proc/{thread}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


def process_of(thread: int) -> int:
    for line in Path(f"/proc/{thread}/status").read_text().splitlines():
        if line.startswith("Tgid:"):
            return int(line.split()[1])
    raise ProcessLookupError(thread)


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def daemon() -> int:
    """Our child that is one, 0 without."""
    for pid in children():
        with suppress(OSError):
            if b"lamb.daemon" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
    return 0


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def begin(command: list[str]) -> tuple[int, int]:
    """A process that waits until the pipe is closed before it executes the command."""
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        os.close(go)
        os.read(wait, 1)
        os.execv(command[0], command)
    os.close(wait)
    return pid, go


def trace(order: dict[str, Any]) -> None:
    pid, go = begin(order["start"]) if order["start"] else (order["pid"], -1)
    tracer = Tracer(pid, order)
    tracer.seize()
    if go >= 0:
        os.close(go)
    say({"armed": True})
    tracer.follow()
    left = []
    if order["wipe"]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        left = left_behind()
    say({"steps": tracer.steps, "killed": tracer.killed, "left": left})


def left_behind() -> list[str]:
    """What is below us and does not end by itself."""
    signal.signal(signal.SIGALRM, enough)
    signal.alarm(GONE_WITHIN_S)
    try:
        while True:
            os.waitpid(-1, WALL)
    except ChildProcessError:
        return []
    except Enough:
        return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in children()]


def enough(*_: object) -> NoReturn:
    raise Enough


def main() -> None:
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Heard when it can be: while we follow.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    signal.signal(signal.SIGUSR1, enough)
    if command := sys.argv[1:]:
        # It inherits no blocked signal: lamb gives its daemon an empty mask.
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        say({"command": done.returncode, "daemon": daemon()})
    order = json.loads(sys.stdin.readline() or "null")
    if order is not None:
        trace(order)


if __name__ == "__main__":
    main()
