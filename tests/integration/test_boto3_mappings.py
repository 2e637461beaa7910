"""boto3's Lambda client, unpatched, on event source mappings: answers, states, refusals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A client, over a home with the function `taker` (version 1, alias `live`) and queues `q` and `r`."""
    lamb = lamb_of_module
    lamb.write("taker.py", "def handler(event, context):\n    return event\n")
    lamb.run("create", "taker", "--file", "taker.py", "--publish")
    lamb.run("alias", "create", "taker", "live", "--version", "1")
    for queue in ("q", "r"):
        lamb.run("queue", "create", queue)
    with lamb.serving() as served:
        yield boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def bare(aws: Any) -> Iterator[Any]:
    """The client; there are no mappings afterwards."""
    yield aws
    for mapping in aws.list_event_source_mappings()["EventSourceMappings"]:
        settle(aws, mapping["UUID"])
        aws.delete_event_source_mapping(UUID=mapping["UUID"])
        gone(aws, mapping["UUID"])


def settle(client: Any, uuid: str) -> dict[str, Any]:
    """Ask as Terraform does, until the mapping is on no way any more."""
    deadline = time.monotonic() + 10
    while True:
        shown: dict[str, Any] = client.get_event_source_mapping(UUID=uuid)
        if shown["State"] in ("Enabled", "Disabled"):
            return shown
        assert time.monotonic() < deadline, shown["State"]


def gone(client: Any, uuid: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            shown = client.get_event_source_mapping(UUID=uuid)
        except client.exceptions.ResourceNotFoundException:
            return
        assert shown["State"] == "Deleting"
        assert time.monotonic() < deadline


def members(answer: dict[str, Any], *but: str) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", *but)}


def refused(call: Any, **given: Any) -> tuple[str, int, str, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], error["Message"], answer


def test_a_queue_s_mapping_lives_through_its_states(bare):
    made = bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=f"{QUEUE}q")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    uuid = made["UUID"]
    assert isinstance(made["LastModified"], datetime)
    assert members(made, "LastModified") == {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{uuid}",
        "EventSourceArn": f"{QUEUE}q",
        "FunctionArn": f"{ARN}taker",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }
    enabled = settle(bare, uuid)
    assert enabled["State"] == "Enabled"
    assert members(enabled, "LastModified", "State") == members(made, "LastModified", "State")
    updated = bare.update_event_source_mapping(
        UUID=uuid, BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    assert updated["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (updated["State"], updated["BatchSize"]) == ("Updating", 5)
    assert settle(bare, uuid)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert bare.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert settle(bare, uuid)["State"] == "Disabled"
    deleted = bare.delete_event_source_mapping(UUID=uuid)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (deleted["State"], deleted["BatchSize"]) == ("Deleting", 5)
    gone(bare, uuid)


def test_what_is_on_its_way_is_in_use(bare):
    made = bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=f"{QUEUE}q")
    code, status, text, answer = refused(bare.update_event_source_mapping, UUID=made["UUID"], BatchSize=1)
    assert (code, status) == ("ResourceInUseException", 400)
    assert text == "Cannot update the event source mapping because it is in use."
    assert (answer["Type"], answer["Message"]) == ("User", text)


@pytest.mark.parametrize("arn", [STREAM, TABLE])
def test_a_stream_s_mapping_has_all_its_members(bare, arn):
    made = bare.create_event_source_mapping(
        FunctionName="taker:live", EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )
    assert members(made, "LastModified", "UUID", "EventSourceMappingArn") == {
        "EventSourceArn": arn,
        "FunctionArn": f"{ARN}taker:live",
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
    }


def test_a_timestamp_and_nested_members_come_back_as_they_were_given(bare):
    given = {
        "StartingPosition": "AT_TIMESTAMP",
        "StartingPositionTimestamp": datetime.fromisoformat("2026-01-02T03:04:05+00:00"),
        "DestinationConfig": {"OnFailure": {"Destination": f"{QUEUE}q"}},
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "MetricsConfig": {"Metrics": ["EventCount"]},
    }
    made = bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=STREAM, **given)
    assert given.items() <= made.items()
    (listed,) = bare.list_event_source_mappings()["EventSourceMappings"]
    assert "FilterCriteria" not in listed  # what a key encrypts is not in lists
    assert listed["KMSKeyArn"] == given["KMSKeyArn"]


def test_a_kafka_cluster_of_one_s_own_has_no_arn(bare):
    source = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["broker:9092"]}}
    access = [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"}]
    call = bare.create_event_source_mapping
    _, _, text, _ = refused(call, FunctionName="taker", SelfManagedEventSource=source, Topics=["topic"])
    assert text == "Required 'sourceAccessConfigurations' parameter is missing."
    made = call(
        FunctionName="taker",
        SelfManagedEventSource=source,
        Topics=["topic"],
        SourceAccessConfigurations=access,
        StartingPosition="LATEST",
    )
    assert "EventSourceArn" not in made
    assert (made["SelfManagedEventSource"], made["Topics"]) == (source, ["topic"])
    assert made["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": made["UUID"]}


def test_a_disabled_queue_is_disabled_at_once(bare):
    made = bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=f"{QUEUE}q", Enabled=False)
    assert made["State"] == "Disabled"


def test_mappings_are_listed_by_source_by_function_and_in_pages(bare):
    for name in ("taker", "taker:live", "taker:1"):
        bare.create_event_source_mapping(FunctionName=name, EventSourceArn=f"{QUEUE}q")
    bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=f"{QUEUE}r")

    def arns(**only: str) -> list[tuple[str, str]]:
        listed = bare.list_event_source_mappings(**only)["EventSourceMappings"]
        return [(m["FunctionArn"].removeprefix(ARN), m["EventSourceArn"].removeprefix(QUEUE)) for m in listed]

    assert arns(FunctionName="taker") == [("taker", "q"), ("taker", "r")]
    assert arns(FunctionName=f"{ARN}taker:live") == [("taker:live", "q")]
    assert arns(EventSourceArn=f"{QUEUE}r") == [("taker", "r")]
    assert arns(FunctionName="taker", EventSourceArn=f"{QUEUE}q") == [("taker", "q")]
    assert arns(FunctionName="nobody") == []
    pages = bare.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["EventSourceMappings"]) for page in pages] == [3, 1]


def test_tags_are_of_the_mapping_s_arn(bare):
    made = bare.create_event_source_mapping(
        FunctionName="taker", EventSourceArn=f"{QUEUE}q", Tags={"team": "a"}
    )
    arn = made["EventSourceMappingArn"]
    assert bare.list_tags(Resource=arn)["Tags"] == {"team": "a"}
    assert bare.tag_resource(Resource=arn, Tags={"cost": "1"})["ResponseMetadata"]["HTTPStatusCode"] == 204
    bare.untag_resource(Resource=arn, TagKeys=["team"])
    assert bare.list_tags(Resource=arn)["Tags"] == {"cost": "1"}
    missing = arn.replace(made["UUID"], NOWHERE)
    for call, given in (
        (bare.list_tags, {}),
        (bare.tag_resource, {"Tags": {"a": "b"}}),
        (bare.untag_resource, {"TagKeys": ["a"]}),
    ):
        code, status, text, _ = refused(call, Resource=missing, **given)
        assert (code, status) == ("ResourceNotFoundException", 404)
        assert text == f"Event source mapping not found: {missing}"


def test_an_unknown_mapping_is_not_found(bare):
    for call in (
        bare.get_event_source_mapping,
        bare.update_event_source_mapping,
        bare.delete_event_source_mapping,
    ):
        code, status, text, answer = refused(call, UUID=NOWHERE)
        assert (code, status) == ("ResourceNotFoundException", 404)
        assert (text, answer["Type"]) == ("The resource you requested does not exist.", "User")


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({}, "InvalidParameterValueException", "Unrecognized event source."),
        (
            {"EventSourceArn": f"{QUEUE}nothing"},
            "InvalidParameterValueException",
            (
                "Error occurred while ReceiveMessage. "
                "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
                "SQS Error Message: The specified queue does not exist."
            ),
        ),
        (
            {"EventSourceArn": f"{QUEUE}q", "FunctionName": "nobody"},
            "InvalidParameterValueException",
            "Function does not exist",
        ),
        (
            {"EventSourceArn": STREAM},
            "InvalidParameterValueException",
            (
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                "Member must not be null."
            ),
        ),
        (
            {"EventSourceArn": STREAM, "StartingPosition": "0"},
            "ValidationException",
            (
                "1 validation error detected: Value '0' at 'startingPosition' failed to satisfy constraint: "
                "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"
            ),
        ),
        (
            {"EventSourceArn": TABLE, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 5},
            "InvalidParameterValueException",
            f"Unsupported starting position for arn type: {TABLE}",
        ),
        (
            {"EventSourceArn": f"{QUEUE}q", "BatchSize": 100},
            "InvalidParameterValueException",
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        (
            {"EventSourceArn": f"{QUEUE}q", "BatchSize": 10_001},
            "ValidationException",
            (
                "1 validation error detected: Value '10001' at 'batchSize' failed to satisfy constraint: "
                "Member must have value less than or equal to 10000"
            ),
        ),
        (
            {"EventSourceArn": f"{QUEUE}q", "FilterCriteria": {"Filters": [{"Pattern": "simple string"}]}},
            "InvalidParameterValueException",
            "Invalid filter pattern definition.",
        ),
        (
            {"EventSourceArn": f"{QUEUE}q", "DestinationConfig": {"OnSuccess": {"Destination": STREAM}}},
            "InvalidParameterValueException",
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
    ],
)
def test_what_no_mapping_is_made_of(bare, given, code, text):
    found, status, told, answer = refused(
        bare.create_event_source_mapping, **{"FunctionName": "taker", **given}
    )
    assert (found, status, told) == (code, 400, text)
    assert answer.get("Type") == ("User" if code.startswith("Invalid") else None)
    assert bare.list_event_source_mappings()["EventSourceMappings"] == []


def test_a_second_mapping_of_the_same_two_is_a_conflict(bare):
    made = bare.create_event_source_mapping(FunctionName="taker", EventSourceArn=f"{QUEUE}q")
    code, status, text, answer = refused(
        bare.create_event_source_mapping, FunctionName=f"{ARN}taker", EventSourceArn=f"{QUEUE}q"
    )
    assert (code, status, answer["Type"]) == ("ResourceConflictException", 409, "User")
    assert text == (
        f'An event source mapping with SQS arn (" {QUEUE}q ") and function (" taker ") already exists. '
        f"Please update or delete the existing mapping with UUID {made['UUID']}"
    )


def test_a_mapping_stays_when_its_function_goes(bare, lamb_of_module):
    lamb_of_module.write("brief.py", "def handler(event, context):\n    return event\n")
    lamb_of_module.run("create", "brief", "--file", "brief.py")
    made = bare.create_event_source_mapping(FunctionName="brief", EventSourceArn=f"{QUEUE}q")
    settle(bare, made["UUID"])
    bare.delete_function(FunctionName="brief")
    shown = bare.get_event_source_mapping(UUID=made["UUID"])
    assert (shown["State"], shown["FunctionArn"]) == ("Enabled", f"{ARN}brief")
