"""Sources at other endpoints: their own services are asked whether they are there; moto stands for AWS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import harness
import pytest
from moto.server import ThreadedMotoServer

from lamb.model.errors import InvalidParameterValue
from lamb.model.mapping import SourceLook
from lamb.sources.look import ENDPOINTS, Looker

HERE = "us-east-1:123456789012"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")


@pytest.fixture
def aws(url) -> Callable[[str], Any]:
    return lambda service: boto3.client(service, endpoint_url=url, region_name="us-east-1")


@pytest.fixture
def looker(url) -> Looker:
    return Looker(dict.fromkeys(ENDPOINTS.values(), url))


def test_a_queue_elsewhere_tells_its_visibility_timeout(aws, looker):
    aws("sqs").create_queue(QueueName="far", Attributes={"VisibilityTimeout": "7"})
    assert looker.look(f"arn:aws:sqs:{HERE}:far") == SourceLook(exists=True, visibility_s=7)
    assert looker.look(f"arn:aws:sqs:{HERE}:nothing") == SourceLook(exists=False)


def test_a_stream_elsewhere_is_there_or_not_also_for_its_consumers(aws, looker):
    aws("kinesis").create_stream(StreamName="s", ShardCount=1)
    arn = aws("kinesis").describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    assert looker.look(arn) == SourceLook(exists=True)
    assert looker.look(f"{arn}/consumer/c:1") == SourceLook(exists=True)
    assert looker.look(f"{arn}-and-gone") == SourceLook(exists=False)


def test_the_stream_of_a_table_elsewhere_is_there_or_not(aws, looker):
    made = aws("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    arn = made["TableDescription"]["LatestStreamArn"]
    assert looker.look(arn) == SourceLook(exists=True)


def test_without_an_endpoint_nobody_is_asked():
    for kind in ("sqs", "kinesis", "dynamodb", "kafka"):
        assert Looker({}).look(f"arn:aws:{kind}:{HERE}:x") is None


def test_a_service_that_does_not_answer_is_named_with_its_variable():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(InvalidParameterValue, match="Cannot access stream") as refused:
            Looker({"AWS_ENDPOINT_URL_KINESIS": endpoint}).look(f"arn:aws:kinesis:{HERE}:stream/s")
    assert refused.value.hint == f"AWS_ENDPOINT_URL_KINESIS is {endpoint}: is that service running?"


def test_a_mapping_is_made_of_a_stream_that_its_service_knows(aws, url, workshop: harness.Workshop):
    aws("kinesis").create_stream(StreamName="known", ShardCount=1)
    where = {"AWS_ENDPOINT_URL_KINESIS": url, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    lamb = harness.Lamb(harness.ourselves(), workshop.place(), where)
    try:
        lamb.write("taker.py", "def handler(event, context):\n    return event\n")
        lamb.run("create", "taker", "--file", "taker.py", "--runtime", lamb.runtime)
        line = ("mapping", "create", "taker", "--from", "latest", "--source")
        arn = f"arn:aws:kinesis:{HERE}:stream/"
        lamb.run(*line, f"{arn}known")
        missing = lamb.run(*line, f"{arn}unknown", check=False)
        assert (missing.returncode, f"Stream not found: {arn}unknown" in missing.stderr) == (2, True)
    finally:
        lamb.close()
