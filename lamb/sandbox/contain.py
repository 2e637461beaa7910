"""The order of the walls. Reading this file is reading the security model.

Both functions run in the init of a new environment: process 1 of a fresh pid namespace, forked from a
zygote, before any of the function's code. `prepare` raises what is the same for every function, ahead
of time; `enclose` the rest. Each step takes away what the ones after it do not need.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lamb.sandbox import cgroup, landlock, limits, mounts, network, pids, seccomp, syscalls, user
from lamb.sandbox.spec import Base, Order, WallError

_NAMESPACES = {
    "mount": syscalls.CLONE_NEWNS,
    "ipc": syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS,
}


def prepare(base: Base, cgroups: Sequence[int]) -> None:
    """Raise the walls that need no order; WallError says which one would not stand, and why."""
    with _wall("cgroup"):
        cgroup.join(cgroups)
    namespaces = sum(flag for wall, flag in _NAMESPACES.items() if wall in base.walls)
    if namespaces:  # a host that refuses them may refuse the call as such
        with _wall("mount"):
            syscalls.unshare(namespaces)
    if "ipc" in base.walls:
        with _wall("ipc"):
            socket.sethostname("localhost")
    if "mount" in base.walls:
        with _wall("mount"):
            mounts.show_own_processes()


def enclose(order: Order, base: Base) -> None:
    """Raise every other wall that `base` names; WallError as above."""
    walls = base.walls
    if order.network == "none":
        with _wall("network"):
            syscalls.unshare(syscalls.CLONE_NEWNET)
            network.raise_loopback()
    if "mount" in walls:
        with _wall("mount"):
            mounts.enter(order)
    with _wall("user"):
        user.become_unprivileged()
        if "user" in walls:
            user.enter_function_namespace()
    with _wall("limits"):
        limits.apply(order, alone="user" in walls)
    with _wall("privileges"):
        syscalls.drop_capabilities()
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        # Changing user cleared this: the environment dies with the zygote that started it.
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, pids.ending(walled="pid" in walls))
        # The function shares this process's user; it must not look into it through /proc/1.
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
    if "landlock" in walls:
        with _wall("landlock"):
            landlock.restrict(*_paths(order, base))
    if "seccomp" in walls:
        with _wall("seccomp"):
            seccomp.restrict()


def _paths(order: Order, base: Base) -> tuple[list[str], list[str]]:
    """Readable and writable paths, for Landlock: the second wall, or the only one around files."""
    if "mount" in base.walls:
        return ["/"], ["/tmp", "/dev", "/proc"]
    system = ["/usr", "/bin", "/lib", "/lib64", "/etc", "/opt", "/proc", "/sys/devices/system/cpu"]
    trees = [f"{base.packages}/{name}" for name in (order.task, order.opt) if name]
    own = [base.prefix, base.runtime_dir, *trees]
    return [*system, *own], [order.workdir, *(f"/dev/{name}" for name in mounts.DEVICES)]


@contextmanager
def _wall(name: str) -> Iterator[None]:
    """Name the wall in whatever fails while it is raised."""
    try:
        yield
    except OSError as error:
        raise WallError(name, str(error)) from error
