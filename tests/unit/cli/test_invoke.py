"""`lamb invoke` as a filter: what it sends, what it prints where, and what it ends with."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from unit.cli.command_lines import answer

from lamb.cli.output import Output
from lamb.model.errors import EnvironmentStartFailed, InvalidRequestContent, TooManyRequests


def sent(client) -> bytes:
    [(_, _, payload, _)] = [said for said in client.said if said[0] == "invoke"]
    return payload


def test_the_result_alone_is_on_stdout_and_nothing_on_stderr(lamb_line):
    assert lamb_line("invoke", "hello") == 0
    assert (lamb_line.out, lamb_line.err) == ('{"ok": true}\n', "")


def test_the_event_is_an_empty_object_by_default(lamb_line, client):
    lamb_line("invoke", "hello")
    assert sent(client) == b"{}"


def test_the_event_may_stand_on_the_line_or_in_a_file(lamb_line, client, tmp_path):
    (tmp_path / "event.json").write_bytes(b'{"a": "\xc3\xa9"}')
    lamb_line("invoke", "hello", "-e", '{"b": 1}')
    assert sent(client) == b'{"b": 1}'
    client.said.clear()
    lamb_line("invoke", "hello", "-e", "@event.json")
    assert sent(client) == b'{"a": "\xc3\xa9"}'


@pytest.mark.parametrize("flags", [(), ("-e", "-")])
def test_what_is_piped_in_is_the_event(lamb_line, client, flags):
    reader, writer = os.pipe()
    os.write(writer, b'{"piped": 1}')
    os.close(writer)
    with os.fdopen(reader) as lamb_line.stdin:
        lamb_line("invoke", "hello", *flags)
    assert sent(client) == b'{"piped": 1}'


def test_dev_null_is_no_event(lamb_line, client):
    with Path(os.devnull).open() as lamb_line.stdin:
        lamb_line("invoke", "hello")
    assert sent(client) == b"{}"


def test_an_event_file_that_is_not_there_is_a_usage_error(lamb_line):
    assert lamb_line("invoke", "hello", "-e", "@nowhere.json") == 2
    assert lamb_line.err == "lamb: `nowhere.json` cannot be read: No such file or directory\n"


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("success", 0), ("error", 10), ("timeout", 11), ("killed", 12), ("exit", 12), ("init", 13)],
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_the_exit_code_is_the_verdict(lamb_line, client, verdict, code, flags):
    client.answer = answer(verdict=verdict, payload=b'{"errorType": "X"}')
    assert lamb_line("invoke", "hello", *flags) == code
    assert "errorType" in lamb_line.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TooManyRequests("ConcurrentInvocationLimitExceeded"), 14),
        (InvalidRequestContent("Could not parse request body into json"), 2),
        (EnvironmentStartFailed("the pid wall: EPERM"), 1),
    ],
)
def test_what_is_no_verdict_has_codes_of_its_own(lamb_line, client, error, code):
    client.answer = error
    assert lamb_line("invoke", "hello") == code
    assert lamb_line.out == ""
    assert lamb_line.err.startswith(f"lamb: {error.message.rstrip('.')}\n")


def test_a_function_nobody_knows_is_not_found_and_the_near_one_is_named(lamb_line):
    assert lamb_line("invoke", "helo") == 3
    assert "Function not found: arn:aws:lambda:us-east-1:123456789012:function:helo\n" in lamb_line.err
    assert lamb_line.err.endswith("hint: did you mean `hello`?\n")


def test_on_a_terminal_a_receipt_follows_on_stderr(lamb_line, client):
    client.answer = answer(init_ms=4.94, executed_version="3")
    assert lamb_line.on_terminal("invoke", "hello:prod") == 0
    assert lamb_line.out == '{"ok": true}\n'
    assert lamb_line.err == "✓ 3.1 ms · init 4.9 ms (cold) · 41/128 MB · hello:3 · walls 9/9 · …a7b1\n"


def test_a_missing_wall_stands_out_in_the_receipt(lamb_line, client):
    client.answer = answer(walls="8/9", missing_walls=("cgroup",))
    lamb_line.on_terminal("invoke", "hello", color="always")
    assert "\x1b[33mwalls 8/9\x1b[0m" in lamb_line.err


def test_the_receipt_of_a_failure_says_how_it_failed(lamb_line, client):
    client.answer = answer(verdict="timeout")
    lamb_line.on_terminal("invoke", "hello")
    assert lamb_line.err.startswith("✗ timed out · 3.1 ms · ")


def test_a_pipe_gets_a_receipt_when_it_asks(lamb_line):
    lamb_line("invoke", "hello", "-v")
    assert lamb_line.err.startswith("✓ 3.1 ms · ")
    assert "\x1b" not in lamb_line.err


def test_the_envelope_holds_the_payload_as_json(lamb_line, client):
    client.answer = answer(init_ms=4.0, log_tail=b"START\n")
    lamb_line("invoke", "hello", "--json")
    envelope = json.loads(lamb_line.out)
    assert envelope["Payload"] == {"ok": True}
    assert (envelope["Cold"], envelope["InitMs"], envelope["LogTail"]) == (True, 4.0, "START\n")
    assert "FunctionError" not in envelope


def test_the_envelope_names_the_function_error(lamb_line, client):
    client.answer = answer(verdict="error", function_error="Unhandled", payload=b'{"errorType": "E"}')
    assert lamb_line("invoke", "hello", "--json") == 10
    envelope = json.loads(lamb_line.out)
    assert (envelope["FunctionError"], envelope["Payload"]["errorType"]) == ("Unhandled", "E")


def test_a_seed_and_a_client_context_are_passed_on(lamb_line, client):
    lamb_line("invoke", "hello", "--seed", "7", "--client-context", '{"custom": {}}')
    assert client.said[-1][3]["seed"] == 7
    assert client.said[-1][3]["client_context"] == '{"custom": {}}'


def test_the_setting_seed_is_the_default(lamb_line, client, monkeypatch):
    monkeypatch.setenv("LAMB_SEED", "9")
    lamb_line("invoke", "hello")
    assert client.said[-1][3]["seed"] == 9


def test_a_dry_run_runs_nothing(lamb_line, client):
    assert lamb_line("invoke", "hello", "--dry-run") == 0
    assert (lamb_line.out, client.said) == ("", [])
    assert lamb_line("invoke", "nothing", "--dry-run") == 3


def test_bytes_that_are_no_text_pass_unchanged():
    class Bytes(io.StringIO):
        buffer = io.BytesIO()

    Output(Bytes(), io.StringIO()).raw(b'"\xff"')
    assert Bytes.buffer.getvalue() == b'"\xff"\n'
