"""SNS's query protocol, as boto3 does not speak it: raw forms, functions as callers, JSON answers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest
from unit.api.counter import Counter

from lamb.api.gate import Gate

IN = "{http://sns.amazonaws.com/doc/2010-03-31/}"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
ARN = "arn:aws:sns:us-east-1:123456789012:t"


class SnsCounter(Counter):
    service = "sns"

    def form(self, action, headers=None, **members):
        form = {"Action": action, "Version": "2010-03-31", **members}
        return self.tell(lambda: self.post("/", urlencode(form).encode(), {**FORM, **(headers or {})}))

    def error(self, action, headers=None, **members):
        answer = self.form(action, headers, **members)
        error = ET.fromstring(answer.body).find(f"{IN}Error")
        assert answer.headers["content-type"] == "text/xml"
        return answer.status, error.findtext(f"{IN}Code"), error.findtext(f"{IN}Message")


@pytest.fixture
def counter(core):
    return SnsCounter(core)


def test_an_answer_carries_the_request_id_in_its_body_too(counter):
    answer = counter.form("CreateTopic", Name="t")
    root = ET.fromstring(answer.body)
    assert root.findtext(f"{IN}CreateTopicResult/{IN}TopicArn") == ARN
    assert root.findtext(f".//{IN}RequestId") == answer.headers["x-amzn-requestid"]


def test_an_answer_is_json_for_those_who_ask_for_it(counter):
    made = counter.form("CreateTopic", Name="t", ContentType="JSON").document
    assert made["CreateTopicResponse"]["CreateTopicResult"] == {"TopicArn": ARN}
    refused = counter.form("GetTopicAttributes", TopicArn=f"{ARN}2", ContentType="JSON")
    assert (refused.status, refused.error) == (404, "NotFound")
    assert refused.document["Error"] == {
        "Type": "Sender",
        "Code": "NotFound",
        "Message": "Topic does not exist",
    }


@pytest.mark.parametrize(
    ("action", "members", "path"),
    [
        ("CreateTopic", {}, "name"),
        ("GetTopicAttributes", {}, "topicArn"),
        ("SetTopicAttributes", {"TopicArn": ARN}, "attributeName"),
        ("Subscribe", {"TopicArn": ARN}, "protocol"),
        ("Publish", {"TopicArn": ARN}, "message"),
        ("PublishBatch", {"TopicArn": ARN}, "publishBatchRequestEntries"),
        ("PublishBatch", {"TopicArn": ARN, "PublishBatchRequestEntries.member.1.Message": "m"}, "id"),
        ("ConfirmSubscription", {"TopicArn": ARN}, "token"),
        ("Unsubscribe", {}, "subscriptionArn"),
        ("TagResource", {"ResourceArn": ARN}, "tags"),
        ("UntagResource", {"ResourceArn": ARN}, "tagKeys"),
    ],
)
def test_a_required_member_that_is_missing_is_named(counter, action, members, path):
    assert counter.error(action, **members) == (
        400,
        "ValidationError",
        (
            f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
            "Member must not be null"
        ),
    )


@pytest.mark.parametrize(
    ("action", "members", "member"),
    [
        ("CreateTopic", {"Name.member.1": "t"}, "Name"),
        ("CreateTopic", {"Name": "t", "Attributes": "x"}, "Attributes"),
        ("CreateTopic", {"Name": "t", "Tags": "x"}, "Tags"),
        ("CreateTopic", {"Name": "t", "Tags.member.1.Key": "k"}, "Tags"),
        ("CreateTopic", {"Name": "t", "Tags.member.1": "k"}, "Tags"),
        ("UntagResource", {"ResourceArn": ARN, "TagKeys.member.1.Key": "k"}, "TagKeys"),
        ("Publish", {"TopicArn": ARN, "Message": "m", "MessageAttributes": "x"}, "MessageAttributes"),
        (
            "Publish",
            {
                "TopicArn": ARN,
                "Message": "m",
                "MessageAttributes.entry.1.Name": "a",
                "MessageAttributes.entry.1.Value": "x",
            },
            "MessageAttributes",
        ),
        (
            "PublishBatch",
            {"TopicArn": ARN, "PublishBatchRequestEntries.member.1": "x"},
            "PublishBatchRequestEntries",
        ),
    ],
)
def test_a_member_of_another_shape_is_named(counter, action, members, member):
    assert counter.error(action, **members) == (400, "InvalidParameter", f"Invalid parameter: {member}")


def test_a_form_that_contradicts_itself_is_refused(counter):
    status, code, _ = counter.error("CreateTopic", **{"Name": "t", "Tags": "x", "Tags.member.1.Key": "k"})
    assert (status, code) == (404, "MalformedQueryString")


def test_an_action_that_is_none_is_refused(counter):
    message = "The action Dance is not valid for this endpoint."
    assert counter.error("Dance") == (400, "InvalidAction", message)


def test_another_partition_or_service_in_the_signature_does_not_lead_here(counter):
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sqs/aws4_request"}
    answer = counter.form("ListTopics", headers)
    assert b"lamb speaks SQS's JSON protocol" in answer.body


def test_a_function_may_publish_and_not_make_topics(core):
    SnsCounter(core).form("CreateTopic", Name="t")
    counter = SnsCounter(core, Gate("signed"))
    counter.keys = counter.services.credentials.of_function()
    assert counter.form("Publish", TopicArn=ARN, Message="from a function").status == 200
    status, code, message = counter.error("CreateTopic", Name="other")
    assert (status, code) == (403, "AuthorizationError")
    assert "is not authorized to perform: sns:CreateTopic" in message
