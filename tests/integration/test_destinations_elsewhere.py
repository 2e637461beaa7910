"""Destinations and dead-letter queues at other endpoints: boto3 takes them there, moto stands for AWS."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import harness
import pytest
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}
SOURCE = """
def handler(event, context):
    if event["fail"]:
        raise ValueError("as you wish")
    return "done"
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Callable[[str], Any]]:
    """Makes clients of the service that stands for AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://{host}:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )

    yield client
    server.stop()


@pytest.fixture(scope="module")
def home(aws, workshop: harness.Workshop) -> Iterator[harness.Lamb]:
    """A home that is told where SQS, EventBridge and S3 are; nobody listens where it is told SNS is."""
    url = aws("sqs").meta.endpoint_url
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        where = {f"AWS_ENDPOINT_URL_{service}": url for service in ("SQS", "EVENTBRIDGE", "S3")}
        where["AWS_ENDPOINT_URL_SNS"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        lamb = harness.Lamb(harness.ourselves(), workshop.place(), {**where, **KEYS})
        lamb.write("act.py", SOURCE)
        yield lamb
        lamb.close()


def run(lamb: harness.Lamb, name: str, *to: str, fail: bool, flags: tuple[str, ...] = ()) -> str:
    """Create a function, send it one event, and wait for its end; the request id."""
    lamb.run("create", name, "--file", "act.py", *flags)
    lamb.run("async", name, "--retries", "0", *to)
    request_id = lamb.run("invoke", name, "--async", "-e", json.dumps({"fail": fail})).stdout.strip()
    lamb.run("wait", "events", name, "--empty", "--timeout", "50s")
    return request_id


def received(aws, queue_url: str) -> list[dict[str, Any]]:
    answer = aws("sqs").receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def test_a_dead_letter_goes_to_the_queue_behind_the_endpoint(aws, home):
    url = aws("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    request_id = run(home, "letters", fail=True, flags=("--dead-letter", arn))
    (message,) = received(aws, url)
    assert json.loads(message["Body"]) == {"fail": True}
    attributes = {name: told["StringValue"] for name, told in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "as you wish"}


def test_records_go_to_an_event_bus(aws, home):
    url = aws("sqs").create_queue(QueueName="from-the-bus")["QueueUrl"]
    events = aws("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["lambda"]}))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:from-the-bus"}
    events.put_targets(Rule="all", Targets=[target])
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    request_id = run(home, "bus", "--on-success", bus, fail=False)
    (message,) = received(aws, url)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["source"] == "lambda"
    assert event["detail"]["requestContext"]["requestId"] == request_id
    assert event["detail"]["responsePayload"] == "done"
    assert event["resources"][-1] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:bus:$LATEST"


def test_records_of_failures_go_to_a_bucket(aws, home):
    s3 = aws("s3")
    s3.create_bucket(Bucket="failures")
    request_id = run(home, "objects", "--on-failure", "arn:aws:s3:::failures", fail=True)
    (found,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    assert found["Key"].startswith("aws/lambda/async/objects/20")
    record = json.loads(s3.get_object(Bucket="failures", Key=found["Key"])["Body"].read())
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def test_an_endpoint_that_does_not_answer_is_counted_logged_and_loses_nothing(home):
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
    request_id = run(home, "unheard", fail=True, flags=("--dead-letter", topic))
    event = home.json("events", "show", request_id)
    assert (event["State"], json.loads(event["Payload"])) == ("failed", {"fail": True})
    assert home.json("stats", "unheard")["DeadLetterErrors"] == 1
    assert f"{topic} did not take a dead-letter" in home.daemon_log()


def test_a_queue_that_is_elsewhere_is_not_looked_for_here(home):
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:not-made"
    home.run("create", "trusting", "--file", "act.py")
    home.run("async", "trusting", "--on-failure", arn)
