"""How an invocation may end, as values; and the documents AWS answers for each (SEMANTICS §15)."""

from __future__ import annotations

import json
import re
import signal
from typing import NamedTuple

from lamb.model.invocation import Verdict
from lamb.model.limits import INVOKE_RESPONSE_MAX_BYTES

# What AWS's Runtime API lets a runtime call its errors.
_KNOWN = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")
# Go's names, which AWS's texts use.
_SIGNALS: dict[int, str] = {
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGTERM: "terminated",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
    signal.SIGSYS: "bad system call",
}


class Ending(NamedTuple):
    """The verdict on a run, and the document that goes to the caller."""

    verdict: Verdict
    payload: bytes
    error_type: str | None = None
    """For the REPORT line and metrics."""

    @property
    def status(self) -> str:
        if self.verdict == "success":
            return "success"
        return "timeout" if self.verdict == "timeout" else "error"


def succeeded(payload: bytes) -> Ending:
    return Ending("success", payload)


def too_large() -> Ending:
    message = (
        f"Response payload size exceeded maximum allowed payload size ({INVOKE_RESPONSE_MAX_BYTES} bytes)."
    )
    body = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
    return Ending("error", json.dumps(body, separators=(",", ":")).encode(), "Function.ResponseSizeTooLarge")


def raised(payload: bytes) -> Ending:
    """The handler raised; the runtime made the document."""
    return Ending("error", payload, _error_type(payload))


def init_failed(payload: bytes) -> Ending:
    return Ending("init", payload, _error_type(payload))


def timed_out(request_id: str, timeout_s: int) -> Ending:
    return _platform(
        "timeout", "Sandbox.Timedout", request_id, f"Task timed out after {timeout_s:.2f} seconds"
    )


def exited(request_id: str, code: int, *, during_init: bool) -> Ending:
    reason = "Runtime exited without providing a reason"
    if code:
        reason = f"Runtime exited with error: exit status {code}"
    return _platform("init" if during_init else "exit", "Runtime.ExitError", request_id, reason)


def killed(request_id: str, number: int, *, out_of_memory: bool) -> Ending:
    """By a signal. AWS's body says ExitError for exhausted memory, too; its REPORT is more exact."""
    ending = _platform("killed", "Runtime.ExitError", request_id, killed_by(number))
    return Ending(ending.verdict, ending.payload, "Runtime.OutOfMemory") if out_of_memory else ending


def killed_by(number: int) -> str:
    return f"Runtime exited with error: signal: {_SIGNALS.get(number, f'signal {number}')}"


def _platform(verdict: Verdict, error_type: str, request_id: str, message: str) -> Ending:
    body = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return Ending(verdict, json.dumps(body, separators=(",", ":")).encode(), error_type)


def _error_type(payload: bytes) -> str | None:
    """`errorType` of a runtime's document, as metrics keep it: free names become Runtime.Unknown."""
    try:
        name = json.loads(payload)["errorType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "Runtime.Unknown"
    return name if isinstance(name, str) and _KNOWN.fullmatch(name) else "Runtime.Unknown"
