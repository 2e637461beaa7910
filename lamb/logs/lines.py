"""The platform's own log lines, in AWS's text and JSON formats.

Formats: monitoring-cloudwatchlogs pages of the developer guide, and recordings (2025-26).
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from lamb.model.clock import iso_z

_LEVELS = ("DEBUG", "INFO", "WARN")


class Report(NamedTuple):
    """What a REPORT line says. Times in milliseconds; `init_ms` only for cold starts."""

    request_id: str
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    memory_used_mb: int
    status: str = "success"
    """success · error · timeout"""
    error_type: str | None = None

    @property
    def billed_ms(self) -> int:
        """Rounded up, with the init phase (billed for on-demand functions since August 2025)."""
        return math.ceil(self.duration_ms + (self.init_ms or 0.0))


class TextLines:
    """LogFormat Text."""

    def init_start(self, now_ms: int, version: str, arn: str) -> str | None:  # noqa: ARG002
        return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"

    def init_report(self, now_ms: int, init_ms: float, status: str, error_type: str | None) -> str | None:  # noqa: ARG002
        """Of a failed init phase, and of one ahead of any invocation: others are told by a REPORT."""
        kind = f"\tError Type: {error_type}" if error_type else ""
        how = "" if status == "success" else f"\tPhase: init\tStatus: {status}{kind}"
        return f"INIT_REPORT Init Duration: {init_ms:.2f} ms{how}\n"

    def start(self, now_ms: int, request_id: str, version: str) -> str | None:  # noqa: ARG002
        return f"START RequestId: {request_id} Version: {version}\n"

    def fault(self, now_ms: int, request_id: str, reason: str) -> str | None:  # noqa: ARG002
        return f"RequestId: {request_id} Error: {reason}\nRuntime.ExitError\n"

    def end(self, now_ms: int, report: Report) -> str | None:  # noqa: ARG002
        return f"END RequestId: {report.request_id}\n"

    def report(self, now_ms: int, report: Report) -> str | None:  # noqa: ARG002
        init = "" if report.init_ms is None else f"Init Duration: {report.init_ms:.2f} ms\t"
        status = "" if report.status == "success" else f"Status: {report.status}"
        kind = f"\tError Type: {report.error_type}" if report.status == "error" and report.error_type else ""
        # AWS ends the line with a tab before the newline.
        return (
            f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms\t"
            f"Billed Duration: {report.billed_ms} ms\tMemory Size: {report.memory_mb} MB\t"
            f"Max Memory Used: {report.memory_used_mb} MB\t{init}{status}{kind}\n"
        )


class JsonLines:
    """LogFormat JSON: platform events, filtered by the system log level."""

    def __init__(self, level: str = "INFO", init_type: str = "on-demand") -> None:
        self._init_type = init_type
        self._least = _LEVELS.index(level) if level in _LEVELS else 1

    def _line(self, now_ms: int, level: str, kind: str, record: dict[str, Any] | str) -> str | None:
        if _LEVELS.index(level) < self._least:
            return None
        document = {"time": iso_z(now_ms), "type": f"platform.{kind}", "record": record}
        return json.dumps(document, separators=(",", ":")) + "\n"

    def init_start(self, now_ms: int, version: str, arn: str) -> str | None:
        record = {
            "initializationType": self._init_type,
            "phase": "init",
            "runtimeVersion": version,
            "runtimeVersionArn": arn,
        }
        return self._line(now_ms, "INFO", "initStart", record)

    def init_report(self, now_ms: int, init_ms: float, status: str, error_type: str | None) -> str | None:
        record: dict[str, Any] = {"initializationType": self._init_type, "phase": "init", "status": status}
        if error_type:
            record["errorType"] = error_type
        record["metrics"] = {"durationMs": round(init_ms, 3)}
        return self._line(now_ms, "INFO" if status == "success" else "WARN", "initReport", record)

    def start(self, now_ms: int, request_id: str, version: str) -> str | None:
        return self._line(now_ms, "INFO", "start", {"requestId": request_id, "version": version})

    def fault(self, now_ms: int, request_id: str, reason: str) -> str | None:
        return self._line(now_ms, "WARN", "fault", f"RequestId: {request_id} Error: {reason}")

    def end(self, now_ms: int, report: Report) -> str | None:
        level = "DEBUG" if report.status == "success" else "WARN"
        record: dict[str, Any] = {"requestId": report.request_id, "status": report.status}
        if report.error_type:
            record["errorType"] = report.error_type
        record["metrics"] = {"durationMs": round(report.duration_ms, 3)}
        return self._line(now_ms, level, "runtimeDone", record)

    def report(self, now_ms: int, report: Report) -> str | None:
        metrics = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": report.memory_used_mb,
        }
        if report.init_ms is not None:
            metrics["initDurationMs"] = round(report.init_ms, 3)
        record: dict[str, Any] = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
        if report.error_type:
            record["errorType"] = report.error_type
        return self._line(now_ms, "INFO" if report.status == "success" else "WARN", "report", record)


Lines = TextLines | JsonLines
