"""Local queues by the command line, by functions, and by the home's clock."""

from __future__ import annotations

import json

import pytest

SENDER = """
import boto3

def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=event["queue"])["QueueUrl"]
    if "send" in event:
        sqs.send_message(QueueUrl=url, MessageBody=event["send"])
    try:
        sqs.delete_queue(QueueUrl=url)
    except sqs.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
"""


@pytest.fixture
def queue(lamb_of_module, request) -> str:
    name = request.node.name[:60].replace("[", "-").replace("]", "")
    lamb_of_module.run("queue", "create", name, "--visibility", "3600", "--if-not-exists")
    return name


def test_what_is_sent_is_peeked_at_received_and_gone(lamb_of_module, queue):
    lamb = lamb_of_module
    sent = lamb.run("queue", "send", queue, "hello", "-a", "kind=new").stdout.strip()
    (seen,) = lamb.json("queue", "peek", queue)["Messages"]
    assert (seen["MessageId"], seen["Attributes"]["ApproximateReceiveCount"]) == (sent, "0")
    (got,) = lamb.json("queue", "receive", queue)["Messages"]
    assert got["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "new"}}
    assert lamb.run("queue", "receive", queue).stdout == ""


def test_bodies_come_from_a_pipe_and_go_into_one(lamb_of_module, queue):
    lamb = lamb_of_module
    lamb.run("queue", "send", queue, "-", stdin='{"id": 7}\n')
    assert lamb.run("queue", "receive", queue, "--max", "10").stdout == '{"id": 7}\n'


def test_visibility_goes_by_the_homes_clock(lamb_of_module, queue):
    lamb = lamb_of_module
    lamb.run("queue", "send", queue, "again")
    assert lamb.run("queue", "receive", queue, "--keep").stdout == "again\n"
    waiting = lamb.start("queue", "receive", queue, "--wait", "20")
    lamb.run("clock", "+1h")
    assert waiting.communicate(timeout=30)[0] == "again\n"


def test_a_function_sends_to_a_queue_and_may_not_delete_it(lamb_of_module, queue):
    lamb = lamb_of_module
    lamb.write("sender.py", SENDER)
    lamb.run("create", "sender", "--file", "sender.py", "--runtime", lamb.runtime, "--timeout", "30")
    event = json.dumps({"queue": queue, "send": "from inside"})
    assert json.loads(lamb.run("invoke", "sender", "-e", event).stdout) == "AccessDeniedException"
    assert lamb.run("queue", "receive", queue, "--wait", "5").stdout == "from inside\n"


def test_an_unknown_queue_is_told_with_the_nearest_name(lamb_of_module):
    lamb = lamb_of_module
    lamb.run("queue", "create", "orders", "--if-not-exists")
    done = lamb.run("queue", "receive", "odrers", check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "hint: did you mean `orders`?" in done.stderr
