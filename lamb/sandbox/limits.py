"""The limits wall: rlimits, as AWS sets them inside its environments."""

from __future__ import annotations

import contextlib
import os
import resource

from lamb.sandbox.spec import Order

OPEN_FILES = 1024
PROCESSES = 1024
# Where no cgroup bounds memory, the daemon watches it. This is the backstop behind the watcher,
# generous because it counts what is reserved (thread stacks, arenas), not what is used.
_RESERVED_SLACK_MB = 2048


def apply(order: Order, *, alone: bool) -> None:
    """`alone`: whether the function's user is one of its own, by the user wall."""
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
    # The kernel counts this limit by user. Without the wall others are counted, too.
    _lower(resource.RLIMIT_NPROC, PROCESSES if alone else PROCESSES + _threads_of_user())
    # Not 0: the kernel hands a core to a program (systemd-coredump, apport) whatever the limit is,
    # except 1, and a core of the function holds its secrets.
    _lower(resource.RLIMIT_CORE, 1)
    _lower(resource.RLIMIT_MEMLOCK, 64 * 1024)
    if not order.memory_by_cgroup:
        _lower(resource.RLIMIT_DATA, (order.memory_mb + _RESERVED_SLACK_MB) << 20)


def _threads_of_user() -> int:
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _lower(kind: int, limit: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(kind, (limit, limit))
