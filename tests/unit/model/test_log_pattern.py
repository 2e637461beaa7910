from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.model.errors import LambError
from lamb.model.log_errors import InvalidParameter
from lamb.model.log_pattern import compiled

DOCUMENT = json.dumps(
    {
        "level": "ERROR",
        "numbers": {"list": [1, 2, {"name": "foo bar"}]},
        "nothing": None,
        "yes": True,
        "text": "12",
        "a-b": {"c d": 1},
        "literal": "a?[b]",
    }
)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("ERROR", "an ERROR here", "an error here"),
        ("ERROR", "ERRORS", "ERRO"),
        ("one two", "two then one", "one"),
        ('"one two"', "one two three", "two one"),
        ("-two one", "one", "one two"),
        ('-"two three"', "two, three", "two three"),
        ("?one ?two", "two", "three"),
        ("?one three", "three", "one"),
        (r'"say \"hi\""', 'say "hi"', "say hi"),
        ("", "anything", None),
        ("  ", "anything", None),
    ],
)
def test_terms_are_wanted_unwanted_or_one_of_several(pattern, matching, other):
    matches = compiled(pattern)
    assert matches(matching)
    assert other is None or not matches(other)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "ERROR" }',
        "{$.level=ERR*}",
        '{ $.level != "INFO" }',
        "{ $.numbers.list[1] >= 2 }",
        '{ $.numbers.list[2].name = "foo*" && $.nothing IS NULL }',
        "{ $.numbers.list[*] = 2 }",
        "{ $.missing NOT EXISTS }",
        "{ $.nothing EXISTS }",
        "{ ($.yes IS FALSE || $.text = 13) || ($.yes IS TRUE && $.text = 12) }",
        '{ $.["a-b"]["c d"] = 1 }',
        "{ $.a-b['c d'] < 1.5 }",
        '{ $.literal = "a?[b]" }',
        "{ $.numbers.list[0] > -1e3 }",
    ],
)
def test_conditions_hold_for_a_json_event(pattern):
    assert compiled(pattern)(DOCUMENT)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "INFO" }',
        "{ $.missing = 1 }",
        "{ $.missing != 1 }",
        "{ $.level > 1 }",
        "{ $.level NOT EXISTS }",
        "{ $.yes IS NULL }",
        '{ $.literal = "axb" }',
        '{ $.level = "ERROR" && $.text > 12 }',
    ],
)
def test_conditions_that_do_not_hold(pattern):
    assert not compiled(pattern)(DOCUMENT)


def test_what_is_no_json_matches_no_condition():
    matches = compiled("{ $.missing NOT EXISTS }")
    assert matches("{}")
    assert not matches("plain text")
    assert not matches('{"half":')


def test_fields_between_blanks_quotes_and_brackets_have_conditions():
    line = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    assert compiled("[ip, id, user, timestamp, request, status_code = 4*, size > 1000]")(line)
    assert compiled("[..., status_code = 404, size]")(line)
    assert compiled('[ip = "127.*", ..., size < 2000 && size != 7]')(line)
    assert not compiled("[ip, id, user]")(line), "as many fields as there are names"
    assert not compiled("[..., status_code = 5*, size]")(line)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a@b", "Invalid character(s) in term 'a@b'"),
        ("ok (x)", "Invalid character(s) in term '(x)'"),
        ('"open', "Invalid character(s) in term '\"open'"),
        ("{ $.a }", "Invalid filter pattern"),
        ("{ $.a = 1", "Invalid filter pattern"),
        ("{ a = 1 }", "Invalid filter pattern"),
        ("{ $.a ~ 1 }", "Invalid filter pattern"),
        ("{ ($.a = 1 }", "Invalid filter pattern"),
        ("{ $.a > x }", "Invalid filter pattern"),
        ("[a, , b]", "Invalid filter pattern"),
        ("[a = 1", "Invalid filter pattern"),
        ("%a.*%", "Invalid filter pattern: lamb matches no regular expressions, as in %a.*%"),
        ("{ $.a = %x% }", "Invalid filter pattern: lamb matches no regular expressions, as in %x%"),
    ],
)
def test_what_is_no_pattern_is_refused_in_awss_words(pattern, text):
    with pytest.raises(InvalidParameter) as caught:
        compiled(pattern)
    assert caught.value.message == text


@given(st.text(alphabet='{}[]().$"%&|=!<>*?- abc01\\', max_size=40), st.text(max_size=40))
def test_no_pattern_and_no_message_is_a_bug(pattern, message):
    try:
        matches = compiled(pattern)
    except LambError:
        return
    assert matches(message) in (True, False)
    assert matches(DOCUMENT) in (True, False)
