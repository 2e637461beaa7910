"""The same calls of CloudWatch and CloudWatch Logs to lamb and to moto, answers side by side.

Where AWS and moto differ, AWS is right: the tests at the end say what AWS does, and where that is known from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

HERE = "arn:aws:logs:us-east-1:123456789012:log-group:"
# What no two services give the same, what moto does not say, and `storedBytes`: AWS has said 0 of streams
# since 2019, and moto counts.
LEFT_OUT = {
    "creationTime", "ingestionTime", "lastIngestionTime", "eventId", "storedBytes", "uploadSequenceToken",
    "nextSequenceToken", "nextForwardToken", "nextBackwardToken", "nextToken", "ResponseMetadata",
    "deletionProtectionEnabled", "logGroupArn", "logGroupClass", "searchedLogStreams",
}  # fmt: skip


Sides = tuple[harness.Served, harness.Served]


@pytest.fixture(scope="module")
def sides(lamb_of_module: harness.Lamb) -> Iterator[Sides]:
    """lamb and moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with lamb_of_module.serving() as served:
        yield served, harness.Served(f"http://{host}:{port}", served.key)
    server.stop()


class Pair:
    def __init__(self, service: str, sides: Sides) -> None:
        config = Config(retries={"max_attempts": 0})
        self.clients = [boto3.client(service, **side.aws, config=config) for side in sides]

    def both(self, operation: str, **members: Any) -> tuple[Any, Any]:
        """Both answers without what is made up; errors as (code, text, status)."""
        first, second = (self._answer(each, operation, members) for each in self.clients)
        return first, second

    def same(self, operation: str, **members: Any) -> Any:
        """The answer that both gave."""
        mine, motos = self.both(operation, **members)
        assert mine == motos
        return mine

    def _answer(self, each: Any, operation: str, members: dict[str, Any]) -> Any:
        try:
            return plain(getattr(each, operation)(**members))
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            return told["Code"], told["Message"], status


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name not in LEFT_OUT}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def logs(sides: Sides) -> Pair:
    return Pair("logs", sides)


@pytest.fixture(scope="module")
def cloudwatch(sides: Sides) -> Pair:
    return Pair("cloudwatch", sides)


def test_the_life_of_a_group(logs):
    logs.same("create_log_group", logGroupName="/a", tags={"k": "v"})
    logs.same("create_log_group", logGroupName="/a")
    logs.same("create_log_group", logGroupName="x" * 513)
    logs.same("put_retention_policy", logGroupName="/a", retentionInDays=7)
    logs.same("describe_log_groups", logGroupNamePrefix="/a")
    logs.same("list_tags_for_resource", resourceArn=f"{HERE}/a")
    logs.same("tag_resource", resourceArn=f"{HERE}/a", tags={"l": "w"})
    logs.same("untag_resource", resourceArn=f"{HERE}/a", tagKeys=["k"])
    assert logs.same("list_tags_log_group", logGroupName="/a") == {"tags": {"l": "w"}}
    logs.same("delete_retention_policy", logGroupName="/a")
    logs.same("describe_log_groups", logGroupNamePrefix="/a")
    logs.same("delete_log_group", logGroupName="/a")
    logs.same("delete_log_group", logGroupName="/a")
    assert logs.same("describe_log_groups", logGroupNamePrefix="/a") == {"logGroups": []}


def test_streams_and_events(logs):
    now_ms = round(time.time() * 1000)
    logs.same("create_log_group", logGroupName="/b")
    for name in ("one", "two"):
        logs.same("create_log_stream", logGroupName="/b", logStreamName=name)
    logs.same("create_log_stream", logGroupName="/none", logStreamName="one")
    for name, age_ms in (("one", 1000), ("two", 5000)):
        events = [{"timestamp": now_ms - age_ms + i, "message": f"{name} hello {i}"} for i in range(3)]
        logs.same("put_log_events", logGroupName="/b", logStreamName=name, logEvents=events)
    logs.same("describe_log_streams", logGroupName="/b")
    logs.same("describe_log_streams", logGroupName="/b", descending=True)
    logs.same("describe_log_streams", logGroupName="/b", orderBy="LastEventTime", descending=True)
    logs.same("describe_log_streams", logGroupName="/b", logStreamNamePrefix="t")
    logs.same("describe_log_streams", logGroupName="/b", orderBy="LastEventTime", logStreamNamePrefix="t")
    logs.same("get_log_events", logGroupName="/b", logStreamName="one", startFromHead=True)
    logs.same("get_log_events", logGroupName="/b", logStreamName="one", limit=2)
    logs.same("get_log_events", logGroupName="/b", logStreamName="one", limit=10_001)
    logs.same("filter_log_events", logGroupName="/b", filterPattern='"two hello"')
    logs.same("filter_log_events", logGroupName="/b", logStreamNames=["one"], startTime=now_ms - 999)
    logs.same("filter_log_events", logGroupName="/none")
    unordered = [{"timestamp": now_ms, "message": "a"}, {"timestamp": now_ms - 1, "message": "b"}]
    logs.same("put_log_events", logGroupName="/b", logStreamName="one", logEvents=unordered)
    logs.same("delete_log_stream", logGroupName="/b", logStreamName="one")
    mine, motos = logs.both("delete_log_stream", logGroupName="/b", logStreamName="one")
    assert mine[0] == motos[0] == "ResourceNotFoundException"


def test_values_that_are_put_and_asked_for(cloudwatch):
    at = datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(minutes=4)
    span = {"StartTime": at, "EndTime": at + timedelta(minutes=5)}
    dimensions = [{"Name": "kind", "Value": "hat"}]
    data = [
        {"MetricName": "Sold", "Dimensions": dimensions, "Value": value, "Unit": "Count", "Timestamp": at}
        for value in (3.0, 1.0, 8.0)
    ]
    cloudwatch.same("put_metric_data", Namespace="Shop", MetricData=data)
    metric = {"Namespace": "Shop", "MetricName": "Sold", "Dimensions": dimensions}
    statistics = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    assert cloudwatch.same("get_metric_statistics", **metric, Period=300, Statistics=statistics, **span)[
        "Datapoints"
    ]
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "Label": "sold"}
    mine, motos = cloudwatch.both("get_metric_data", MetricDataQueries=[query], **span)
    assert mine["MetricDataResults"] == motos["MetricDataResults"]
    cloudwatch.same("list_metrics", Namespace="Shop")
    cloudwatch.same(
        "get_metric_statistics", **metric, Period=300, Statistics=["Sum"], StartTime=at, EndTime=at
    )
    cloudwatch.same("get_metric_data", MetricDataQueries=[query], StartTime=at, EndTime=at)
    cloudwatch.same(
        "get_metric_data", MetricDataQueries=[query], StartTime=at, EndTime=at - timedelta(minutes=1)
    )
    for bad in (
        {"Value": float("nan")},
        {"Value": 1.0, "Values": [1.0]},
        {"Values": [1.0], "Counts": [1.0, 2.0]},
    ):
        (mine, _, status), (motos, _, _) = cloudwatch.both(
            "put_metric_data", Namespace="Shop", MetricData=[{"MetricName": "Bad", **bad}]
        )
        assert status == 400
        assert mine == motos or bad.keys() == {"Value", "Values"}


# ------------------------------------------------------------------ where AWS is right


def test_a_stream_that_is_there_is_told_from_a_group_that_is_there(logs):
    """The text of "The specified log stream already exists" is quoted by many who catch it."""
    logs.same("create_log_group", logGroupName="/c")
    logs.same("create_log_stream", logGroupName="/c", logStreamName="s")
    mine, motos = logs.both("create_log_stream", logGroupName="/c", logStreamName="s")
    assert (mine[0], motos[0]) == ("ResourceAlreadyExistsException", "ResourceAlreadyExistsException")
    assert mine[1] == "The specified log stream already exists"
    mine, _ = logs.both("get_log_events", logGroupName="/c", logStreamName="none")
    assert mine == ("ResourceNotFoundException", "The specified log stream does not exist.", 400)


def test_events_of_all_streams_come_in_the_order_of_time(logs):
    """FilterLogEvents' page: since 2019 "interleaved" is always on, and searchedLogStreams is empty."""
    now_ms = round(time.time() * 1000)
    logs.same("create_log_group", logGroupName="/e")
    for name, age_ms in (("a", 1000), ("b", 5000)):
        logs.same("create_log_stream", logGroupName="/e", logStreamName=name)
        event = {"timestamp": now_ms - age_ms, "message": f"hello from {name}"}
        logs.same("put_log_events", logGroupName="/e", logStreamName=name, logEvents=[event])
    mine, motos = logs.both("filter_log_events", logGroupName="/e", filterPattern="hello")
    assert [event["logStreamName"] for event in mine["events"]] == ["b", "a"]
    assert mine["events"] == motos["events"][::-1]


def test_retention_is_one_of_a_list(logs):
    """PutRetentionPolicy's page: "Possible values are: 1, 3, 5, 7, 14, …"."""
    logs.same("create_log_group", logGroupName="/d")
    mine, _ = logs.both("put_retention_policy", logGroupName="/d", retentionInDays=2)
    assert mine[0] == "InvalidParameterException"
