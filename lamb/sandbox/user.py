"""The user wall: an unprivileged user id outside, and a user namespace of its own inside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lamb.sandbox import syscalls
from lamb.sandbox.spec import HOST_UID, SANDBOX_UID

T = TypeVar("T")


def become_unprivileged() -> None:
    """Where lamb runs as root, give that up for good: the function is HOST_UID outside."""
    if os.getuid() != 0 or not _is_real_root():
        return
    os.setgroups([])
    os.setresgid(HOST_UID, HOST_UID, HOST_UID)
    os.setresuid(HOST_UID, HOST_UID, HOST_UID)
    # Changing user made /proc/self unwritable; the maps below are written there.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)


def with_rights_of_functions(work: Callable[[], T]) -> T:
    """Call `work` with the rights to files that functions have outside their walls.

    Where lamb is not root, functions are the same user as it. Raises what `work` raises.
    """
    if os.getuid() != 0 or not _is_real_root():
        return work()

    def carry_out() -> T:
        syscalls.become_of_files(HOST_UID)
        return work()

    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - zygotes import this module, too

    # Rights belong to threads, and this one ends with them.
    with ThreadPoolExecutor(1, thread_name_prefix="unprivileged") as thread:
        return thread.submit(carry_out).result()


def enter_namespace(inside: int) -> None:
    """Enter a new user namespace in which the present user is called `inside`.

    The namespace holds no other user, so there is nobody to become, and the kernel counts
    processes (RLIMIT_NPROC) for each namespace by itself.
    """
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    # An unprivileged process may map its group only after it has given up setgroups(2).
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {uid} 1")
    _write("/proc/self/gid_map", f"{inside} {gid} 1")


def enter_function_namespace() -> None:
    enter_namespace(SANDBOX_UID)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _is_real_root() -> bool:
    """Whether uid 0 here is uid 0 of the machine (or container) and may become somebody else."""
    rows = Path("/proc/self/uid_map").read_text().split()
    return int(rows[2]) > HOST_UID
