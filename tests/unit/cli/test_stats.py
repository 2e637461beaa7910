"""lamb stats: a picture for eyes, names and values for programs."""

from __future__ import annotations

import json

import pytest
from unit.cli.command_lines import statistics, told

from lamb.cli.charts import spark

# Forty runs in the first minute of four, ten of them failed, and ten in the third.
POINTS = [(40, 10), (0, 0), (10, 0), (0, 0)]


@pytest.fixture
def busy(client):
    """`hello` has run, through an alias with two versions behind it."""
    duration = {"duration": statistics(p50=0.374, p90=1.35, p99=120.04, maximum=3021.0)}
    client.counters.documents["hello"] = told(
        "hello",
        POINTS,
        **duration,
        Throttles=3,
        Verdicts={"success": 40, "error": 8, "timeout": 2},
        InitDuration=statistics(count=2, p50=5.1),
        AsyncEventsReceived=1200,
        AsyncEventAge=statistics(count=1200, p50=18.4, maximum=9_000_000.0),
        AsyncEventsDropped=1,
        DeadLettersSent=1,
        Waiting=4,
        Resources=[
            {
                "Resource": f"hello{name}", "ExecutedVersion": version, "Invocations": n,
                "Errors": errors, "ErrorRate": errors / n, "Duration": statistics(p50=0.4, p99=2.0),
            }
            for name, version, n, errors in (("", "$LATEST", 30, 0), (":prod", "4", 20, 10))
        ],
    )  # fmt: skip
    return client


def test_a_pipe_gets_names_and_values(lamb_line, busy):
    assert lamb_line("stats", "hello") == 0
    values = dict(line.split("\t") for line in lamb_line.out.splitlines())
    assert {name: values[name] for name in ("resource", "invocations", "errors", "error_rate")} == {
        "resource": "hello", "invocations": "50", "errors": "10", "error_rate": "0.2",
    }  # fmt: skip
    assert (values["duration_p99_ms"], values["duration_max_ms"]) == ("120.04", "3021")
    assert (values["event_age_p50_ms"], values["events_waiting"]) == ("18.4", "4")
    assert (values["verdict_timeout"], values["throttles"]) == ("2", "3")
    assert "\x1b" not in lamb_line.out


def test_the_cost_is_what_aws_would_bill_with_its_source(lamb_line, busy):
    busy.counters.documents["hello"]["Cost"] = {
        "Requests": 50, "GBSeconds": 0.125, "Architecture": "arm64", "RequestsUSD": 0.00001,
        "DurationUSD": 0.000001667, "USD": 0.000011667, "Source": "a page",
    }  # fmt: skip
    assert lamb_line("stats", "hello", "--cost") == 0
    values = dict(line.split("\t") for line in lamb_line.out.splitlines())
    assert (values["requests"], values["gb_seconds"], values["usd"]) == ("50", "0.125000", "0.000011667")
    assert (values["architecture"], values["prices"]) == ("arm64", "a page")
    lamb_line.on_terminal("stats", "hello", "--cost")
    assert "usd per million" in lamb_line.out
    assert "0.23" in lamb_line.out


def test_the_cost_is_of_one_function(lamb_line):
    assert lamb_line("stats", "--cost") == 2
    assert "lamb stats NAME --cost" in lamb_line.err


def test_what_is_not_known_is_empty(lamb_line):
    lamb_line("stats", "shop")
    values = dict(line.split("\t") for line in lamb_line.out.splitlines())
    assert (values["invocations"], values["duration_p50_ms"], values["error_rate"]) == ("0", "", "0")


def test_a_terminal_gets_a_picture_that_needs_no_colours(lamb_line, busy):
    assert lamb_line.on_terminal("stats", "hello") == 0
    lines = lamb_line.out.splitlines()
    assert lines[0] == "hello · 11:57 to 12:01 UTC, a minute a column"
    full, quarter, wide = "█" * 14, "▄" * 14, " " * 15
    assert lines[2] == f"     40 ┤{full}"
    assert lines[6] == f"        │{full}{wide} {quarter}"
    assert lines[7] == f"        │{full}{wide} {full}"
    assert lines[8] == f"      0 └{'─' * 60}"
    assert lines[9].split() == ["11:57", "11:58", "11:59", "12:00"]
    assert lines[10] == f"  errors {full}"


def test_the_numbers_stand_below_the_picture(lamb_line, busy):
    lamb_line.on_terminal("stats", "hello")
    facts = " ".join(lamb_line.out.split())
    for fact in (
        "invocations 50", "errors 10 · 20 %", "timeouts 2", "throttled 3", "at once 1",
        "time p50 0.37 ms", "time p99 120 ms", "time max 3.0 s", "2 × init p50 5.1 ms", "memory 41/128 MB",
        "events 1,200", "age p50 18.4 ms", "age max 2.5 h", "waiting 4", "dropped 1", "dead letters 1",
        "hello $LATEST 30 0 0.40 ms 2.0 ms", "hello:prod 4 20 10 · 50 % 0.40 ms 2.0 ms",
    ):  # fmt: skip
        assert fact in facts
    assert max(map(len, lamb_line.out.splitlines())) <= 80


def test_failures_are_red_where_there_are_colours(lamb_line, busy):
    lamb_line.on_terminal("stats", "hello", color="always")
    lines = lamb_line.out.splitlines()
    assert "\x1b[32m█" in lines[2], "the top of the first bar is what went well"
    assert "\x1b[31m█" in lines[7], "its foot is what failed"
    assert "\x1b[31m10 · 20 %\x1b[0m" in lamb_line.out


def test_a_function_without_events_has_no_words_for_them(lamb_line):
    lamb_line.on_terminal("stats", "shop")
    assert "nothing ran in this time" in lamb_line.out
    assert "events" not in lamb_line.out
    assert "RESOURCE" not in lamb_line.out


def test_without_a_name_all_functions_are_told(lamb_line, busy):
    assert lamb_line("stats") == 0
    assert lamb_line.out == "hello\t50\t10\t3\t4\t0.374\t120.04\nshop\t0\t0\t0\t0\t\t\n"
    lamb_line("stats", "--json")
    assert [each["FunctionName"] for each in json.loads(lamb_line.out)["Functions"]] == ["hello", "shop"]


def test_the_table_has_pictures_while_there_is_room(lamb_line, client):
    client.counters.documents["hello"] = told("hello", POINTS, duration=statistics(p50=0.4, p99=2.0))
    lamb_line.on_terminal("stats")
    assert [line.split() for line in lamb_line.out.splitlines()] == [
        ["FUNCTION", "INVOCATIONS", "ERRORS", "P50", "P99", "WHEN"],
        ["hello", "50", "10", "·", "20", "%", "0.40", "ms", "2.0", "ms", "█", "▂"],
        ["shop", "0", "0", "-", "-"],
    ]
    client.counters.documents["hello"]["Throttles"] = 7
    lamb_line.on_terminal("stats")
    assert lamb_line.out.splitlines()[0].split()[-2:] == ["THROTTLED", "WAITING"]


def test_since_is_left_to_the_clock_of_the_home(lamb_line, client):
    for since, asked in (
        ((), {"last_ms": 3_600_000, "since_ms": None}),
        (("--since", "2d"), {"last_ms": 172_800_000, "since_ms": None}),
        (("--since", "1970-01-01T00:00:02Z"), {"last_ms": None, "since_ms": 2000}),
    ):
        assert lamb_line("stats", "hello", *since) == 0
        assert {name: client.counters.asked[name] for name in asked} == asked
    assert lamb_line("stats", "hello", "--since", "yesterday") == 2


def test_days_are_named_where_hours_do_not_tell(lamb_line, client):
    client.counters.documents["hello"] = told("hello", POINTS, Period=86_400)
    lamb_line.on_terminal("stats", "hello")
    assert lamb_line.out.startswith("hello · 01-02 11:57 to 01-02 12:01 UTC, 1440 minutes a column\n")


def test_an_unknown_function_is_not_found(lamb_line):
    assert lamb_line("stats", "nothing") == 3


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([0, 0], ""),
        ([1, 2, 4, 8], "▁▂▄█"),
        ([1, 0, 1_000_000], "▁ █"),
        ([None, 3], " █"),
    ],
)
def test_a_line_shows_the_least_beside_the_most(values, drawn):
    assert spark(values) == drawn
