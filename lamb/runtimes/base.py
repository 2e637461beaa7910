"""What every runtime offers the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lamb.sandbox.spec import Base


class Runtime(Protocol):
    """One AWS runtime on this host, e.g. `python3.12`.

    A runtime that is found is one whose interpreter ran and said its version; it never stands in
    for another one.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """The interpreter's full version, e.g. `3.12.1`."""
        ...

    @property
    def executable(self) -> Path: ...

    def base(self, walls: tuple[str, ...], home: Path, scratch: Path) -> Base:
        """The root its zygote builds. May write below `home / "runtime"`; takes some 100 ms the
        first time, so it is called in a thread."""
        ...

    def improvement(self, base: Base) -> Sequence[str]:
        """A command for spare time, after which environments of `base` start faster; empty when it has
        been run. It may be killed at any moment."""
        ...

    def variables(self, *, task_root: str, runtime_dir: str, opt: str) -> Mapping[str, str]:
        """The environment variables that AWS sets for this runtime and no other."""
        ...
