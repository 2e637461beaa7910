"""Sees whether an environment uses more memory than it may, where that is left to us."""

from __future__ import annotations

from pathlib import Path

from lamb.engine.environment import Environment

_EXACT_UP_TO = 64
"""Processes: the exact reading walks all memory of each, which takes some 0.1 ms."""


def out_of_memory(environment: Environment) -> bool:
    """Whether the processes of the environment have more anonymous memory than it is allowed.

    Where no cgroup counts, shared memory cannot be told from files in /tmp that are mapped: what is
    more than /tmp may hold counts as memory, too.
    """
    configuration = environment.target.configuration
    limit = configuration.memory_mb << 20
    try:
        if environment.cgroup is not None:
            return environment.cgroup.uses_more_than(limit)
        tmp = configuration.ephemeral_storage_mb << 20
        pids = _children(environment.pid)
        used = _sum(pids, "status", tmp)
        if used > limit and len(pids) <= _EXACT_UP_TO:
            # Forked processes share memory; here each of them counts for its part.
            used = _sum(pids, "smaps_rollup", tmp)
    except (OSError, ValueError):
        return False  # it has just ended
    return used > limit


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


def _sum(pids: list[int], file: str, tmp: int) -> int:
    """Anonymous bytes of these processes, and of their shared ones those above `tmp`."""
    anonymous = shared = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(("RssAnon:", "Pss_Anon:")):
                anonymous += int(line.split()[1]) << 10
            elif line.startswith(("RssShmem:", "Pss_Shmem:")):
                shared += int(line.split()[1]) << 10
    return anonymous + max(0, shared - tmp)
