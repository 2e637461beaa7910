"""boto3's CloudWatch client against `lamb serve`, in each of the protocols that SDKs choose."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

CODE = """
def handler(event, context):
    if event == "fail":
        raise ValueError(event)
"""


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


def client(service: str, served: harness.Served, protocol: str | None = None) -> Any:
    """`protocol`: the only one that this client is to know; None: boto3 chooses."""
    session = boto3.Session()
    core = session._session
    if protocol is not None:
        loader = core.get_component("data_loader")
        load = loader.load_service_model

        def load_older(name: str, kind: str, **args: Any) -> Any:
            model = load(name, kind, **args)
            if kind != "service-2" or name != service:
                return model
            return {**model, "metadata": {**model["metadata"], "protocol": protocol, "protocols": [protocol]}}

        loader.load_service_model = load_older
    return session.client(service, **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture(scope="module", params=["smithy-rpc-v2-cbor", "json", "query"])
def cloudwatch(request: pytest.FixtureRequest, served: harness.Served) -> Any:
    return client("cloudwatch", served, request.param)


@pytest.fixture(scope="module")
def newest(served: harness.Served) -> Any:
    return client("cloudwatch", served)


@pytest.fixture(scope="module")
def function(served: harness.Served, lamb_of_module: harness.Lamb) -> str:
    """One that ran three times, and failed once."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, CODE)
    functions = client("lambda", served)
    functions.create_function(
        FunctionName="measured",
        Runtime=lamb_of_module.runtime,
        Role="arn:aws:iam::123456789012:role/r",
        Handler="app.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="measured", WaiterConfig={"Delay": 1})
    for event in ("ok", "ok", "fail"):
        functions.invoke(FunctionName="measured", Payload=json.dumps(event))
    return "measured"


def span(minutes: int = 10) -> dict[str, datetime]:
    now = datetime.now(timezone.utc)
    return {"StartTime": now - timedelta(minutes=minutes), "EndTime": now + timedelta(minutes=1)}


def stat(name: str, statistic: str, **more: Any) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": name,
        "Dimensions": [{"Name": "FunctionName", "Value": "measured"}],
    }
    return {"Metric": metric, "Period": 3600, "Stat": statistic, **more}


def refused(work: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        work(**members)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# ------------------------------------------------------------------ in each protocol


def test_statistics_of_a_function(cloudwatch, function):
    told = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        Period=3600,
        Statistics=["Sum", "Average", "SampleCount", "Minimum", "Maximum"],
        ExtendedStatistics=["p50", "p99.9"],
        **span(),
    )
    assert told["Label"] == "Errors"
    (point,) = told["Datapoints"]
    assert isinstance(point.pop("Timestamp"), datetime)
    extended = point.pop("ExtendedStatistics")
    assert extended["p50"] == pytest.approx(0, abs=0.01)
    assert extended["p99.9"] == pytest.approx(1, rel=0.05)
    assert point.pop("Average") == pytest.approx(1 / 3)
    assert point == {"Sum": 1.0, "SampleCount": 3.0, "Minimum": 0.0, "Maximum": 1.0, "Unit": "Count"}


def test_data_of_several_metrics(cloudwatch, function):
    told = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": "a", "MetricStat": stat("Invocations", "Sum")},
            {"Id": "b", "MetricStat": stat("Duration", "p90"), "Label": "slow"},
            {"Id": "c", "MetricStat": stat("AsyncEventsReceived", "Sum")},
            {"Id": "d", "MetricStat": stat("Errors", "Sum"), "ReturnData": False},
        ],
        **span(),
    )
    first, second, third = told["MetricDataResults"]
    assert (first["Id"], first["Label"], first["Values"], first["StatusCode"]) == (
        "a",
        "Invocations",
        [3.0],
        "Complete",
    )
    assert first["Timestamps"][0].tzinfo is not None
    assert second["Label"] == "slow"
    assert 0 < second["Values"][0] < 10_000
    assert (third["Timestamps"], third["Values"]) == ([], [])
    assert told["Messages"] == []


def test_metrics_are_listed(cloudwatch, function):
    named = [{"Name": "FunctionName", "Value": function}]
    told = cloudwatch.list_metrics(Namespace="AWS/Lambda", Dimensions=named, MetricName="Invocations")[
        "Metrics"
    ]
    assert told == [
        {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": named},
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Invocations",
            "Dimensions": [*named, {"Name": "Resource", "Value": function}],
        },
    ]
    recent = cloudwatch.list_metrics(RecentlyActive="PT3H", Dimensions=[{"Name": "FunctionName"}])["Metrics"]
    assert {"Duration", "ConcurrentExecutions", "Errors"} <= {metric["MetricName"] for metric in recent}
    assert cloudwatch.list_metrics(Namespace="Nobody")["Metrics"] == []


def test_values_are_put_and_found(cloudwatch):
    protocol = cloudwatch.meta.service_model.resolved_protocol
    at = datetime.now(timezone.utc) - timedelta(minutes=3)
    dimensions = [{"Name": "protocol", "Value": protocol}]
    cloudwatch.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Sold", "Dimensions": dimensions, "Value": 2.5, "Unit": "Count", "Timestamp": at},
            {
                "MetricName": "Sold",
                "Dimensions": dimensions,
                "Values": [1, 4],
                "Counts": [2, 1],
                "Unit": "Count",
                "Timestamp": at,
            },
            {
                "MetricName": "Sold",
                "Dimensions": dimensions,
                "StatisticValues": {"SampleCount": 2, "Sum": 30, "Minimum": 10, "Maximum": 20},
                "Unit": "Count",
                "Timestamp": at,
            },
        ],
    )
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="Shop",
        MetricName="Sold",
        Dimensions=dimensions,
        Period=600,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
        **span(),
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"], point["Minimum"], point["Maximum"]) == (38.5, 6.0, 1.0, 20.0)
    assert point["Unit"] == "Count"


def test_errors_have_awss_codes(cloudwatch):
    now = datetime.now(timezone.utc)
    wanted = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60, "Statistics": ["Sum"]}
    code, text = refused(cloudwatch.get_metric_statistics, **wanted, StartTime=now, EndTime=now)
    assert (code, text) == (
        "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.",
    )  # fmt: skip
    code, text = refused(
        cloudwatch.get_metric_statistics, **wanted, StartTime=now - timedelta(days=7), EndTime=now
    )
    assert code == "InvalidParameterCombination"
    assert text.startswith("You have requested up to 10,08")
    assert "exceeds the limit of 1,440." in text
    code, text = refused(cloudwatch.get_metric_statistics, **{**wanted, "Statistics": ["Median"]}, **span())
    assert code == "ValidationError"
    assert "failed to satisfy constraint" in text
    assert refused(cloudwatch.describe_alarms)[0] == "InvalidAction"


# ------------------------------------------------------------------ in the newest


def test_data_come_in_pages(newest):
    now = datetime.now(timezone.utc)
    for minutes in range(1, 6):
        newest.put_metric_data(
            Namespace="Paged",
            MetricData=[{"MetricName": "m", "Value": minutes, "Timestamp": now - timedelta(minutes=minutes)}],
        )
    metric = {"Namespace": "Paged", "MetricName": "m"}
    queries = [
        {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}} for name in ("a", "b")
    ]
    pages = newest.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, PaginationConfig={"PageSize": 3}, ScanBy="TimestampAscending", **span()
    )
    results = [[(r["Id"], r["Values"], r["StatusCode"]) for r in page["MetricDataResults"]] for page in pages]
    assert results == [
        [("a", [5.0, 4.0, 3.0], "PartialData")],
        [("a", [2.0, 1.0], "Complete"), ("b", [5.0], "PartialData")],
        [("b", [4.0, 3.0, 2.0], "PartialData")],
        [("b", [1.0], "Complete")],
    ]
    newest_first = newest.get_metric_data(MetricDataQueries=queries[:1], **span())["MetricDataResults"][0]
    assert newest_first["Values"] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_more_than_500_metrics_come_in_pages(newest):
    # Long enough that boto3 compresses it.
    data = [{"MetricName": f"m{number:03}", "Value": 1} for number in range(501)]
    newest.put_metric_data(Namespace="Many", MetricData=data)
    pages = newest.get_paginator("list_metrics").paginate(Namespace="Many")
    sizes = [[metric["MetricName"] for metric in page["Metrics"]] for page in pages]
    assert [len(page) for page in sizes] == [500, 1]
    assert len({name for page in sizes for name in page}) == 501


def test_what_is_refused_of_queries(newest):
    def text(*queries: dict[str, Any], **members: Any) -> tuple[str, str]:
        return refused(newest.get_metric_data, MetricDataQueries=list(queries), **{**span(), **members})

    good = {"Id": "a", "MetricStat": stat("Errors", "Sum")}
    now = datetime.now(timezone.utc)
    assert text(good, StartTime=now, EndTime=now) == (
        "ValidationError", "The parameter StartTime must not equal parameter EndTime.",
    )  # fmt: skip
    assert text(good, EndTime=now - timedelta(days=1)) == (
        "ValidationError", "The parameter EndTime must be greater than StartTime.",
    )  # fmt: skip
    assert text(good, good)[1] == "The values for parameter id in MetricDataQueries are not unique."
    assert text({**good, "Id": "A"})[0] == "ValidationError"
    assert "lamb calculates no expressions" in text({"Id": "a", "Expression": "b * 2"})[1]
    assert "p99.9" in text({"Id": "a", "MetricStat": stat("Errors", "Median")})[1]
    assert text({"Id": "a", "MetricStat": stat("Errors", "Sum", Period=61)})[0] == "InvalidParameterValue"
    assert text(*({**good, "Id": f"a{number}"} for number in range(501)))[1] == (
        "The collection MetricDataQueries must not have a size greater than 500."
    )
    assert text(good, NextToken="what")[0] == "InvalidNextToken"


def test_what_is_refused_of_values(newest):
    def text(**datum: Any) -> tuple[str, str]:
        return refused(newest.put_metric_data, Namespace="N", MetricData=[{"MetricName": "m", **datum}])

    assert refused(
        newest.put_metric_data, Namespace="AWS/Lambda", MetricData=[{"MetricName": "m", "Value": 1}]
    )[0] == ("InvalidParameterValue")
    assert text()[0] == "MissingParameter"
    assert text(Value=float("nan"))[1] == "The value NaN for parameter MetricData.member.1.Value is invalid."
    assert text(Value=1, Values=[1])[0] == "InvalidParameterCombination"
    assert text(Values=[1, 2], Counts=[1])[1] == (
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."
    )
    old = datetime.now(timezone.utc) - timedelta(days=15)
    assert "two weeks in the past" in text(Value=1, Timestamp=old)[1]


def test_metrics_of_another_region_are_not_seen(served, newest, function):
    elsewhere = boto3.client("cloudwatch", **{**served.aws, "region_name": "eu-west-1"})
    assert elsewhere.list_metrics()["Metrics"] == []
    elsewhere.put_metric_data(Namespace="Ireland", MetricData=[{"MetricName": "m", "Value": 1}])
    assert newest.list_metrics(Namespace="Ireland")["Metrics"] == []
    queries = [{"Id": "a", "MetricStat": stat("Invocations", "Sum")}]
    assert (
        elsewhere.get_metric_data(MetricDataQueries=queries, **span())["MetricDataResults"][0]["Values"] == []
    )


def test_provisioned_concurrency_and_the_concurrency_of_the_account_are_measured(served, newest, function):
    functions = client("lambda", served)
    version = functions.publish_version(FunctionName=function)["Version"]
    functions.put_provisioned_concurrency_config(
        FunctionName=function, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    provisioned = {"FunctionName": function, "Qualifier": version}
    while functions.get_provisioned_concurrency_config(**provisioned)["Status"] == "IN_PROGRESS":
        pass
    functions.invoke(FunctionName=function, Qualifier=version, Payload=b'"ok"')
    resource = [
        {"Name": "FunctionName", "Value": function}, {"Name": "Resource", "Value": f"{function}:{version}"},
    ]  # fmt: skip

    def value(name: str, dimensions: list[dict[str, str]], statistic: str) -> list[float]:
        metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
        query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": statistic}}
        return newest.get_metric_data(MetricDataQueries=[query], **span())["MetricDataResults"][0]["Values"]

    assert value("ProvisionedConcurrencyInvocations", resource, "Sum") == [1.0]
    assert value("ProvisionedConcurrencySpilloverInvocations", resource, "Sum") == []
    assert value("ProvisionedConcurrencyUtilization", resource, "Maximum") == [1.0]
    assert value("ConcurrentExecutions", [], "Maximum") == [1.0]
    assert value("UnreservedConcurrentExecutions", [], "Maximum") == [1.0]
