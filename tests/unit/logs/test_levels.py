from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.logs.levels import passes

TIME = "2026-01-02T03:04:05Z"


def line(**document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("least", "kept"),
    [
        ("TRACE", ["TRACE", "debug", "Info", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"]),
        ("DEBUG", ["debug", "Info", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"]),
        ("INFO", ["Info", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"]),
        ("WARN", ["WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"]),
        ("ERROR", ["ERROR", "FATAL", "CRITICAL"]),
        ("FATAL", ["FATAL", "CRITICAL"]),
    ],
)
def test_json_passes_from_its_level_on_however_that_is_spelled(least: str, kept: list[str]):
    levels = ["TRACE", "debug", "Info", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"]
    assert [level for level in levels if passes(line(level=level, timestamp=TIME), least)] == kept


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"timestamp": TIME},
        {"level": "ERROR"},
        {"level": "LOUD", "timestamp": TIME},
        {"level": 50, "timestamp": TIME},
        {"level": ["ERROR"], "timestamp": TIME},
        {"level": "ERROR", "timestamp": 1_767_323_045},
        {"level": "ERROR", "timestamp": "2026-01-02"},
        {"level": "ERROR", "timestamp": "2026-01-02T03:04:05"},
        {"level": "ERROR", "timestamp": "2026-01-02 03:04:05,678+0000"},
        {"level": "ERROR", "timestamp": "2026-13-02T03:04:05Z"},
    ],
)
def test_without_a_valid_level_and_time_json_is_at_info(document: dict[str, object]):
    assert passes(line(**document), "INFO")
    assert not passes(line(**document), "WARN")


@pytest.mark.parametrize("time", [TIME, "2026-01-02T03:04:05.123456789z", "2026-01-02T03:04:05+02:00"])
def test_times_are_those_of_rfc_3339(time: str):
    assert passes(line(level="ERROR", timestamp=time), "ERROR")


@pytest.mark.parametrize(
    "text", [b"", b"text", b'["level"]', b"7", b"{", b'{"level": "DEBUG"', b"{" * 100_000]
)
def test_what_is_no_json_object_always_passes(text: bytes):
    assert passes(text, "FATAL")


def test_blanks_around_json_do_not_matter():
    assert not passes(b"  " + line(level="DEBUG", timestamp=TIME) + b"\r\n", "INFO")


@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"{" + tail)))
def test_whatever_is_printed_it_is_judged(text: bytes):
    assert passes(text, "TRACE") in (True, False)
