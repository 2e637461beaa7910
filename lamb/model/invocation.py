"""One invocation: what goes in, what comes out, and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from lamb.model.function import Configuration
from lamb.model.limits import LOG_TAIL_BYTES
from lamb.model.names import FunctionKey


class Target(NamedTuple):
    """Everything the engine needs to start environments of one version.

    `generation` changes whenever code or configuration do: environments of an older generation
    finish what they run and are then closed.
    """

    key: FunctionKey
    version: str
    """`$LATEST` or a number as text."""
    generation: str
    configuration: Configuration
    code: Path
    """The unpacked package, read-only."""
    open_variables: Callable[[], Mapping[str, str]]
    """Decrypts the environment variables; called when an environment starts, never stored.
    Raises the KMS family."""
    opt: Path | None = None
    """The function's layers, laid over each other; read-only."""
    stops_loops: bool = True
    """Whether a chain that runs this function again and again is ended."""


# Named tuples: an invocation makes one of each, and frozen data classes take thrice as long to fill.
class Event(NamedTuple):
    """What one invocation is given."""

    request_id: str
    payload: bytes
    """JSON text, as the caller sent it."""
    invoked_arn: str
    """As invoked: unqualified, `…:$LATEST` or `…:alias`."""
    client_context: str | None = None
    """JSON text."""
    trace_id: str | None = None
    chained: bool = False
    """Whether another invocation may have led to this one: its runs are counted in the trace."""


Verdict = Literal["success", "error", "timeout", "killed", "exit", "init"]
"""success · error: the handler raised · timeout · killed: a limit or a signal · exit: the process
ended itself · init: the handler could not be loaded."""


class Outcome(NamedTuple):
    """What one invocation came to."""

    request_id: str
    verdict: Verdict
    payload: bytes
    """The result's JSON, or the error document."""
    executed_version: str
    duration_ms: float
    init_ms: float | None
    """Set when this invocation started its environment."""
    memory_mb: int
    memory_used_mb: int
    log: Sequence[str] = ()
    """The last lines of this invocation's log."""
    error_type: str | None = None
    provisioned: bool = False
    """Whether it ran in an environment that was kept ready."""
    walls: str = ""
    """`9/9`: walls that stand, of walls asked for."""
    missing_walls: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.verdict != "success"

    @property
    def log_tail(self) -> bytes:
        """The last 4096 bytes of this invocation's log."""
        # No character is less than a byte: what is further in front cannot be wanted.
        text = "".join(self.log)[-LOG_TAIL_BYTES:]
        return text.encode("utf-8", "replace")[-LOG_TAIL_BYTES:]
