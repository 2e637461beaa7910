"""The platform's lines, to the letter (recordings of 2025-26 and the guide's monitoring pages)."""

from __future__ import annotations

import json

import pytest

from lamb.logs.lines import JsonLines, Report, TextLines

ID = "8f5d3c1a-0b1c-4a5e-9d2f-3f4b5c6d7e8f"
NOW_MS = 1_767_323_045_678
TEXT = TextLines()
GOOD = Report(ID, 3.014, 110.1, 128, 36)
WARM = Report(ID, 3.0, None, 128, 36)
FAILED = Report(ID, 3.0, None, 128, 36, "error", "Runtime.ExitError")
LATE = Report(ID, 3000.0, None, 128, 36, "timeout", "Sandbox.Timedout")


def record(line: str | None) -> dict:
    assert line is not None
    assert line.endswith("\n")
    document = json.loads(line)
    assert list(document) == ["time", "type", "record"]
    assert document["time"] == "2026-01-02T03:04:05.678Z"
    return {"type": document["type"], **document["record"]}


# ------------------------------------------------------------------------------------- text


def test_init_start_names_the_runtime_version_and_its_arn():
    arn = "arn:aws:lambda:us-east-1::runtime:0123"
    assert TEXT.init_start(NOW_MS, "python:3.13.v70", arn) == (
        f"INIT_START Runtime Version: python:3.13.v70\tRuntime Version ARN: {arn}\n"
    )


def test_start_and_end():
    assert TEXT.start(NOW_MS, ID, "$LATEST") == f"START RequestId: {ID} Version: $LATEST\n"
    assert TEXT.end(NOW_MS, WARM) == f"END RequestId: {ID}\n"


def test_the_report_of_a_cold_start_has_its_init_duration_and_ends_with_a_tab():
    assert TEXT.report(NOW_MS, GOOD) == (
        f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n"
    )


def test_the_report_of_a_warm_start_ends_with_a_tab():
    assert TEXT.report(NOW_MS, WARM) == (
        f"REPORT RequestId: {ID}\tDuration: 3.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\t\n"
    )


def test_the_report_of_a_failure_tells_its_type():
    assert str(TEXT.report(NOW_MS, FAILED)).endswith(
        "Max Memory Used: 36 MB\tStatus: error\tError Type: Runtime.ExitError\n"
    )


def test_the_report_of_a_timeout_says_so():
    assert str(TEXT.report(NOW_MS, LATE)).endswith("Max Memory Used: 36 MB\tStatus: timeout\n")


@pytest.mark.parametrize(
    ("status", "kind", "end"),
    [
        ("timeout", None, "Status: timeout\n"),
        ("error", "Runtime.ExitError", "Status: error\tError Type: Runtime.ExitError\n"),
    ],
)
def test_a_failed_init_phase_has_a_report_of_its_own(status: str, kind: str | None, end: str):
    assert TEXT.init_report(NOW_MS, 10_008.711, status, kind) == (
        f"INIT_REPORT Init Duration: 10008.71 ms\tPhase: init\t{end}"
    )


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed_ms"), [(0.01, None, 1), (1.0, None, 1), (1.01, None, 2), (1.2, 2.9, 5)]
)
def test_billing_rounds_up_and_counts_the_init_phase(duration_ms, init_ms, billed_ms):
    assert Report(ID, duration_ms, init_ms, 128, 1).billed_ms == billed_ms


# ------------------------------------------------------------------------------------- JSON


def test_json_start():
    assert record(JsonLines().start(NOW_MS, ID, "3")) == {
        "type": "platform.start",
        "requestId": ID,
        "version": "3",
    }


def test_json_init_start():
    assert record(JsonLines().init_start(NOW_MS, "python:3.13.v70", "arn:x")) == {
        "type": "platform.initStart",
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": "python:3.13.v70",
        "runtimeVersionArn": "arn:x",
    }


def test_json_report_of_a_cold_start():
    assert record(JsonLines().report(NOW_MS, GOOD)) == {
        "type": "platform.report",
        "requestId": ID,
        "metrics": {
            "durationMs": 3.014,
            "billedDurationMs": 114,
            "memorySizeMB": 128,
            "maxMemoryUsedMB": 36,
            "initDurationMs": 110.1,
        },
        "status": "success",
    }


def test_json_report_of_a_failure():
    told = record(JsonLines().report(NOW_MS, FAILED))
    assert (told["status"], told["errorType"]) == ("error", "Runtime.ExitError")
    assert "initDurationMs" not in told["metrics"]


def test_json_runtime_done_is_for_debugging():
    assert JsonLines("INFO").end(NOW_MS, WARM) is None
    assert record(JsonLines("DEBUG").end(NOW_MS, WARM)) == {
        "type": "platform.runtimeDone",
        "requestId": ID,
        "status": "success",
        "metrics": {"durationMs": 3.0},
    }


def test_level_warn_leaves_only_what_failed():
    lines = JsonLines("WARN")
    assert lines.init_start(NOW_MS, "v", "arn") is None
    assert lines.start(NOW_MS, ID, "1") is None
    assert lines.end(NOW_MS, GOOD) is None
    assert lines.report(NOW_MS, GOOD) is None
    assert record(lines.report(NOW_MS, LATE))["status"] == "timeout"
    assert record(lines.end(NOW_MS, FAILED))["errorType"] == "Runtime.ExitError"
    assert record(lines.init_report(NOW_MS, 12.3456, "error", "Runtime.ExitError")) == {
        "type": "platform.initReport",
        "initializationType": "on-demand",
        "phase": "init",
        "status": "error",
        "errorType": "Runtime.ExitError",
        "metrics": {"durationMs": 12.346},
    }


def test_a_good_init_phase_is_reported_where_no_report_will_tell_of_it():
    assert TEXT.init_report(NOW_MS, 120.127, "success", None) == "INIT_REPORT Init Duration: 120.13 ms\n"
    lines = JsonLines("INFO", "provisioned-concurrency")
    assert record(lines.init_report(NOW_MS, 120.127, "success", None)) == {
        "type": "platform.initReport",
        "initializationType": "provisioned-concurrency",
        "phase": "init",
        "status": "success",
        "metrics": {"durationMs": 120.127},
    }
    assert JsonLines("WARN").init_report(NOW_MS, 1.0, "success", None) is None


def test_a_fault_is_told_in_awss_words():
    assert TEXT.fault(NOW_MS, ID, "why") == f"RequestId: {ID} Error: why\nRuntime.ExitError\n"
    told = json.loads(JsonLines("WARN").fault(NOW_MS, ID, "why"))
    assert (told["type"], told["record"]) == ("platform.fault", f"RequestId: {ID} Error: why")
