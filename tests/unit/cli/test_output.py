"""Tables for eyes, tabs for pipes; colours only where they are wanted."""

from __future__ import annotations

import io

import pytest
from unit.cli.command_lines import Terminal

from lamb.cli.output import Output, size

ROWS = [("hello", 128, None), ("two words", 0.25, "tab\there")]


def piped(draw) -> str:
    stream = io.StringIO()
    draw(Output(stream, io.StringIO()))
    return stream.getvalue()


def on_terminal(draw, **options) -> str:
    terminal = Terminal()
    draw(Output(terminal.stream, io.StringIO(), **options))
    return terminal.drawn()


def test_a_pipe_gets_tabs_and_no_head():
    assert piped(lambda out: out.table(("name", "size", "note"), ROWS)) == (
        "hello\t128\t\ntwo words\t0.25\ttab here\n"
    )


def test_a_terminal_gets_aligned_columns_with_a_head():
    drawn = on_terminal(lambda out: out.table(("name", "size"), [("hello", 1), ("hi", 22)]), color="never")
    assert drawn == "NAME    SIZE\nhello   1\nhi      22\n"


def test_an_empty_table_is_nothing():
    assert piped(lambda out: out.table(("a",), [])) == ""
    assert on_terminal(lambda out: out.table(("a",), [])) == ""


def test_brackets_in_data_are_no_markup():
    assert "[bold]x[/bold]" in on_terminal(
        lambda out: out.table(("a",), [("[bold]x[/bold]",)]), color="never"
    )


def test_pairs_are_names_and_values():
    assert piped(lambda out: out.pairs([("name", "x"), ("memory", 128)])) == "name\tx\nmemory\t128\n"


@pytest.mark.parametrize(
    ("environ", "color", "colored"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": ""}, "auto", True),
        ({"TERM": "dumb"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({}, "never", False),
    ],
)
def test_colours_on_a_terminal_follow_the_wish_and_the_environment(monkeypatch, environ, color, colored):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    drawn = on_terminal(lambda out: out.line(out.style("x", "red", stream=out.stdout)), color=color)
    assert ("\x1b[31m" in drawn) is colored


def test_a_pipe_has_colours_only_when_forced():
    assert piped(lambda out: out.line(out.style("x", "red", stream=out.stdout))) == "x\n"
    stream = io.StringIO()
    out = Output(stream, io.StringIO(), color="always")
    out.line(out.style("x", "red", stream=stream))
    assert stream.getvalue() == "\x1b[31mx\x1b[0m\n"


def test_receipts_are_for_terminals_and_for_those_who_ask():
    for verbose, said in ((False, ""), (True, "✓ done\n")):
        err = io.StringIO()
        Output(io.StringIO(), err, verbose=verbose).receipt("done")
        assert err.getvalue() == said


def test_sizes_are_for_people():
    assert [size(n) for n in (0, 412, 3400, 99_960, 250_000, 52_428_800, 3_000_000_000)] == [
        "0 B", "412 B", "3.4 kB", "100.0 kB", "250 kB", "52.4 MB", "3.0 GB",
    ]  # fmt: skip
