"""Reads how much memory an environment uses, where counting is left to us."""

from __future__ import annotations

from pathlib import Path

from lamb.engine.environment import Environment

_EXACT_UP_TO = 64
"""Processes: the exact reading walks all memory of each, which takes some 0.1 ms."""


def memory_used(environment: Environment) -> int:
    """Bytes of anonymous memory of all processes of the environment; 0 when it has just ended.

    Where no cgroup counts, shared memory cannot be told from files in /tmp that are mapped: what is
    more than /tmp may hold counts as memory, too.
    """
    try:
        if environment.cgroup is not None:
            return environment.cgroup.memory_used()
        configuration = environment.target.configuration
        tmp = configuration.ephemeral_storage_mb << 20
        pids = _children(environment.pid)
        used = _sum(pids, "status", tmp)
        if used > configuration.memory_mb << 20 and len(pids) <= _EXACT_UP_TO:
            # Forked processes share memory; here each of them counts for its part.
            used = _sum(pids, "smaps_rollup", tmp)
    except (OSError, ValueError):
        return 0
    return used


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
