"""What the kernel knows of processes, mounts and cgroups."""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every orphan below us, so that whatever a daemon leaves behind is seen here."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_gone(pid: int, timeout_s: float = 10) -> bool:
    """Wait for the end of any process; reap it if it is ours. No polling: the kernel says when."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        gone = bool(poll.poll(max(timeout_s, 0) * 1000))
    finally:
        os.close(watch)
    if gone:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return gone


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found


# The children that were ours before the first test.
BEFORE = frozenset(children(os.getpid()))
# Every process that was seen to be ours: what a cgroup is named after says whose it is.
OURS = {os.getpid()}


def notice() -> None:
    OURS.update(children(os.getpid()))


def orphans(but_of: Iterable[Path]) -> list[int]:
    """Our children that no test waits for, except those whose environment names one of these homes."""
    others = [f"LAMB_HOME={home}\0".encode() for home in but_of]
    found = []
    for pid in children(os.getpid()):
        with suppress(OSError):
            environ = Path(f"/proc/{pid}/environ").read_bytes()
            ours = pid in BEFORE or "multiprocessing.resource_tracker" in described(pid)
            if not ours and not any(other in environ for other in others):
                found.append(pid)
    return found


def described(pid: int) -> str:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return text or Path(f"/proc/{pid}/comm").read_text().strip()
    return "?"


def mounts() -> set[str]:
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


def cgroups() -> Iterator[str]:
    """Every cgroup `lamb-<pid>` of a daemon that was ours."""
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            prefix, _, pid = name.rpartition("-")
            if prefix == "lamb" and pid.isdigit() and int(pid) in OURS:
                yield f"{directory}/{name}"


def is_dead(cgroup: str) -> bool:
    """Whether it exists, and no process is in it or below it."""
    for directory, _, files in os.walk(cgroup):
        for name in {"cgroup.procs"} & set(files):
            with suppress(OSError):
                if Path(directory, name).read_text().strip():
                    return False
    return Path(cgroup).exists()
