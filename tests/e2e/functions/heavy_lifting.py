"""Threads, processes and 400 MB of /tmp."""

import hashlib
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MB = 1 << 20
SCRATCH = Path("/tmp/scratch")


def threads(count: int) -> dict:
    """They wait for each other, which none does that runs after another."""
    meeting = threading.Barrier(count)
    with ThreadPoolExecutor(count) as pool:
        met = len(list(pool.map(lambda _: meeting.wait(), range(count))))
        digests = set(pool.map(lambda n: hashlib.sha256(bytes([n]) * MB).hexdigest(), range(count)))
    return {"met": met, "digests": len(digests)}


def subprocesses() -> dict:
    command = "echo piped | tr a-z A-Z; echo oops >&2; exit 3"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    return {"out": done.stdout.strip(), "err": done.stderr.strip(), "code": done.returncode}


def disk(megabytes: int) -> dict:
    """Written, read again, and copied away."""
    SCRATCH.mkdir(exist_ok=True)
    block = bytes(range(256)) * (MB // 256)
    with (SCRATCH / "large").open("wb") as file:
        for _ in range(megabytes):
            file.write(block)
    size = (SCRATCH / "large").stat().st_size // MB
    free = shutil.disk_usage("/tmp").free // MB
    with (SCRATCH / "large").open("rb") as file:
        file.seek(-256, 2)
        tail = file.read()[-1]
    shutil.rmtree(SCRATCH)
    return {"size": size, "free": free, "tail": tail}


def handler(event, context):
    return {"threads": threads(20), "subprocess": subprocesses(), "disk": disk(event["disk_mb"])}
