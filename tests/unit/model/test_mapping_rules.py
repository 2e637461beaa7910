"""Which settings a mapping may have, by kind of source, in AWS's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lamb.model import mapping_rules as rules
from lamb.model.errors import InvalidParameterValue
from lamb.model.source_kinds import UNRECOGNIZED, kind_of

HERE = "us-east-1:123456789012"
QUEUE, FIFO = f"arn:aws:sqs:{HERE}:q", f"arn:aws:sqs:{HERE}:q.fifo"
STREAM = f"arn:aws:kinesis:{HERE}:stream/s"
TABLE = f"arn:aws:dynamodb:{HERE}:table/t/stream/2026-01-01T00:00:00.000"
MSK = f"arn:aws:kafka:{HERE}:cluster/c/0a1b"
MQ = f"arn:aws:mq:{HERE}:broker:b:b-1"
DOCUMENTS = f"arn:aws:rds:{HERE}:cluster:c"
UUID = "0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1"
ACCESS = [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"}]
OWN = {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["h:9092"]}}, "Topics": ["t"]}
LATEST = {"StartingPosition": "LATEST"}


def created(arn: str | None, **given: Any) -> dict[str, Any]:
    return rules.created(kind_of(arn, given), arn, given, UUID)


def updated(arn: str | None, before: dict[str, Any], **given: Any) -> dict[str, Any]:
    return rules.updated(kind_of(arn, before), arn, before, given)


def test_each_kind_of_source_has_the_members_and_defaults_of_its_own():
    assert created(QUEUE) == {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    }
    stream = {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "LATEST",
        "TumblingWindowInSeconds": 0,
    }
    assert created(STREAM, **LATEST) == created(TABLE, **LATEST) == stream
    assert created(MSK, Topics=["t"]) == {
        "BatchSize": 100,
        "StartingPosition": "TRIM_HORIZON",
        "Topics": ["t"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": UUID},
    }
    own = created(None, **OWN, SourceAccessConfigurations=ACCESS)
    assert own["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": UUID}
    assert created(MQ, Queues=["q"], SourceAccessConfigurations=ACCESS)["BatchSize"] == 100


def test_a_consumer_group_that_is_named_stays():
    group = {"ConsumerGroupId": "mine"}
    made = created(MSK, Topics=["t"], AmazonManagedKafkaEventSourceConfig=group)
    assert made["AmazonManagedKafkaEventSourceConfig"] == group
    assert updated(MSK, made, BatchSize=7)["AmazonManagedKafkaEventSourceConfig"] == group


@pytest.mark.parametrize(
    ("arn", "given", "text"),
    [
        (None, {}, UNRECOGNIZED),
        ("arn:aws:s3:::bucket", {}, UNRECOGNIZED),
        (f"arn:aws:dynamodb:{HERE}:table/t", LATEST, UNRECOGNIZED),
        (QUEUE, LATEST, "StartingPosition is not valid for SQS event sources."),
        (QUEUE, {"StartingPositionTimestamp": 1}, "StartingPosition is not valid for SQS event sources."),
        (
            QUEUE,
            {"DestinationConfig": {"OnFailure": {}}},
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            STREAM,
            {**LATEST, "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}},
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            QUEUE,
            {"ParallelizationFactor": 2},
            "Unsupported ParallelizationFactor parameter for given event source mapping type.",
        ),
        (
            STREAM,
            {**LATEST, "ScalingConfig": {"MaximumConcurrency": 2}},
            "Unsupported ScalingConfig parameter for given event source mapping type.",
        ),
        (
            STREAM,
            {},
            (
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                "Member must not be null."
            ),
        ),
        (TABLE, {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 5}, None),
        (
            STREAM,
            {**LATEST, "StartingPositionTimestamp": 5},
            "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        ),
        (
            STREAM,
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": float("inf")},
            (
                "Received Exception while reading from provided stream. "
                "class java.lang.Long can not be converted to a Timestamp"
            ),
        ),
        (
            STREAM,
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": -5},
            (
                "Received Exception while reading from provided stream. "
                "class java.lang.Long can not be converted to a Timestamp"
            ),
        ),
        (
            STREAM,
            {"StartingPosition": "AT_TIMESTAMP"},
            "StartingPosition AT_TIMESTAMP requires a StartingPositionTimestamp",
        ),
        (
            QUEUE,
            {"BatchSize": 11},
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        (FIFO, {"BatchSize": 11}, "Maximum batch size must be between 1 and 10 inclusive"),
        (
            FIFO,
            {"MaximumBatchingWindowInSeconds": 1},
            "Batching window is not supported for FIFO queues",
        ),
        (
            STREAM,
            {**LATEST, "MaximumRecordAgeInSeconds": 59},
            "MaximumRecordAgeInSeconds must be -1 or at least 60, not 59",
        ),
        (None, OWN, "Required 'sourceAccessConfigurations' parameter is missing."),
        (MSK, {}, "Required 'topics' parameter is missing."),
        (MQ, {"SourceAccessConfigurations": ACCESS}, "Required 'queues' parameter is missing."),
        (DOCUMENTS, LATEST, "Required 'documentDBEventSourceConfig' parameter is missing."),
        (
            QUEUE,
            {"ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": 2}},
            "MinimumPollers (3) must not be greater than MaximumPollers (2)",
        ),
        (
            QUEUE,
            {
                "ProvisionedPollerConfig": {"MinimumPollers": 2},
                "ScalingConfig": {"MaximumConcurrency": 5},
            },
            "ProvisionedPollerConfig and the MaximumConcurrency of ScalingConfig exclude each other",
        ),
    ],
)
def test_what_a_mapping_may_not_be(arn, given, text):
    with pytest.raises(InvalidParameterValue) as refused:
        created(arn, **given)
    assert refused.value.message == (text or f"Unsupported starting position for arn type: {arn}")


def test_a_large_batch_needs_a_window_and_a_stream_s_does_not():
    assert created(QUEUE, BatchSize=10_000, MaximumBatchingWindowInSeconds=1)["BatchSize"] == 10_000
    assert created(STREAM, **LATEST, BatchSize=10_000)["MaximumBatchingWindowInSeconds"] == 0
    assert created(FIFO, BatchSize=10)["BatchSize"] == 10


def test_an_update_changes_what_is_given_and_is_held_to_the_same_rules():
    before = created(QUEUE, BatchSize=100, MaximumBatchingWindowInSeconds=5)
    assert updated(QUEUE, before, BatchSize=50)["MaximumBatchingWindowInSeconds"] == 5
    with pytest.raises(InvalidParameterValue, match="must be greater than 0"):
        updated(QUEUE, before, MaximumBatchingWindowInSeconds=0)


def test_an_empty_value_takes_a_setting_away():
    given = {
        "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": {"a": [1]}})}]},
        "ScalingConfig": {"MaximumConcurrency": 2},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "MetricsConfig": {"Metrics": ["EventCount"]},
    }
    before = created(QUEUE, **given)
    assert given.items() <= before.items()
    after = updated(QUEUE, before, FilterCriteria={}, ScalingConfig={}, KMSKeyArn="", MetricsConfig={})
    assert after == created(QUEUE)
    assert "FilterCriteria" not in updated(QUEUE, before, FilterCriteria={"Filters": []})


def test_a_destination_is_kept_and_an_empty_config_takes_it_away():
    failed = {"OnFailure": {"Destination": QUEUE}}
    before = created(STREAM, **LATEST, DestinationConfig=failed)
    assert before["DestinationConfig"] == failed
    assert updated(STREAM, before, DestinationConfig={})["DestinationConfig"] == {"OnFailure": {}}


def test_filters_are_compiled_and_there_are_five_at_most():
    pattern = {"Pattern": '{"body": {"a": [1]}}'}
    settings = created(QUEUE, FilterCriteria={"Filters": [pattern] * 5})
    assert len(rules.patterns(kind_of(QUEUE, settings), settings)) == 5
    with pytest.raises(InvalidParameterValue, match="limit of 5"):
        created(QUEUE, FilterCriteria={"Filters": [pattern] * 6})
    for bad in (None, {}, {"Pattern": "simple string"}, {"Pattern": '{"eventSource": []}'}):
        with pytest.raises(InvalidParameterValue, match=r"^Invalid filter pattern definition\.$"):
            created(QUEUE, FilterCriteria={"Filters": [bad]})


def test_messages_may_not_be_seen_again_while_the_function_runs():
    rules.refuse_short_visibility(30, 30)
    with pytest.raises(InvalidParameterValue) as refused:
        rules.refuse_short_visibility(30, 60)
    assert refused.value.message == (
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    )
