"""Values that are put into CloudWatch's metrics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamb.api.cloudwatch_queries import dimensions
from lamb.api.members import Members
from lamb.api.neighbour import Request
from lamb.core import metric_data
from lamb.core.metric_data import Datum
from lamb.logs.distribution import Distribution
from lamb.model.metric import InvalidCombination, InvalidValue, Metric, MissingParameter

_VALUES_MAX = 150
_DATA_MAX = 1000


async def put_metric_data(request: Request, members: Members) -> None:
    namespace = members["Namespace"]
    if namespace.startswith("AWS/"):
        raise InvalidValue("The value AWS/ for parameter Namespace is invalid.")
    data = members.get("MetricData", [])
    if not data:
        raise MissingParameter("The parameter MetricData is required.")
    if len(data) > _DATA_MAX:
        raise InvalidValue(f"The collection MetricData must not have a size greater than {_DATA_MAX}.")
    wanted = [_datum(namespace, each, f"MetricData.member.{i}") for i, each in enumerate(data, start=1)]
    await request.services.run(metric_data.put, request.services.core, request.place, wanted)


def _datum(namespace: str, given: Mapping[str, Any], at: str) -> Datum:
    at_ms = round(given["Timestamp"] * 1000) if "Timestamp" in given else None
    metric = Metric(namespace, given["MetricName"], dimensions(given))
    return Datum(metric, given.get("Unit", "None"), _values(given, at), at_ms)


def _values(given: Mapping[str, Any], at: str) -> Distribution:
    kinds = [name for name in ("Value", "Values", "StatisticValues") if name in given]
    if not kinds:
        raise MissingParameter(
            f"At least one of the parameters {at}.Value, Values and StatisticValues is required."
        )
    if len(kinds) > 1:
        raise InvalidCombination(
            f"The parameters {at}.{kinds[0]} and {at}.{kinds[1]} are mutually exclusive "
            "and you have specified both."
        )
    found = Distribution()
    if kinds == ["StatisticValues"]:
        told = given["StatisticValues"]
        numbers = [told[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
        _refuse_no_numbers(numbers, f"{at}.StatisticValues")
        if numbers[0] < 1:
            raise InvalidValue(
                f"The value {numbers[0]} for parameter {at}.StatisticValues.SampleCount is invalid."
            )
        found.put(numbers[1], numbers[2], numbers[3], round(numbers[0]))
        return found
    for value, times in _counted(given, at):
        found.add_many(value, times)
    return found


def _counted(given: Mapping[str, Any], at: str) -> Iterator[tuple[float, int]]:
    values = given["Values"] if "Values" in given else [given["Value"]]
    counts = given.get("Counts", [1] * len(values))
    if len(counts) != len(values):
        raise InvalidValue(f"The parameters {at}.Values and {at}.Counts must be of the same size.")
    if len(values) > _VALUES_MAX:
        raise InvalidValue(f"The collection {at}.Values must not have a size greater than {_VALUES_MAX}.")
    _refuse_no_numbers([*values, *counts], f"{at}.Values" if "Values" in given else f"{at}.Value")
    for value, count in zip(values, counts, strict=True):
        yield float(value), max(0, math.ceil(count))


def _refuse_no_numbers(numbers: Sequence[float], at: str) -> None:
    """AWS takes values from -2^360 to 2^360."""
    for number in numbers:
        if not math.isfinite(number) or abs(number) > 2.0**360:
            raise _invalid(number, at)


def _invalid(number: float, at: str) -> InvalidValue:
    shown = "NaN" if math.isnan(number) else number
    return InvalidValue(f"The value {shown} for parameter {at} is invalid.")
