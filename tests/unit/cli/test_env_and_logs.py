"""env list|set|unset, and logs."""

from __future__ import annotations

import json

import pytest

from lamb.cli.faults import UsageFault
from lamb.cli.logs import moment_ms

REVISION = "11111111-2222-4333-8444-555555555555"


def test_names_are_listed_and_values_only_when_asked_for(lamb_line):
    lamb_line("env", "list", "shop")
    assert lamb_line.out == "STAGE\nTOKEN\n"
    lamb_line("env", "list", "shop", "--reveal")
    assert lamb_line.out == "STAGE\tdev\nTOKEN\ts3cret\n"


def test_setting_keeps_the_others_and_guards_the_revision(lamb_line, client, monkeypatch):
    monkeypatch.setenv("MINE", "m")
    assert lamb_line("env", "set", "shop", "STAGE=prod", "-E", "MINE", "-v") == 0
    body = {
        "Environment": {"Variables": {"TOKEN": "s3cret", "STAGE": "prod", "MINE": "m"}},
        "RevisionId": REVISION,
    }
    assert client.said == [("configure", "shop", body)]
    assert lamb_line.err == "✓ shop has 3 variables\n"


def test_setting_what_is_set_already_changes_nothing(lamb_line, client):
    assert lamb_line("env", "set", "shop", "STAGE=dev") == 0
    assert client.said == []


def test_a_word_without_a_value_is_no_variable(lamb_line):
    assert lamb_line("env", "set", "shop", "STAGE") == 2
    assert lamb_line("env", "set", "shop") == 2


def test_unset_removes_only_what_is_named(lamb_line, client):
    assert lamb_line("env", "unset", "shop", "TOKEN") == 0
    assert client.said[-1][-1]["Environment"] == {"Variables": {"STAGE": "dev"}}
    client.said.clear()
    assert lamb_line("env", "unset", "shop", "NOTHING") == 4
    assert client.said == []
    assert lamb_line("env", "unset", "shop", "NOTHING", "STAGE", "--ignore-not-found") == 0


def test_no_change_ever_prints_a_value(lamb_line):
    lamb_line("env", "set", "shop", "NEW=hidden1", "--json")
    assert "hidden1" not in lamb_line.out + lamb_line.err
    assert "s3cret" not in lamb_line.out + lamb_line.err


def test_log_lines_are_printed_as_they_are(lamb_line):
    lamb_line("logs", "hello")
    assert lamb_line.out == "START RequestId: r Version: 1\nhello\n"


def test_log_entries_are_one_json_document_a_line(lamb_line, client):
    lamb_line("logs", "hello", "--json")
    assert [json.loads(line) for line in lamb_line.out.splitlines()] == client.entries


def test_times_and_streams_stand_before_the_lines_when_asked_for(lamb_line):
    lamb_line("logs", "hello", "-t")
    assert lamb_line.out.splitlines()[1] == "1970-01-01T00:00:00.001Z s hello"


def test_the_question_is_passed_on(lamb_line, client):
    given = ["logs", "hello", "-f", "--since", "1970-01-01T00:00:01Z", "--request-id", "r", "--grep", "x"]
    assert lamb_line(*given) == 0
    assert client.said[-1][-1] == {"follow": True, "since_ms": 1000, "request_id": "r", "grep": "x"}


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("30s", 999_970_000),
        ("10m", 999_400_000),
        ("2h", 992_800_000),
        ("1d", 913_600_000),
        ("1970-01-01T00:00:02Z", 2000),
        ("1970-01-01T01:00:02+01:00", 2000),
        ("1970-01-02", 86_400_000),
    ],
)
def test_moments_are_ago_or_absolute(text, ms):
    assert moment_ms(text, 1_000_000_000) == ms


@pytest.mark.parametrize("text", ["", "yesterday", "10", "10y", "-5m"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(UsageFault):
        moment_ms(text, 0)
