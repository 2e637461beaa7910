"""Which runtimes there are, and which of them this host can run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lamb.model.errors import InvalidParameterValue
from lamb.runtimes import python
from lamb.runtimes.base import Runtime

NAMES = python.NAMES


class RuntimeTable:
    """Looks for interpreters once, when first asked; `LAMB_RUNTIMES` and `[runtimes]` come first."""

    def __init__(self, configured: Mapping[str, str], cache: Path, environ: Mapping[str, str]) -> None:
        self._where = (configured, cache, environ)
        self._found: dict[str, Runtime] | None = None

    def found(self) -> Mapping[str, Runtime]:
        """Runtimes by name. Starts each candidate interpreter once: tens of milliseconds, then cached."""
        if self._found is None:
            self._found = {r.name: r for r in python.find(*self._where)}
        return self._found

    def require(self, name: str) -> Runtime:
        """The runtime of that very name; InvalidParameterValue lists what was found, and the fix."""
        runtime = self.found().get(name)
        if runtime is None:
            self._found = None  # it may have been installed in the meantime
            runtime = self.found().get(name)
        if runtime is None:
            here = ", ".join(f"{r.name} ({r.executable})" for r in self.found().values()) or "none"
            configured = self._where[0].get(name)
            reason = f": {configured}, which the settings name for it, is none" if configured else ""
            raise InvalidParameterValue(
                f"The runtime {name} is not installed on this host{reason}. Found: {here}. {how_to_add(name)}"
            )
        return runtime


def how_to_add(name: str) -> str:
    """One sentence that tells how to get a missing runtime."""
    if name not in NAMES:
        return f"lamb runs {', '.join(NAMES)}"
    version = name.removeprefix("python")
    return (
        f"Install it with `uv python install {version}` or `pyenv install {version}`, or name its "
        f'interpreter in lamb.toml: [runtimes] "{name}" = "/path/to/{name}"'
    )
