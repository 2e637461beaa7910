"""The walls by name, what each keeps out, and how a host makes room for one that is missing."""

from __future__ import annotations

from typing import NamedTuple


class Wall(NamedTuple):
    name: str
    keeps: str
    """What stands behind it, for people."""
    fix: str
    """What to do on a host that refuses it."""


_USERNS = (
    "allow unprivileged user namespaces: `sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu also "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, and user.max_user_namespaces above 0; "
    "in a container, run it with a seccomp profile that allows unshare, or privileged"
)

WALLS = (
    Wall("user", "functions run as an unprivileged user of their own", _USERNS),
    Wall("mount", "functions see a root of their own, not the host's files", _USERNS + "; Linux 5.12"),
    Wall("pid", "functions see and signal only their own processes", _USERNS),
    Wall("ipc", "shared memory and host name are private", _USERNS),
    Wall("cgroup", "memory, processes and CPU share are counted by the kernel",
         "run lamb as root, or where systemd delegates cgroup v2: `systemd-run --user --scope "
         "-p Delegate=yes lamb daemon run`; until then memory is watched and limited by rlimits"),
    Wall("limits", "open files, processes and core dumps are bounded",
         "raise the hard limit of open files to 1024"),
    Wall("privileges", "no capabilities, and none to be gained by executing a file",
         "use Linux 4.10 or newer"),
    Wall("landlock", "a second wall around files, and around sockets and signals of the host",
         "boot with `lsm=landlock,…` on Linux 5.13 or newer"),
    Wall("seccomp", "dangerous system calls are refused",
         "use a kernel with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64"),
)  # fmt: skip

NAMES = tuple(wall.name for wall in WALLS)
BY_NAME = {wall.name: wall for wall in WALLS}


class Standing(NamedTuple):
    """Which walls stand on this host, and why the others do not."""

    reasons: dict[str, str]
    """Wall → "" where it stands, else what the kernel said."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if not self.reasons[name])

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if self.reasons[name])

    def __str__(self) -> str:
        return f"{len(self.names)}/{len(NAMES)}"
