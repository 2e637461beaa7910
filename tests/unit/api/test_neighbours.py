"""Which service a request is for."""

from __future__ import annotations

import json

import pytest
from unit.api.counter import URL, Counter

from lamb.api.gate import Gate
from lamb.core.authorization import Rights
from lamb.model.function import DEFAULT_ROLE

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.fixture
def counter(core):
    return Counter(core)


def test_a_target_names_service_and_operation(counter):
    made = counter.ask("CreateQueue", QueueName="q")
    assert (made.status, made.headers["content-type"]) == (200, "application/x-amz-json-1.0")
    assert made.document == {"QueueUrl": f"{URL}q"}
    assert len(made.headers["x-amzn-requestid"]) == 36


def test_a_queues_own_url_takes_requests(counter):
    counter.ask("CreateQueue", QueueName="q")
    assert counter.ask("SendMessage", path="/123456789012/q", MessageBody="x").status == 200
    got = counter.ask("ReceiveMessage", path="/123456789012/q")
    assert got.document["Messages"][0]["Body"] == "x"


@pytest.mark.parametrize("target", ["AmazonSQS.Dance", "AmazonSQS."])
def test_an_operation_that_is_none_is_said_in_the_services_words(counter, target):
    answer = counter.tell(lambda: counter.post("/", b"{}", {"x-amz-target": target}))
    assert answer.status == 400
    assert answer.headers["x-amzn-query-error"] == "InvalidAction;Sender"
    assert answer.document["__type"] == "com.amazon.coral.service#InvalidAction"


@pytest.mark.parametrize("target", ["DynamoDB_20120810.GetItem", "nothing", "."])
def test_a_service_that_lamb_has_not_is_named(counter, target):
    answer = counter.tell(lambda: counter.post("/", b"{}", {"x-amz-target": target}))
    assert (answer.status, answer.error) == (501, "UnknownOperationException")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"1", b"[" * 100_000, b'{"a": "\\ud800"}'])
def test_a_body_that_is_no_document_is_refused(counter, content):
    answer = counter.tell(lambda: counter.post("/", content, {"x-amz-target": "AmazonSQS.ListQueues"}))
    assert answer.status == 400
    assert answer.document["__type"] == "com.amazon.coral.service#SerializationException"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sqs/aws4_request"},
        {},
    ],
)
def test_a_form_names_its_service_by_signature_or_version(counter, headers):
    content = b"Action=ListQueues&Version=2012-11-05"
    answer = counter.tell(lambda: counter.post("/", content, {**FORM, **headers}))
    assert answer.headers["content-type"] == "text/xml"
    assert b"<Code>InvalidAction</Code><Message>lamb speaks SQS's JSON protocol" in answer.body


def test_what_curl_calls_a_form_still_reaches_lambda(counter):
    content = json.dumps({"FunctionName": "f"}).encode()
    answer = counter.tell(lambda: counter.post("/2015-03-31/functions", content, FORM))
    assert answer.error == "ValidationException"


def test_a_function_may_use_queues_and_not_make_them(core):
    counter = Counter(core, Gate("signed"))
    counter.keys = counter.services.credentials.of_function()
    refused = counter.ask("CreateQueue", QueueName="q")
    assert (refused.status, refused.error) == (403, "AccessDeniedException")
    assert "is not authorized to perform: sqs:CreateQueue" in refused.document["message"]
    Counter(core).ask("CreateQueue", QueueName="q")
    assert counter.ask("SendMessage", QueueUrl="q", MessageBody="x").status == 200


@pytest.mark.parametrize(
    ("resource", "operation", "status"),
    [("q", "SendMessage", 200), ("q", "SendMessageBatch", 200), ("other", "SendMessage", 403)],
)
def test_a_role_may_be_limited_to_a_queue(core, resource, operation, status):
    Counter(core).ask("CreateQueue", QueueName="q")
    counter = Counter(core, Gate("signed"))
    counter.keys = counter.services.credentials.of_function()
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage"}
    allowed["Resource"] = f"arn:aws:sqs:us-east-1:123456789012:{resource}"
    counter.services.credentials.roles[DEFAULT_ROLE] = Rights(
        [{"Version": "2012-10-17", "Statement": allowed}]
    )
    entries = [{"Id": "1", "MessageBody": "x"}]
    members = {"Entries": entries} if operation.endswith("Batch") else {"MessageBody": "x"}
    assert counter.ask(operation, QueueUrl="q", **members).status == status


def test_what_the_gate_says_is_in_the_words_of_the_service(core):
    counter = Counter(core, Gate("signed"))
    answer = counter.ask("ListQueues")
    assert (answer.status, answer.error) == (403, "MissingAuthenticationTokenException")
    assert answer.document == {
        "__type": "com.amazon.coral.service#MissingAuthenticationTokenException",
        "message": "Missing Authentication Token",
    }
    assert answer.headers["x-amzn-query-error"] == "MissingAuthenticationToken;Sender"
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"

    form = counter.tell(lambda: counter.post("/", b"Action=ListTopics&Version=2010-03-31", FORM))
    assert form.headers["content-type"] == "text/xml"
    assert b"<Code>MissingAuthenticationToken</Code><Message>Missing Authentication Token" in form.body


def test_a_signature_for_another_service_is_refused(core):
    counter = Counter(core, Gate("signed"))
    counter.keys = counter.services.credentials.hand_out()
    counter.service = "sns"
    answer = counter.ask("ListQueues")
    assert answer.document["message"] == "Credential should be scoped to correct service: 'sqs'."
    assert answer.headers["x-amzn-query-error"] == "SignatureDoesNotMatch;Sender"
