"""`-E` and `.env` files: every spelling is read, and nothing is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.cli.faults import UsageFault
from lamb.cli.variables import collect, pairs_of, parse_file


@pytest.mark.parametrize(
    ("line", "variables"),
    [
        ("A=1", {"A": "1"}),
        ("A=", {"A": ""}),
        ("export A=1", {"A": "1"}),
        ("  A = 1  ", {"A": "1"}),
        ("A=a=b=c", {"A": "a=b=c"}),
        ("A='one # two'", {"A": "one # two"}),
        ('A="x\\n\\"y\\" \\\\z"', {"A": 'x\n"y" \\z'}),
        ("A=one # a remark", {"A": "one"}),
        ("A=one#two", {"A": "one#two"}),
        ("A=# a remark", {"A": "# a remark"}),
        ("# A=1", {}),
        ("", {}),
        ("\n\n  \nA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ('KEY="-----BEGIN\nline two\n-----END"\nB=2', {"KEY": "-----BEGIN\nline two\n-----END", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("odd.key-name=1", {"odd.key-name": "1"}),
        ("A=don't", {"A": "don't"}),
        ("URL=postgres://u:p@h/db?x=1&y=#2", {"URL": "postgres://u:p@h/db?x=1&y=#2"}),
    ],
)
def test_lines_of_an_env_file(line, variables):
    assert parse_file(line, ".env") == variables


def test_a_key_alone_is_passed_on_from_our_environment():
    assert parse_file("TOKEN\nB=2", ".env", {"TOKEN": "t"}.get) == {"TOKEN": "t", "B": "2"}
    assert collect(["TOKEN"], None, {"TOKEN": "t"}.get) == {"TOKEN": "t"}


def test_a_key_alone_that_is_not_set_is_refused():
    with pytest.raises(UsageFault, match="`TOKEN` is to be passed on by -E, but it is not set"):
        collect(["TOKEN"], None, {}.get)


def test_a_line_that_cannot_be_read_is_named_without_its_text():
    with pytest.raises(UsageFault, match=r"`\.env`, line 2, is not KEY=VALUE$") as refused:
        parse_file('A=1\n=s3cret\nB="', ".env")
    assert "s3cret" not in str(refused.value)


def test_flags_beat_files_and_later_files_earlier_ones(tmp_path):
    (tmp_path / "a").write_text("A=1\nB=1\nC=1")
    (tmp_path / "b").write_text("B=2\nC=2")
    assert collect(["C=3"], [tmp_path / "a", tmp_path / "b"]) == {"A": "1", "B": "2", "C": "3"}


def test_nothing_given_is_different_from_nothing_in_it(tmp_path):
    (tmp_path / "empty").touch()
    assert collect(None, None) is None
    assert collect(None, [tmp_path / "empty"]) == {}


def test_an_env_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageFault, match="cannot be read: No such file"):
        collect(None, [tmp_path / "nowhere"])


@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True), st.text(), max_size=5))
def test_whatever_is_quoted_comes_back(variables):
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = "\n".join(f"{key}={quoted(value)}" for key, value in variables.items())
    assert parse_file(text, ".env") == variables


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        variables = parse_file(text, ".env", {}.get)
    except UsageFault:
        return
    assert all(variables)


def test_tags_are_pairs():
    assert pairs_of(["a=b", "c="], "--tag") == {"a": "b", "c": ""}
    with pytest.raises(UsageFault, match="`--tag x` is not KEY=VALUE"):
        pairs_of(["x"], "--tag")
