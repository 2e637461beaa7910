"""The cgroup wall: the daemon makes groups (`CgroupTree`), an environment's init joins them (`join`).

cgroup v2 where it holds the controllers, v1 where only that does. Everything lies below one
directory `lamb-<pid of the daemon>` (v1: one a controller) and is removed with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lamb.sandbox.spec import Order

_REQUIRED = ("memory", "pids")
_CPU = "cpu"
"""Taken where it is to be had: systemd hands it to users less often than the others."""
_PREFIX = "lamb-"
_PROCESSES = 1024
_OWN_PROCESSES = 1
"""The environment's init is not the function's."""
_MEMORY_MB_PER_VCPU = 1769


def join(procs_files: Sequence[int]) -> None:
    """Write this process into each open `cgroup.procs` file ("0" is the writer) and close it."""
    for fd in procs_files:
        os.write(fd, b"0")
        os.close(fd)


class Cgroup(NamedTuple):
    """The group (v2) or groups (v1, one a controller) of one environment."""

    folders: tuple[Path, ...]
    memory: Path
    version: int

    def open_procs(self) -> list[int]:
        return [os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self.folders]

    def limit(self, order: Order) -> None:
        """Bound memory, processes and share of the processors as this function's."""
        # /tmp is a tmpfs and charged here, too; the daemon watches the function's own memory.
        memory = (order.memory_mb + order.tmp_mb) << 20
        share = order.memory_mb / _MEMORY_MB_PER_VCPU
        processes = _PROCESSES + _OWN_PROCESSES
        if self.version == 2:
            _write(self.memory / "memory.max", memory)
            with contextlib.suppress(OSError):  # without swap accounting there is no such file
                _write(self.memory / "memory.swap.max", 0)
            _write(self.memory / "pids.max", processes)
            with contextlib.suppress(OSError):  # where the controller is not to be had, as above
                _write(self.memory / "cpu.weight", max(1, min(10_000, round(100 * share))))
        else:
            memory_folder, pids_folder, cpu_folder = self.folders
            _write(memory_folder / "memory.limit_in_bytes", memory)
            _write(pids_folder / "pids.max", processes)
            _write(cpu_folder / "cpu.shares", max(2, round(1024 * share)))

    def uses_more_than(self, limit: int) -> bool:
        """Whether anonymous memory is more than `limit` bytes."""
        # What is charged in all is a number at hand; its parts take the kernel fifty times as long to add up.
        charged = "memory.current" if self.version == 2 else "memory.usage_in_bytes"
        fd = os.open(f"{self.memory}/{charged}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            all_of_it = int(os.read(fd, 32))
        finally:
            os.close(fd)
        return all_of_it > limit and self.memory_used() > limit

    def memory_used(self) -> int:
        """Bytes of anonymous memory; files in /tmp are not the function's memory, as in AWS."""
        key = b"\nanon " if self.version == 2 else b"\nrss "
        data = b"\n" + (self.memory / "memory.stat").read_bytes()
        at = data.find(key)
        return int(data[at + len(key) : data.index(b"\n", at + 1)]) if at >= 0 else 0

    def out_of_memory_kills(self) -> int:
        """How many processes of this group the kernel has killed for their memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        for line in (self.memory / name).read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
        return 0

    def remove(self) -> bool:
        """End what is still in it; False while the kernel is clearing that away."""
        try:
            for folder in self.folders:
                with contextlib.suppress(FileNotFoundError):
                    folder.rmdir()
        except OSError:
            for folder in self.folders:
                _end_processes(folder)
            return False
        return True


class CgroupTree:
    """The daemon's directory of groups. OSError on construction: this host has none for us."""

    def __init__(self) -> None:
        self.version, parents = _find()
        self._roots = [parent / f"{_PREFIX}{os.getpid()}" for parent in parents]
        for parent, root in zip(parents, self._roots, strict=True):
            _sweep(parent)
            root.mkdir(exist_ok=True)
        if self.version == 2:
            _enable(self._roots[0])

    def create(self, number: int) -> Cgroup:
        """A group without limits: it is to hold no process of a function before it has some."""
        folders = tuple(root / str(number) for root in self._roots)
        for folder in folders:
            folder.mkdir(exist_ok=True)
        return Cgroup(folders, folders[0], self.version)

    def close(self) -> None:
        for root in self._roots:
            _remove_tree(root)


def _find() -> tuple[int, list[Path]]:
    """(2, [the group to make ours in]) or (1, [the daemon's own group of each controller])."""
    own = dict(_memberships())
    mounts = list(_mounts())
    for kind, mount, _ in mounts:
        if kind == "cgroup2" and "" in own and _offers(mount / "cgroup.controllers"):
            return 2, [_with_room(_below(mount, own[""]), mount)]
    folders = []
    for controller in (*_REQUIRED, _CPU):
        where = [m for kind, m, options in mounts if kind == "cgroup" and controller in options]
        if not where or controller not in own:
            raise FileNotFoundError(f"no cgroup controller `{controller}`")
        folders.append(_below(where[0], own[controller]))
    return 1, folders


def _with_room(own: Path, mount: Path) -> Path:
    """The nearest group, from our own upwards, in which a child of ours gets the controllers.

    In v2 a group has processes or controlled children, not both; ours has processes. Systemd hands
    a user the tree above, and has switched the controllers on there.
    """
    folder = own
    while True:
        if os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK):
            if _offers(folder / "cgroup.subtree_control"):
                return folder
            with contextlib.suppress(OSError):
                _enable(folder)
                return folder
        if folder == mount:
            raise PermissionError(f"no cgroup above {own} lets us limit memory and processes")
        folder = folder.parent


def _offers(list_of_controllers: Path) -> bool:
    return set(_REQUIRED) <= set(list_of_controllers.read_text().split())


def _below(mount: Path, path: str) -> Path:
    """Our group; in a container the path may be the host's and the mount already ours."""
    folder = mount / path.lstrip("/")
    return folder if folder.is_dir() else mount


def _memberships() -> Iterator[tuple[str, str]]:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _mounts() -> Iterator[tuple[str, Path, list[str]]]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        head, _, tail = line.partition(" - ")
        kind, _, options = tail.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield kind, Path(head.split(" ")[4]), options.split(",")


def _enable(folder: Path) -> None:
    """Let the children of a group have controllers. OSError where the group holds processes."""
    there = (folder / "cgroup.controllers").read_text().split()
    wanted = [*_REQUIRED, *([_CPU] if _CPU in there else [])]
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))


def _sweep(parent: Path) -> None:
    """Remove what a daemon left that was killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not _lives(pid):
            for group in folder.glob("*/"):
                _end_processes(group)
            _remove_tree(folder)


def _lives(pid: str) -> bool:
    """Not where it is dead and nobody has reaped it: in a container that may be so for ever."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(") ")[2][:1] != "Z"


def _remove_tree(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for child in folder.iterdir():
            if child.is_dir():
                child.rmdir()
        folder.rmdir()


def _end_processes(folder: Path) -> None:
    """Kill what is in a group and let it start no more.

    With the pid wall it is dying already; without it, its init may have been killed before it.
    """
    with contextlib.suppress(OSError):
        if (folder / "pids.max").exists():
            _write(folder / "pids.max", 0)
        for pid in map(int, (folder / "cgroup.procs").read_text().split()):
            if pid:  # 0 is what is not in our pid namespace, and would mean our own group
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _write(path: Path, value: int) -> None:
    path.write_text(str(value))
