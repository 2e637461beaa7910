"""A file system of a test's own as a home, small enough to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import harness
import pytest

MOST_BYTES = 128 << 20


@contextmanager
def mounted(lamb: harness.Lamb, options: str = f"size={MOST_BYTES},mode=755") -> Iterator[None]:
    """A file system of the test's own as the home, for as long as it takes."""
    lamb.home.mkdir(mode=0o755)
    mount = ("mount", "-t", "tmpfs", "-o", options, "lamb-test", lamb.home)
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        lamb.run("daemon", "stop", check=False)
        # Lazily: zygotes that are just ending have it mounted, too.
        subprocess.run(("umount", "--lazy", lamb.home), check=True)


def fill(lamb: harness.Lamb, left: int) -> None:
    """Use up the disk but for this many bytes."""
    with (lamb.home / "filler").open("ab", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 16))
        except OSError:
            pass
        size = filler.tell()
    os.truncate(lamb.home / "filler", max(0, size - left))


def free(lamb: harness.Lamb) -> None:
    (lamb.home / "filler").unlink()
