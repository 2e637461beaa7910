from __future__ import annotations

import json

import pytest
from unit.cli.memory_events import DEAD, QUEUED


def test_async_prints_the_request_id_and_nothing_else(lamb_line):
    assert lamb_line("invoke", "hello:prod", "--async", "-e", '{"a": 1}') == 0
    assert (lamb_line.out, lamb_line.err) == (f"{QUEUED}\n", "")
    assert ("send", "hello:prod", b'{"a": 1}') in lamb_line.client.said


@pytest.mark.parametrize("other", [("--log",), ("--seed", "3"), ("--client-context", "{}")])
def test_async_and_what_waits_for_the_run_contradict_each_other(lamb_line, other):
    assert lamb_line("invoke", "hello", "--async", *other) == 2
    assert f"--async and {other[0]} do not go together" in lamb_line.err
    assert not lamb_line.client.said


def test_piped_events_are_tab_separated(lamb_line):
    assert lamb_line("events", "list", "hello") == 0
    first, second = (line.split("\t") for line in lamb_line.out.splitlines())
    assert first == [QUEUED, "hello:prod", "queued", "2026-01-02 03:04:05", "1", "due 03:05:05"]
    assert second == [DEAD, "hello", "failed", "2026-01-02 03:04:05", "3", "no such order"]


def test_dead_letters_alone_by_their_ids(lamb_line):
    assert lamb_line("events", "list", "--state", "failed", "-q") == 0
    assert lamb_line.out == f"{DEAD}\n"
    assert lamb_line("events", "list", "--limit", "1", "-q") == 0
    assert lamb_line.out == f"{QUEUED}\n"


def test_an_event_is_shown_with_its_payload(lamb_line):
    assert lamb_line("events", "show", DEAD) == 0
    shown = dict(line.split("\t") for line in lamb_line.out.splitlines())
    assert shown["payload"] == '{"n": 1}'
    assert shown["condition"] == "RetriesExhausted"
    assert "due" not in shown


def test_an_event_that_is_not_there_is_exit_code_3(lamb_line):
    assert lamb_line("events", "show", "nobody") == 3


def test_only_what_is_not_over_can_be_cancelled(lamb_line):
    assert lamb_line("events", "cancel", QUEUED) == 0
    assert lamb_line("events", "cancel", DEAD) == 4


def test_replays_print_the_new_ids(lamb_line):
    assert lamb_line("events", "replay", DEAD, QUEUED, "--on", "7") == 0
    assert lamb_line.out == f"{QUEUED}\n" * 2
    assert ("replay", DEAD, "7") in lamb_line.client.said


def test_a_wait_asks_until_nothing_is_left(lamb_line):
    assert lamb_line("wait", "events", "hello", "--empty") == 0
    assert [said[0] for said in lamb_line.client.said] == ["emptied", "emptied"]


def test_a_wait_that_expires_is_exit_code_124(lamb_line):
    assert lamb_line("wait", "events", "hello", "--empty", "--timeout", "0s") == 124
    assert "hello still has events after 0s" in lamb_line.err
    assert lamb_line("wait", "events", "hello") == 2


def test_how_events_are_taken_is_shown_with_the_defaults(lamb_line):
    assert lamb_line("async", "hello") == 0
    assert dict(line.split("\t") for line in lamb_line.out.splitlines()) == {
        "function": "hello", "retries": "2", "max age": "6h", "on success": "-", "on failure": "-",
    }  # fmt: skip


def test_destinations_may_be_named_by_their_kind(lamb_line):
    assert lamb_line("async", "hello", "--retries", "0", "--max-age", "1h", "--on-failure", "queue:dead") == 0
    _, name, body = lamb_line.client.said[-1]
    assert (name, body) == (
        "hello",
        {
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"}},
        },
    )
    assert lamb_line("async", "hello", "--on-success", "mail:me") == 2
    assert "queue:NAME, topic:NAME, function:NAME or an ARN" in lamb_line.err


def test_clearing_stands_alone(lamb_line):
    assert lamb_line("async", "hello", "--clear", "--retries", "1") == 2
    assert lamb_line("async", "hello", "--clear") == 0
    assert lamb_line.client.said[-1] == ("event config", "hello", None)


def test_a_dead_letter_queue_belongs_to_the_configuration(lamb_line):
    assert lamb_line("configure", "hello", "--dead-letter", "queue:dead") == 0
    said = next(said for said in lamb_line.client.said if said[0] == "configure")
    assert said[2] == {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}}


def test_a_clock_is_set_ahead_and_never_back(lamb_line):
    assert lamb_line("clock", "+1h30m", "--time-scale", "60", "--json") == 0
    assert json.loads(lamb_line.out)["AheadMs"] == 5_400_000
    assert lamb_line("clock", "6h") == 2
    assert lamb_line("clock", "+soon") == 2
    assert "hint: e.g. 30s, 10m, 6h, 1d12h" in lamb_line.err


def test_the_clock_on_a_terminal_says_how_it_goes(lamb_line):
    assert lamb_line("clock", "-v") == 0
    assert lamb_line.out == "2026-01-02T03:04:05.678Z\n"
    assert "the machine's time" in lamb_line.err
