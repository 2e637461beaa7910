from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from lamb.api.query_protocol import answer, members, refusal
from lamb.model.errors import SerializationFailure

NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
IN = f"{{{NAMESPACE}}}"

FORMS = [
    ({}, {}),
    ({"Name": "t", "Action": "CreateTopic"}, {"Name": "t", "Action": "CreateTopic"}),
    ({"Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}, {"Tags": [{"Key": "k", "Value": "v"}]}),
    ({"A.member.10": "c", "A.member.2": "b", "A.member.1": "a"}, {"A": ["a", "b", "c"]}),
    (
        {"Attributes.entry.1.key": "a", "Attributes.entry.1.value": "1", "Attributes.entry.2.key": "b",
         "Attributes.entry.2.value": ""},
        {"Attributes": {"a": "1", "b": ""}},
    ),
    (
        {"MessageAttributes.entry.1.Name": "n", "MessageAttributes.entry.1.Value.DataType": "Number",
         "MessageAttributes.entry.1.Value.StringValue": "1"},
        {"MessageAttributes": {"n": {"DataType": "Number", "StringValue": "1"}}},
    ),
    (
        {"E.member.1.Id": "1", "E.member.1.MessageAttributes.entry.1.Name": "n",
         "E.member.1.MessageAttributes.entry.1.Value.DataType": "String"},
        {"E": [{"Id": "1", "MessageAttributes": {"n": {"DataType": "String"}}}]},
    ),
    ({"Tags": ""}, {"Tags": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "wanted"), FORMS)
def test_dots_in_the_names_of_a_form_are_nesting(form, wanted):
    assert members(form) == wanted


@pytest.mark.parametrize(
    "form",
    [
        {"A": "x", "A.member.1": "y"},
        {"A.member.1": "y", "A": "x"},
        {"A.member": "x"},
        {"A.member.x": "y"},
        {"A.member.0": "y"},
        {"A.member.123456": "y"},
        {"A.entry.1.key": "k"},
        {"A.entry.1": "k"},
        {"A.entry.1.key.deeper": "k", "A.entry.1.value": "v"},
        {"." * 11: "x"},
        {"A." * 100_000: "x"},
    ],
)
def test_names_that_contradict_each_other_are_refused(form):
    with pytest.raises(SerializationFailure):
        members(form)


def test_an_answer_is_the_xml_that_sns_writes():
    document = {
        "Topics": [{"TopicArn": "a"}, {"TopicArn": "b"}],
        "Attributes": {"k": "<&>\r"},
        "Ids": ["1"],
        "NextToken": None,
    }
    response = answer("ListTopics", document, NAMESPACE, "r-1", as_json=False)
    assert (response.status, response.headers) == (200, [(b"content-type", b"text/xml")])
    root = ET.fromstring(response.body)
    result = root.find(f"{IN}ListTopicsResult")
    assert root.tag == f"{IN}ListTopicsResponse"
    assert [each.text for each in result.iter(f"{IN}TopicArn")] == ["a", "b"]
    assert [each.text for each in result.findall(f"{IN}Ids/{IN}member")] == ["1"]
    assert result.findtext(f"{IN}Attributes/{IN}entry/{IN}key") == "k"
    assert result.findtext(f"{IN}Attributes/{IN}entry/{IN}value") == "<&>\r"
    assert result.find(f"{IN}NextToken") is None
    assert root.findtext(f"{IN}ResponseMetadata/{IN}RequestId") == "r-1"


def test_text_that_xml_cannot_hold_leaves_the_answer_readable():
    response = answer("X", {"Attributes": {"a\x00": "b\ud800\x1f"}}, NAMESPACE, "r", as_json=False)
    assert ET.fromstring(response.body).findtext(f".//{IN}value") == "b\ufffd\ufffd"


def test_an_operation_without_a_result_has_none():
    response = answer("DeleteTopic", None, NAMESPACE, "r", as_json=False)
    assert [child.tag for child in ET.fromstring(response.body)] == [f"{IN}ResponseMetadata"]
    response = answer("TagResource", {}, NAMESPACE, "r", as_json=False)
    assert ET.fromstring(response.body)[0].tag == f"{IN}TagResourceResult"


def test_the_same_answer_can_be_had_as_json():
    response = answer("CreateTopic", {"TopicArn": "ä"}, NAMESPACE, "r", as_json=True)
    wanted = {"CreateTopicResult": {"TopicArn": "ä"}, "ResponseMetadata": {"RequestId": "r"}}
    assert json.loads(response.body) == {"CreateTopicResponse": wanted}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_refusal_names_who_is_at_fault(as_json):
    error = {"Type": "Sender", "Code": "NotFound", "Message": "Topic does not exist"}
    response = refusal(404, error, NAMESPACE, "r", as_json=as_json)
    assert response.status == 404
    if as_json:
        assert json.loads(response.body) == {"Error": error, "RequestId": "r"}
        return
    root = ET.fromstring(response.body)
    assert root.tag == f"{IN}ErrorResponse"
    assert {child.tag.removeprefix(IN): child.text for child in root[0]} == error
    assert root.findtext(f"{IN}RequestId") == "r"
