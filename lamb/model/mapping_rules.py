"""Which settings an event source mapping may have: AWS's rules and texts, as pure functions.

What the shapes say of a member alone (its bounds, its values) has been checked before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.model.errors import InvalidParameterValue
from lamb.model.event_pattern import Pattern, PatternRefused, compile_pattern
from lamb.model.limits import FILTERS_MAX, QUEUE_BATCH_MAX, RECORD_AGE_MIN_S
from lamb.model.queue import FIFO_SUFFIX
from lamb.model.source_kinds import CONSUMER_GROUPS, SQS, SourceKind

Settings = Mapping[str, Any]

# The last second that AWS's clients can spell.
_TIMESTAMP_MAX_S = 253_402_300_800
# Settings that an empty value takes away.
_CLEARED = ("FilterCriteria", "KMSKeyArn", "ScalingConfig", "ProvisionedPollerConfig", "MetricsConfig")


def created(kind: SourceKind, source_arn: str | None, given: Settings, uuid: str) -> dict[str, Any]:
    """The settings of a new mapping, defaults among them. Raises InvalidParameterValue."""
    _refuse_foreign(kind, given)
    for name in kind.needs:
        if name not in given:
            raise InvalidParameterValue(_missing(name))
    _refuse_position(kind, source_arn, given)
    settings = {**kind.defaults, **given}
    group = CONSUMER_GROUPS.get(kind.name)
    if group is not None:
        settings[group] = {"ConsumerGroupId": uuid, **given.get(group, {})}
    return _accepted(kind, source_arn, settings)


def updated(kind: SourceKind, source_arn: str | None, before: Settings, given: Settings) -> dict[str, Any]:
    """The settings after a change: what is given, and all else as it was. Raises InvalidParameterValue."""
    _refuse_foreign(kind, given)
    merged = {**before, **given}
    group = CONSUMER_GROUPS.get(kind.name)
    if group is not None and group in given:
        merged[group] = {**before.get(group, {}), **given[group]}
    return _accepted(kind, source_arn, merged)


def patterns(kind: SourceKind, settings: Settings) -> list[Pattern]:
    """The filters of these settings, compiled. Raises InvalidParameterValue."""
    filters = settings.get("FilterCriteria", {}).get("Filters", [])
    if len(filters) > FILTERS_MAX:
        raise InvalidParameterValue(f"Number of filters exceeds the limit of {FILTERS_MAX}.")
    try:
        # JSON's null stands for a filter without a pattern, which is none.
        return [compile_pattern((each or {}).get("Pattern", "null"), kind.data) for each in filters]
    except PatternRefused as error:
        raise InvalidParameterValue(str(error)) from None


def refuse_short_visibility(visibility_s: int, timeout_s: int) -> None:
    """A message must not be seen again while the function may still be at work on it."""
    if visibility_s < timeout_s:
        raise InvalidParameterValue(
            f"Queue visibility timeout: {visibility_s} seconds is less than "
            f"Function timeout: {timeout_s} seconds"
        )


def _accepted(kind: SourceKind, source_arn: str | None, settings: dict[str, Any]) -> dict[str, Any]:
    for refusal in _refusals(kind, source_arn, settings):
        raise InvalidParameterValue(refusal)
    patterns(kind, settings)
    destinations = settings.get("DestinationConfig")
    if destinations is not None:
        settings["DestinationConfig"] = {"OnFailure": destinations.get("OnFailure", {})}
    return {name: value for name, value in settings.items() if not _is_cleared(name, value)}


def _is_cleared(name: str, value: Any) -> bool:
    if name == "FilterCriteria":
        return not value.get("Filters")
    return name in _CLEARED and not value


def _refuse_foreign(kind: SourceKind, given: Settings) -> None:
    """Members that other kinds of sources have."""
    if kind is SQS and given.keys() & {"StartingPosition", "StartingPositionTimestamp"}:
        raise InvalidParameterValue("StartingPosition is not valid for SQS event sources.")
    foreign = [name for name in given if name not in kind.takes]
    if "OnSuccess" in given.get("DestinationConfig", {}):
        foreign.append("DestinationConfig")
    for name in foreign:
        raise InvalidParameterValue(f"Unsupported {name} parameter for given event source mapping type.")


def _missing(name: str) -> str:
    member = name[0].lower() + name[1:]
    if name == "StartingPosition":
        return (
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null."
        )
    return f"Required '{member}' parameter is missing."


def _refuse_position(kind: SourceKind, source_arn: str | None, given: Settings) -> None:
    position, timestamp = given.get("StartingPosition"), given.get("StartingPositionTimestamp")
    if timestamp is not None and position != "AT_TIMESTAMP":
        raise InvalidParameterValue("Timestamp only valid with StartingPosition AT_TIMESTAMP")
    if position is None:
        return
    if position not in kind.positions:
        raise InvalidParameterValue(f"Unsupported starting position for arn type: {source_arn}")
    if position == "AT_TIMESTAMP":
        if timestamp is None:
            raise InvalidParameterValue("StartingPosition AT_TIMESTAMP requires a StartingPositionTimestamp")
        if not 0 <= timestamp < _TIMESTAMP_MAX_S:
            raise InvalidParameterValue(
                "Received Exception while reading from provided stream. "
                "class java.lang.Long can not be converted to a Timestamp"
            )


def _refusals(kind: SourceKind, source_arn: str | None, settings: Settings) -> Iterator[str]:
    batch, window_s = settings["BatchSize"], settings.get("MaximumBatchingWindowInSeconds", 0)
    if kind is SQS and str(source_arn).endswith(FIFO_SUFFIX):
        if window_s:
            yield "Batching window is not supported for FIFO queues"
        if batch > QUEUE_BATCH_MAX:
            yield f"Maximum batch size must be between 1 and {QUEUE_BATCH_MAX} inclusive"
    # The API reference says this of all sources; recorded it is of queues, and streams have 100 by default.
    if kind is SQS and batch > QUEUE_BATCH_MAX and not window_s:
        yield (
            "Maximum batch window in seconds must be greater than 0 "
            f"if maximum batch size is greater than {QUEUE_BATCH_MAX}"
        )
    age_s = settings.get("MaximumRecordAgeInSeconds", -1)
    if -1 < age_s < RECORD_AGE_MIN_S:
        yield f"MaximumRecordAgeInSeconds must be -1 or at least {RECORD_AGE_MIN_S}, not {age_s}"
    yield from _poller_refusals(kind, settings)


def _poller_refusals(kind: SourceKind, settings: Settings) -> Iterator[str]:
    pollers = settings.get("ProvisionedPollerConfig") or {}
    least, most = pollers.get("MinimumPollers"), pollers.get("MaximumPollers")
    if least is not None and most is not None and least > most:
        yield f"MinimumPollers ({least}) must not be greater than MaximumPollers ({most})"
    if pollers and kind is SQS and (settings.get("ScalingConfig") or {}).get("MaximumConcurrency"):
        yield "ProvisionedPollerConfig and the MaximumConcurrency of ScalingConfig exclude each other"
