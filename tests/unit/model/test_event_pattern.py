"""Filters of event source mappings, sentence by sentence of the developer guide."""

from __future__ import annotations

import json

import pytest

from lamb.model.event_pattern import DataKey, PatternRefused, compile_pattern, lets_through

BODY = DataKey("body")
DATA = DataKey("data", json_only=True)


def holds(pattern: object, record: dict[str, object], data: DataKey = BODY) -> bool:
    return compile_pattern(json.dumps(pattern), data).matches(record)


def body(text: str) -> dict[str, object]:
    return {"messageId": "m", "body": text, "awsRegion": "us-east-1"}


@pytest.mark.parametrize(
    ("condition", "matching", "others"),
    [
        ("open", ['"open"'], ['"Open"', '"opened"', "null"]),
        ("", ['""'], ['" "', "null"]),
        (None, ["null"], ['"null"', '""', "0"]),
        (True, ["true"], ["1", '"true"', "false"]),
        (300, ["300"], ["300.0", "3.0e2", '"300"']),
        ({"prefix": "us-"}, ['"us-east-1"', '"us-"'], ['"eu-us-1"', "7"]),
        ({"suffix": ".png"}, ['"a.png"'], ['".png.gz"', "null"]),
        ({"equals-ignore-case": "MiXeD"}, ['"mixed"', '"MIXED"'], ['"mix"']),
        ({"anything-but": ["a", 7]}, ['"b"', "8", "null", "7.0"], ['"a"', "7"]),
        ({"anything-but": "a"}, ['"b"'], ['"a"']),
        ({"anything-but": {"prefix": "x"}}, ['"ax"', "1"], ['"xa"']),
        ({"numeric": ["=", 5]}, ["5", "5.0", "0.5e1"], ["6", '"5"']),
        ({"numeric": [">", 10, "<=", 20]}, ["10.5", "20"], ["10", "21", "null"]),
        ({"exists": True}, ["0", "null", '""', "[1]"], ["{}", '{"inner": 1}']),
    ],
)
def test_a_condition_matches_and_does_not(condition, matching, others):
    for value in matching:
        assert holds({"body": {"key": [condition]}}, body(f'{{"key": {value}}}')), value
    for value in others:
        assert not holds({"body": {"key": [condition]}}, body(f'{{"key": {value}}}')), value


def test_what_is_absent_matches_only_the_condition_that_it_is():
    for condition in ("a", None, {"anything-but": ["a"]}, {"exists": True}, {"prefix": ""}):
        assert not holds({"body": {"key": [condition]}}, body("{}"))
    assert holds({"body": {"key": [{"exists": False}]}}, body("{}"))
    assert holds({"body": {"a": {"b": [{"exists": False}]}}}, body('{"a": 1}'))


def test_fields_are_joined_by_and_and_the_conditions_of_one_by_or():
    pattern = {"body": {"kind": ["new", "changed"], "size": [{"numeric": [">", 3]}]}}
    assert holds(pattern, body('{"kind": "changed", "size": 4}'))
    assert not holds(pattern, body('{"kind": "changed", "size": 3}'))
    assert not holds(pattern, body('{"kind": "old", "size": 4}'))


def test_or_over_several_fields_takes_any_of_the_alternatives():
    pattern = {"body": {"$or": [{"kind": ["new"]}, {"size": [1]}], "on": [True]}}
    assert holds(pattern, body('{"kind": "new", "on": true}'))
    assert holds(pattern, body('{"size": 1, "on": true}'))
    assert not holds(pattern, body('{"size": 1, "on": false}'))
    assert not holds(pattern, body('{"size": 2, "on": true}'))


def test_an_array_matches_by_any_of_its_elements():
    assert holds({"body": {"tags": ["b"]}}, body('{"tags": ["a", "b"]}'))
    assert not holds({"body": {"tags": ["c"]}}, body('{"tags": ["a", "b"]}'))
    assert holds({"body": {"items": {"a": [1], "b": [2]}}}, body('{"items": [{"a": 1, "b": 2}]}'))
    assert not holds({"body": {"items": {"a": [1], "b": [2]}}}, body('{"items": [{"a": 1}, {"b": 2}]}'))


def test_text_and_json_do_not_match_each_other():
    assert holds({"body": ["hello"]}, body("hello"))
    assert not holds({"body": ["hello"]}, body('{"hello": 1}'))
    assert not holds({"body": {"hello": [1]}}, body("hello"))
    assert not holds({"body": {"hello": [{"exists": False}]}}, body("hello"))
    assert not holds({"body": [{"prefix": "{"}]}, body('{"a": 1}'))


def test_without_a_pattern_for_the_data_the_rest_is_looked_at():
    assert holds({"awsRegion": ["us-east-1"]}, body("anything {"))
    assert not holds({"awsRegion": [{"prefix": "eu-"}]}, body("{}"))


def test_the_record_of_a_table_is_looked_into_as_it_is():
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"n": {"N": ["5"]}}}}
    data = DataKey("dynamodb", json_only=True)
    assert holds(pattern, {"eventName": "INSERT", "dynamodb": {"NewImage": {"n": {"N": "5"}}}}, data)
    assert not holds(pattern, {"eventName": "MODIFY", "dynamodb": {"NewImage": {"n": {"N": "5"}}}}, data)


def test_any_of_several_filters_lets_a_record_through_and_none_lets_everything():
    filters = [compile_pattern(json.dumps({"body": {"a": [n]}}), BODY) for n in (1, 2)]
    assert lets_through(filters, body('{"a": 2}'))
    assert not lets_through(filters, body('{"a": 3}'))
    assert lets_through([], body("{"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "simple string",
        "null",
        "[]",
        "{}",
        '{"eventSource": "aws:sqs"}',
        '{"eventSource": []}',
        '{"body": {}}',
        '{"body": {"a": [["x"]]}}',
        '{"body": {"a": [{"unknown": 1}]}}',
        '{"body": {"a": [{"prefix": 1}]}}',
        '{"body": {"a": [{"prefix": "a", "suffix": "b"}]}}',
        '{"body": {"a": [{"exists": "yes"}]}}',
        '{"body": {"a": [{"anything-but": []}]}}',
        '{"body": {"a": [{"anything-but": [true]}]}}',
        '{"body": {"a": [{"anything-but": {"exists": true}}]}}',
        '{"body": {"a": [{"numeric": []}]}}',
        '{"body": {"a": [{"numeric": [">"]}]}}',
        '{"body": {"a": [{"numeric": ["!", 1]}]}}',
        '{"body": {"a": [{"numeric": [">", "1"]}]}}',
        '{"body": {"a": [{"numeric": [">", 3, "<", 2]}]}}',
        '{"body": {"a": [{"numeric": ["<", 3, "<", 5]}]}}',
        '{"body": {"a": [{"numeric": [">", NaN]}]}}',
        '{"body": {"a": [{"numeric": [">", 1e999]}]}}',
        '{"body": ' * 5000,
    ],
)
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(PatternRefused, match="Invalid filter pattern definition"):
        compile_pattern(text, BODY)


def test_data_of_streams_can_be_asked_for_as_json_only():
    with pytest.raises(PatternRefused):
        compile_pattern('{"data": ["text"]}', DATA)
    with pytest.raises(PatternRefused):
        compile_pattern('{"$or": [{"data": ["text"]}, {"partitionKey": ["1"]}]}', DATA)
    assert compile_pattern('{"data": {"a": ["text"]}}', DATA).matches({"data": '{"a": "text"}'})
