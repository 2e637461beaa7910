"""What the daemon tells a zygote: values only, sent as JSON beside file descriptors."""

from __future__ import annotations

import json
from typing import NamedTuple

# The user a function sees itself as: AWS runs functions as sbx_user1051.
SANDBOX_UID = 993
SANDBOX_USER = "sbx_user1051"
# Where the daemon runs as root, functions get this unprivileged user id outside the sandbox.
HOST_UID = 64993

HOST = "/.host"
"""Where a zygote sees the few host directories it hands to environments; gone inside them."""


class Base(NamedTuple):
    """The root that a zygote builds once and every environment of it shares, read-only."""

    walls: tuple[str, ...]
    """Names of the walls to raise, a subset of `walls.NAMES`."""
    scratch: str
    """An empty host directory to mount the new root on."""
    interpreter: str
    """Host path of the interpreter's executable."""
    prefix: str
    """Host path of its installation; shown as /var/lang unless it is /usr."""
    runtime_dir: str
    """Host path of what is shown as /var/runtime."""
    packages: str
    """Host path of the unpacked packages."""
    code: str
    """Host path of the `lamb` package, which the zygote imports this very code from."""
    runtime: str
    """AWS's name of the runtime, e.g. `python3.12`."""
    hidden: tuple[str, ...] = ()
    """Host directories shown empty: the site-packages of the interpreter."""

    def dumps(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def loads(cls, text: str) -> Base:
        raw = json.loads(text)
        return cls(**{**raw, "walls": tuple(raw["walls"]), "hidden": tuple(raw["hidden"])})


class Order(NamedTuple):
    """What an environment is to be: the first message in the control socket of its init.

    Two file descriptors come along: the pipe its output goes to, and the runtime's socket.
    """

    task: str
    """Name of the unpacked package below `Base.packages`."""
    handler: str
    environ: dict[str, str]
    tmp_mb: int
    memory_mb: int
    network: str
    """`host` or `none`."""
    memory_by_cgroup: bool
    workdir: str = ""
    """Host path of a private directory: where the mount wall is missing, it stands for /tmp."""
    opt: str = ""
    """Name of the function's layers below `Base.packages`, one tree; empty without any."""
    opt_root: str = "/opt"
    """Where the function sees them."""

    def dumps(self) -> bytes:
        return json.dumps(self._asdict()).encode()

    @classmethod
    def loads(cls, data: bytes) -> Order:
        return cls(**json.loads(data))


class WallError(Exception):
    """A wall that could not be raised: the environment does not start."""

    def __init__(self, wall: str, reason: str) -> None:
        self.wall = wall
        self.reason = reason
        super().__init__(f"{wall}: {reason}")
