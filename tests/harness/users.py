"""Who runs the program."""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A uid and gid that no passwd file knows: what lamb may not rely on.
UNMAPPED = 12345
# Arguments for `subprocess`: these ids and no supplementary groups.
AS_UNMAPPED: dict[str, Any] = {"user": UNMAPPED, "group": UNMAPPED, "extra_groups": []}


@dataclass(frozen=True)
class User:
    """Who runs lamb: the interpreter they can reach, where it is installed, and their uid and gid."""

    name: str
    uid: int
    gid: int
    bin: Path
    path: str

    @property
    def python(self) -> Path:
        return self.bin / "python"

    @property
    def as_popen(self) -> dict[str, Any]:
        """Arguments for `subprocess`."""
        return {} if self.uid == os.getuid() else AS_UNMAPPED


def ourselves() -> User:
    return User(
        "root" if os.getuid() == 0 else "unprivileged",
        os.getuid(),
        os.getgid(),
        Path(sysconfig.get_path("scripts")),
        os.environ["PATH"],
    )
