"""What event sources there are, which members each takes, and their defaults.

Source: the API reference, CreateEventSourceMapping, and answers recorded from AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lamb.model.errors import InvalidParameterValue
from lamb.model.event_pattern import DataKey

UNRECOGNIZED = "Unrecognized event source."
NO_RECORDS = "No records processed"
_BY_USER, _BY_ACTION = "USER_INITIATED", "User action"

_COMMON = frozenset(
    {"BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria", "KMSKeyArn", "MetricsConfig"}
)
_POSITION = frozenset({"StartingPosition", "StartingPositionTimestamp"})
# How a batch that fails is taken apart, tried again and given up.
_FAILING = frozenset(
    {
        "DestinationConfig",
        "MaximumRecordAgeInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
    }
)
_KAFKA = (
    _COMMON
    | _POSITION
    | _FAILING
    | {"Topics", "SourceAccessConfigurations", "ProvisionedPollerConfig", "LoggingConfig"}
)


class SourceKind(NamedTuple):
    """One kind of event source."""

    name: str
    takes: frozenset[str]
    """Members beside those that name source, function and state."""
    defaults: Mapping[str, Any]
    """What answers show without being given it."""
    data: DataKey
    needs: tuple[str, ...] = ()
    reason: str = _BY_USER
    """StateTransitionReason of what users do."""
    first_result: str | None = NO_RECORDS
    """LastProcessingResult of a new mapping."""
    positions: frozenset[str] = frozenset({"LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"})


_STREAM = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}
_STREAM_TAKES = _COMMON | _POSITION | _FAILING | {"ParallelizationFactor", "TumblingWindowInSeconds"}

SQS = SourceKind(
    "sqs",
    _COMMON | {"ScalingConfig", "FunctionResponseTypes", "ProvisionedPollerConfig"},
    {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []},
    DataKey("body"),
    first_result=None,
)
KINESIS = SourceKind(
    "kinesis",
    _STREAM_TAKES,
    _STREAM,
    DataKey("data", json_only=True),
    needs=("StartingPosition",),
    reason=_BY_ACTION,
)
DYNAMODB = SourceKind(
    "dynamodb",
    _STREAM_TAKES,
    _STREAM,
    DataKey("dynamodb", json_only=True),
    needs=("StartingPosition",),
    reason=_BY_ACTION,
    positions=frozenset({"LATEST", "TRIM_HORIZON"}),
)
# These wait for 500 ms as long as no window is set: the member has no value for it, and is absent.
MSK = SourceKind(
    "kafka",
    _KAFKA | {"AmazonManagedKafkaEventSourceConfig"},
    {"BatchSize": 100, "StartingPosition": "TRIM_HORIZON"},
    DataKey("value"),
    needs=("Topics",),
)
SELF_MANAGED = SourceKind(
    "self-managed kafka",
    _KAFKA | {"SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig"},
    {"BatchSize": 100, "StartingPosition": "TRIM_HORIZON"},
    DataKey("value"),
    needs=("SourceAccessConfigurations", "Topics"),
)
MQ = SourceKind(
    "mq",
    _COMMON | {"Queues", "SourceAccessConfigurations"},
    {"BatchSize": 100},
    DataKey("data"),
    needs=("SourceAccessConfigurations", "Queues"),
)
DOCUMENTDB = SourceKind(
    "rds",
    _COMMON | _POSITION | {"DocumentDBEventSourceConfig", "SourceAccessConfigurations"},
    {"BatchSize": 100},
    DataKey("event"),
    needs=("StartingPosition", "DocumentDBEventSourceConfig", "SourceAccessConfigurations"),
)

# Where a consumer group is named, and for which kind.
CONSUMER_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        MSK.name: "AmazonManagedKafkaEventSourceConfig",
        SELF_MANAGED.name: "SelfManagedKafkaEventSourceConfig",
    }
)
_BY_SERVICE = {kind.name: kind for kind in (SQS, KINESIS, DYNAMODB, MSK, MQ, DOCUMENTDB)}


def kind_of(source_arn: str | None, settings: Mapping[str, Any]) -> SourceKind:
    """Raises InvalidParameterValue for what is no event source."""
    if source_arn is None:
        if "SelfManagedEventSource" in settings:
            return SELF_MANAGED
        raise InvalidParameterValue(UNRECOGNIZED)
    if "SelfManagedEventSource" in settings:
        raise InvalidParameterValue(
            "EventSourceArn and SelfManagedEventSource name two sources; a mapping has one of them"
        )
    parts = source_arn.split(":", 5)
    kind = _BY_SERVICE.get(parts[2]) if len(parts) == 6 else None
    # A table itself is no source; its stream is.
    if kind is None or (kind is DYNAMODB and "/stream/" not in parts[5]):
        raise InvalidParameterValue(UNRECOGNIZED)
    return kind
