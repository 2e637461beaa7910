from __future__ import annotations

import pytest

from lamb.packages.ignore import Ignore


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("*.log", ["a.log", "d/a.log"], ["a.logs"]),
        ("/a", ["a"], ["d/a"]),
        ("d/a", ["d/a"], ["e/d/a", "a"]),
        ("**/a", ["a", "d/a", "d/e/a"], ["ab"]),
        ("d/**", ["d/a", "d/e/a"], ["d", "e/a"]),
        ("d/**/a", ["d/a", "d/e/f/a"], ["a"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[!a]x", ["bx"], ["ax"]),
        ("[^a]x", ["bx"], ["ax", "x"]),
        ("[]a]x", ["]x", "ax"], ["bx"]),
        (r"[\\]x", ["\\x"], ["x"]),
        ("[a", ["[a"], ["a"]),
        (r"\#a", ["#a"], ["a"]),
        (r"\!a", ["!a"], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a ", ["a"], ["a "]),
    ],
)
def test_a_pattern_means_what_it_means_in_a_gitignore(pattern, left_out, kept):
    ignore = Ignore([pattern])
    wrong = [path for path in left_out if not ignore.leaves_out(path, is_directory=False)]
    wrong += [path for path in kept if ignore.leaves_out(path, is_directory=False)]
    assert wrong == []


def test_a_pattern_with_a_slash_at_its_end_means_directories_only():
    ignore = Ignore(["logs/"])
    assert ignore.leaves_out("a/logs", is_directory=True)
    assert not ignore.leaves_out("a/logs", is_directory=False)


def test_the_last_match_decides():
    ignore = Ignore(["*.log", "!keep.log", "keep.log"])
    assert ignore.leaves_out("keep.log", is_directory=False)
