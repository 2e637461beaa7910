"""Memory as proportional set size (PSS): pages that n processes share count one n-th for each."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.place import Api, Home, serving

ENVIRONMENTS = 20
ROUNDS = 5
_DAEMON_BAR_MB, _ENVIRONMENT_BAR_MB = 80.0, 8.0
# Long enough for all of them to overlap: each caller needs an environment of its own.
_TOGETHER = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
_TOGETHER_S = b"1.0"
# Until the daemon has frozen what is idle.
_SETTLE_S = 0.5


def figures(home: Home) -> Iterator[Figure]:
    with serving(home) as api:
        api.create("many", _TOGETHER)
        api.settled("many")
        _together(api.address, ENVIRONMENTS)
        time.sleep(_SETTLE_S)
        pid = int(api.health()["pid"])
        daemon, zygotes, environments = [], [], []
        for _ in range(ROUNDS):
            daemon.append(pss_mb(pid))
            children = _children(pid)
            zygotes.append(sum(map(pss_mb, children)))
            below = [process for child in children for process in _descendants(child)]
            environments.append(sum(map(pss_mb, below)) / ENVIRONMENTS)
        count = api.health()["environments"]
    if count != ENVIRONMENTS:
        raise RuntimeError(f"{count} environments instead of {ENVIRONMENTS}")
    yield Figure("idle daemon, PSS", median(daemon), "MB", bar=_DAEMON_BAR_MB)
    yield Figure("zygotes, PSS", median(zygotes), "MB")
    yield Figure(
        f"idle environment, PSS, mean of {ENVIRONMENTS}", median(environments), "MB", bar=_ENVIRONMENT_BAR_MB
    )


def _together(address: tuple[str, int], count: int) -> None:
    def call() -> None:
        api = Api(f"http://{address[0]}:{address[1]}")
        api.invoke("many", _TOGETHER_S)
        api.close()

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pss_mb(pid: int) -> float:
    """Of one process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"the kernel tells no PSS of process {pid}")


def _children(pid: int) -> list[int]:
    tasks = [Path(entry.path) for entry in os.scandir(f"/proc/{pid}/task")]
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    return found + [below for child in found for below in _descendants(child)]
