"""Reads how much memory an environment uses, where counting is left to us."""

from __future__ import annotations

from pathlib import Path

from lamb.engine.environment import Environment

_PAGE = 4096


def memory_used(environment: Environment) -> int:
    """Bytes of anonymous memory of all processes of the environment; 0 when it has just ended.

    A cgroup counts memory shared by forked processes once. Without one, each process is read by
    itself, so that such memory counts for each.
    """
    try:
        if environment.cgroup is not None:
            return environment.cgroup.memory_used()
        return sum(_anonymous(pid) for pid in _children(environment.pid))
    except (OSError, ValueError):
        return 0


def _children(pid: int) -> list[int]:
    """All descendants of a process."""
    found: list[int] = []
    if not pid:
        return found
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
            for task in tasks:
                children = [int(child) for child in (task / "children").read_text().split()]
                found += children
                waiting += children
        except OSError:
            continue
    return found


def _anonymous(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    resident, shared = int(fields[1]), int(fields[2])
    return (resident - shared) * _PAGE
