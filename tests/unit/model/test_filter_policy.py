from __future__ import annotations

import json

import pytest

from lamb.model.filter_policy import PolicyRefused, matches_attributes, matches_body, parse


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def number(value: str) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": value}


def array(value: str) -> dict[str, str]:
    return {"DataType": "String.Array", "StringValue": value}


# Conditions of the key `k` → the attribute `k` that they let through, and one that they do not.
ATTRIBUTES = [
    (["red"], text("red"), text("Red")),
    (["red", "green"], text("green"), text("blue")),
    (["1"], text("1"), number("1")),
    ([1], number("1.0"), number("2")),
    ([{"prefix": "re"}], text("red"), text("are")),
    ([{"prefix": "1"}], text("12"), number("12")),
    ([{"suffix": "ed"}], text("red"), text("edit")),
    ([{"equals-ignore-case": "RED"}], text("red"), text("reds")),
    ([{"anything-but": "red"}], text("blue"), text("red")),
    ([{"anything-but": ["red", "blue"]}], text("green"), text("blue")),
    ([{"anything-but": [100]}], number("1"), number("100")),
    ([{"anything-but": {"prefix": "re"}}], text("are"), text("red")),
    ([{"anything-but": "red"}], text("blue"), None),
    ([{"numeric": ["=", 301.5]}], number("3.015e2"), number("301")),
    ([{"numeric": ["<", 0]}], number("-1"), number("0")),
    ([{"numeric": ["<=", 0]}], number("0"), number("0.1")),
    ([{"numeric": [">", 0]}], number("1"), text("1")),
    ([{"numeric": [">=", 5]}], number("5"), number("4")),
    ([{"numeric": [">", 0, "<=", 150]}], number("150"), number("151")),
    ([{"exists": True}], text("any"), None),
    ([{"exists": False}], None, text("any")),
    ([{"cidr": "10.0.0.0/24"}], text("10.0.0.255"), text("10.0.1.0")),
    ([{"cidr": "2001:db8::/32"}], text("2001:db8::1"), text("not an address")),
    (["red"], array('["blue", "red"]'), array('["blue"]')),
    ([7, True], array("[true]"), array("[1]")),
    ([None], array("[null]"), None),
    (["red"], array('["red"]'), array("no json")),
    (["red", {"numeric": ["=", 1]}], number("1"), text("1")),
    ([{"exists": False}], {"DataType": "Binary", "BinaryValue": "AgM="}, text("any")),
]


@pytest.mark.parametrize(("conditions", "let_through", "kept_back"), ATTRIBUTES)
def test_a_condition_lets_one_attribute_through_and_keeps_another_back(conditions, let_through, kept_back):
    policy = parse(json.dumps({"k": conditions}), nested=False)
    for attribute, verdict in ((let_through, True), (kept_back, False)):
        attributes = {} if attribute is None else {"k": attribute}
        assert matches_attributes(policy, {"other": text("x"), **attributes}) is verdict


BODIES = [
    ({"a": ["x"]}, {"a": "x"}, {"a": "y"}),
    ({"a": [1]}, {"a": 1}, {"a": True}),
    ({"a": [True]}, {"a": True}, {"a": 1}),
    ({"a": [None]}, {"a": None}, {}),
    ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, {"a": "x"}),
    ({"a": {"b": ["x"], "c": [1]}}, {"a": {"b": "x", "c": 1}}, {"a": {"b": "x"}}),
    ({"a": ["x"]}, {"a": ["y", ["x"]]}, {"a": []}),
    ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}, {"c": 2}]}),
    ({"a": {"b": [1]}}, {"a": [[{"b": 1}]]}, {"a": [[{"b": 2}]]}),
    ({"a.b": [1]}, {"a": {"b": 1}}, {"a": {"b": 2}}),
    ({"a.b": [1]}, {"a.b": 1}, {"a": 1, "b": 1}),
    ({"a.b.c": [1]}, {"a": {"b.c": 1}}, {"a.b": 1}),
    ({"a": {"b": [1]}}, {"a.b": 1}, {"ab": 1}),
    ({"a": {"b": [1]}, "a.c": [2]}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}),
    ({"a.b": [1]}, {"a": {"b": 0}, "a.b": 1}, {"a": 0, "a.b": 2}),
    ({"a": {"b": [{"exists": False}]}}, {"a": {"c": 1}}, {"a": {"b": 1}}),
    ({"a": [{"exists": True}]}, {"a": 0}, {"a": {"b": 0}}),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, {}),
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, {"a": 2, "b": 1}),
    ({"z": [0], "$or": [{"a": [1]}, {"b": [2]}]}, {"z": 0, "a": 1}, {"a": 1}),
    ({"a": {"$or": [{"b": [1]}, {"c": [2]}]}}, {"a": {"c": 2}}, {"c": 2}),
    ({}, {"any": 1}, [1]),
]


@pytest.mark.parametrize(("policy", "let_through", "kept_back"), BODIES)
def test_a_policy_over_bodies_lets_one_through_and_keeps_another_back(policy, let_through, kept_back):
    read = parse(json.dumps(policy), nested=True)
    assert matches_body(read, json.dumps(let_through))
    assert not matches_body(read, json.dumps(kept_back))


@pytest.mark.parametrize("body", ["plain text", "[]", '"a"', "{", "[" * 100_000])
def test_a_body_that_is_no_json_object_matches_no_policy(body):
    assert not matches_body(parse("{}", nested=True), body)


REFUSED = [
    ({"k": "v"}, '"k" must be an object or an array'),
    ({"k": {"suffix": "v"}}, '"suffix" must be an object or an array'),
    ({"k": [["v"]]}, "Match value must be String, number, true, false, or null"),
    ({"k": [{"wrong-operator": True}]}, "Unrecognized match type wrong-operator"),
    ({"k": [{"suffix": "a", "prefix": "b"}]}, "Only one key allowed in match expression"),
    ({"k": [{}]}, "Only one key allowed in match expression"),
    ({"k": [{"suffix": 100}]}, "suffix match pattern must be a string"),
    ({"k": [{"prefix": None}]}, "prefix match pattern must be a string"),
    ({"k": [{"suffix": ["a", "b"]}]}, "suffix match pattern must be a string"),
    ({"k": [{"exists": "no"}]}, "exists match pattern must be either true or false."),
    ({"k": [{"exists": None}]}, "exists match pattern must be either true or false."),
    ({"k": [{"numeric": []}]}, "Invalid member in numeric match: ]"),
    ({"k": [{"numeric": ["operator"]}]}, "Unrecognized numeric range operator: operator"),
    ({"k": [{"numeric": [1, "<="]}]}, "Invalid member in numeric match: 1"),
    ({"k": [{"numeric": ["=", "000"]}]}, "Value of equals must be numeric"),
    ({"k": [{"numeric": [">="]}]}, "Value of >= must be numeric"),
    ({"k": [{"numeric": ["<", 100, ">", 10]}]}, "Too many elements in numeric expression"),
    ({"k": [{"numeric": [">=", 1, ">", 2]}]}, "Bad numeric range operator: >"),
    ({"k": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top"),
    ({"k": [{"numeric": [">", 20, "<="]}]}, "Value of <= must be numeric"),
    ({"k": [{"numeric": [">", 20, 30]}]}, "Bad value in numeric range: 30"),
    ({"k": [{"numeric": [">", 20, "test"]}]}, "Bad numeric range operator: test"),
    ({"k": [{"numeric": [">", "20", "<", "30"]}]}, "Value of > must be numeric"),
    ({"k": [{"numeric": [">", 20, "<", 30, "<", 50]}]}, "Too many terms in numeric range expression"),
    ({"k": [{"numeric": 5}]}, "Value of numeric must be an array."),
    ({"k": [{"cidr": "10.0.0.0.0/8"}]}, "Malformed CIDR, one '/' required: 10.0.0.0.0/8"),
    ({"k": [{"anything-but": [True]}]}, "Inside anything but list, only strings and numbers are supported."),
    ({"k": [{"anything-but": []}]}, "Inside anything but list, only strings and numbers are supported."),
    ({"k": [{"anything-but": {"numeric": 1}}]}, "Unsupported anything-but pattern: numeric"),
    ({"k": [{"anything-but": {"suffix": "a"}}]}, "Unsupported anything-but pattern: suffix"),
    ({"k": [{"anything-but": {"prefix": False}}]}, "prefix match pattern must be a string"),
    ({"k": []}, "Empty arrays are not allowed"),
    ({str(key): ["v"] for key in range(6)}, "Filter policy can not have more than 5 keys"),
    ({"k": list(range(151))}, "Filter policy is too complex"),
    ({"j": list(range(13)), "k": list(range(12))}, "Filter policy is too complex"),
    ([], "Filter is not an object"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "reason"), REFUSED)
def test_a_policy_that_sns_does_not_take_is_refused_in_its_words(policy, reason):
    with pytest.raises(PolicyRefused) as caught:
        parse(json.dumps(policy), nested=False)
    assert str(caught.value) == f"FilterPolicy: {reason}"


def test_what_is_no_json_is_refused():
    with pytest.raises(PolicyRefused, match="FilterPolicy: failed to parse JSON"):
        parse("{invalid", nested=False)


def test_a_policy_over_attributes_cannot_nest():
    with pytest.raises(PolicyRefused) as caught:
        parse('{"object": {"key": [{"prefix": "auto-"}]}}', nested=False)
    assert str(caught.value) == "Filter policy scope MessageAttributes does not support nested filter policy"


def test_a_dot_in_the_name_of_an_attribute_is_a_dot():
    policy = parse('{"a.b": ["x"]}', nested=False)
    assert matches_attributes(policy, {"a.b": text("x")})


def test_a_key_is_not_both_a_leaf_and_an_object():
    with pytest.raises(PolicyRefused, match="Unrecognized match type b"):
        parse('{"a": ["x"], "a.b": ["y"]}', nested=True)


@pytest.mark.parametrize("depth", [151, 900, 5000, 100_000])
def test_no_depth_is_too_much_for_an_answer(depth):
    for policy in ('{"a":' * depth + '["x"]' + "}" * depth, json.dumps({"a" + ".a" * depth: ["x"]})):
        with pytest.raises(PolicyRefused):
            parse(policy, nested=True)
    policy = parse('{"a": {"b": ["x"]}}', nested=True)
    for body in ('{"a":' * depth + '"x"' + "}" * depth, '{"a":' + "[" * depth + "]" * depth + "}"):
        assert not matches_body(policy, body)
    assert not matches_body(policy, json.dumps({"a" + ".a" * depth: "x"}))


def test_depth_counts_towards_the_complexity_of_a_policy():
    """3 levels x 4 values, 2 levels x 3 values, 1 level x 3 values: 216, as the developer guide counts."""
    policy = {"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1, 2, 3]}
    with pytest.raises(PolicyRefused, match="too complex"):
        parse(json.dumps(policy), nested=True)
    del policy["f"]
    assert parse(json.dumps(policy), nested=True) == policy


def test_alternatives_add_up_where_keys_multiply():
    def policy(values: int) -> str:
        return json.dumps({"$or": [{"a": list(range(values))}, {"b": list(range(values))}]})

    assert parse(policy(75), nested=True)
    with pytest.raises(PolicyRefused, match="too complex"):
        parse(policy(76), nested=True)
