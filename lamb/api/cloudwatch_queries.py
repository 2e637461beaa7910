"""What CloudWatch is asked for: statistics and data of metrics, and which metrics there are."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lamb.api.members import Members
from lamb.api.neighbour import Request
from lamb.core import metric_data
from lamb.core.metric_data import Point, Query
from lamb.model.cbor import Moment
from lamb.model.metric import (
    PLAIN,
    Dimensions,
    Invalid,
    InvalidCombination,
    InvalidToken,
    InvalidValue,
    Metric,
    MissingParameter,
    is_statistic,
    percent,
)

Document = dict[str, Any]

_STATISTICS_MAX = 1440
_QUERIES_MAX = 500
_DATAPOINTS_MAX = 100_800
_LISTED = 500
_MINUTE_MS = 60_000
_SHORT_PERIODS_S = (1, 5, 10, 20, 30)
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)


# ---------------------------------------------------------------------------------- statistics


async def get_metric_statistics(request: Request, members: Members) -> Document:
    plain, extended = members.get("Statistics", []), members.get("ExtendedStatistics", [])
    if not plain and not extended:
        raise InvalidCombination("One of the parameters Statistics and ExtendedStatistics is required.")
    for statistic in extended:
        if percent(statistic) is None:
            raise InvalidValue(f"The value {statistic} for parameter ExtendedStatistics is not supported.")
    query = Query(
        metric=_metric(members),
        start_ms=_start_ms(members["StartTime"]),
        end_ms=round(members["EndTime"] * 1000),
        period_ms=_period_ms(members["Period"]),
        unit=members.get("Unit"),
    )
    if members["StartTime"] >= members["EndTime"]:
        raise InvalidValue("The parameter StartTime must be less than the parameter EndTime.")
    wanted = -(-(query.end_ms - query.start_ms) // query.period_ms)
    if wanted > _STATISTICS_MAX:
        raise InvalidCombination(
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of 1,440. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    (points,) = await _points(request, [query])
    return {
        "Label": query.metric.name,
        "Datapoints": [_datapoint(point, plain, extended) for point in points],
    }


def _datapoint(point: Point, plain: Sequence[str], extended: Sequence[str]) -> Document:
    told: Document = {"Timestamp": Moment(point.at_ms / 1000)}
    told |= {name: point.statistic(name) for name in plain}
    told["Unit"] = point.unit
    if extended:
        told["ExtendedStatistics"] = {name: point.statistic(name) for name in extended}
    return told


async def _points(request: Request, queries: Sequence[Query]) -> list[list[Point]]:
    return await request.services.measured(metric_data.points, request.place, queries)


def _metric(members: Mapping[str, Any]) -> Metric:
    for name in ("Namespace", "MetricName"):
        if name not in members:
            raise MissingParameter(f"The parameter {name} is required.")
    return Metric(members["Namespace"], members["MetricName"], dimensions(members))


def dimensions(members: Mapping[str, Any]) -> Dimensions:
    """In the order of names."""
    return tuple(sorted((each["Name"], each["Value"]) for each in members.get("Dimensions", [])))


def _start_ms(seconds: float) -> int:
    """Rounded down to the minute, as CloudWatch does within 15 days."""
    return round(seconds * 1000) // _MINUTE_MS * _MINUTE_MS


def _period_ms(seconds: int) -> int:
    if seconds % 60 and seconds not in _SHORT_PERIODS_S:
        raise InvalidValue(
            f"The value {seconds} for parameter Period is not supported: it must be 1, 5, 10, 20, 30 "
            "or a multiple of 60."
        )
    # Values are of whole minutes: no shorter period has more of them.
    return max(seconds * 1000, _MINUTE_MS)


# ---------------------------------------------------------------------------------- data


async def get_metric_data(request: Request, members: Members) -> Document:
    asked: list[Mapping[str, Any]] = members["MetricDataQueries"]
    _refuse_bad_queries(asked)
    start_s, end_s = members["StartTime"], members["EndTime"]
    if start_s > end_s:
        raise Invalid("The parameter EndTime must be greater than StartTime.")
    if start_s == end_s:
        raise Invalid("The parameter StartTime must not equal parameter EndTime.")
    stats = [each["MetricStat"] for each in asked]
    queries = [
        Query(
            metric=_metric(stat["Metric"]),
            start_ms=_start_ms(start_s),
            end_ms=round(end_s * 1000),
            period_ms=_period_ms(stat["Period"]),
            unit=stat.get("Unit"),
        )
        for stat in stats
    ]
    found = await _points(request, queries)
    backwards = members.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    wanted = [
        (each, _labelled(each), _series(points, each["MetricStat"]["Stat"], backwards=backwards))
        for each, points in zip(asked, found, strict=True)
        if each.get("ReturnData", True)
    ]
    most = members.get("MaxDatapoints", _DATAPOINTS_MAX)
    results, token = _paged(wanted, _place_of(members.get("NextToken")), most)
    return {"MetricDataResults": results, "NextToken": token, "Messages": []}


def _refuse_bad_queries(asked: Sequence[Mapping[str, Any]]) -> None:
    if len(asked) > _QUERIES_MAX:
        raise Invalid(f"The collection MetricDataQueries must not have a size greater than {_QUERIES_MAX}.")
    if len({each["Id"] for each in asked}) < len(asked):
        raise Invalid("The values for parameter id in MetricDataQueries are not unique.")
    for number, each in enumerate(asked, start=1):
        at = f"MetricDataQueries.member.{number}"
        if not _ID.fullmatch(each["Id"]):
            raise Invalid(
                f"The value {each['Id']} for parameter {at}.Id is not matching the expected pattern "
                "^[a-z][a-zA-Z0-9_]*$."
            )
        if ("Expression" in each) == ("MetricStat" in each):
            raise Invalid(f"Exactly one of Expression and MetricStat must be specified for {at}.")
        if "Expression" in each:
            raise Invalid(
                f"lamb calculates no expressions, as {at}.Expression asks for: "
                "ask for the metrics and calculate with them"
            )
        stat = each["MetricStat"]["Stat"]
        if not is_statistic(stat):
            raise Invalid(
                f"The value {stat} for parameter {at}.MetricStat.Stat is not supported: "
                f"{', '.join(PLAIN)} and percentiles such as p99.9 are."
            )


def _labelled(each: Mapping[str, Any]) -> str:
    return str(each.get("Label", each["MetricStat"]["Metric"]["MetricName"]))


def _series(points: Sequence[Point], stat: str, *, backwards: bool) -> list[tuple[Moment, float]]:
    series = [
        (Moment(point.at_ms / 1000), value)
        for point in points
        if (value := point.statistic(stat)) is not None
    ]
    return series[::-1] if backwards else series


def _paged(
    wanted: Sequence[tuple[Mapping[str, Any], str, list[tuple[Moment, float]]]],
    place: tuple[int, int],
    most: int,
) -> tuple[list[Document], str | None]:
    """Results from `place` on (query, datapoint), at most so many datapoints; where the rest begins."""
    number, start = place
    results: list[Document] = []
    left = max(1, min(most, _DATAPOINTS_MAX))
    while number < len(wanted):
        each, label, series = wanted[number]
        part = series[start : start + left]
        complete = start + len(part) == len(series)
        results.append(
            {
                "Id": each["Id"],
                "Label": label,
                "Timestamps": [at for at, _ in part],
                "Values": [value for _, value in part],
                "StatusCode": "Complete" if complete else "PartialData",
            }
        )
        left -= len(part)
        if not complete:
            return results, _token([number, start + len(part)])
        number, start = number + 1, 0
        if not left and number < len(wanted):
            return results, _token([number, 0])
    return results, None


def _token(place: list[int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place_of(token: str | None, length: int = 2) -> tuple[int, int]:
    if token is None:
        return 0, 0
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not (
        isinstance(found, list) and len(found) == length and all(type(n) is int and n >= 0 for n in found)
    ):
        raise InvalidToken
    return found[0], found[-1]


# ---------------------------------------------------------------------------------- lists


async def list_metrics(request: Request, members: Members) -> Document:
    recent = "RecentlyActive" in members
    found = await request.services.measured(_listed, request.place, recent)
    filters = [(each["Name"], each.get("Value")) for each in members.get("Dimensions", [])]
    wanted = [
        metric
        for metric in found
        if members.get("Namespace", metric.namespace) == metric.namespace
        and members.get("MetricName", metric.name) == metric.name
        and all(_has(metric.dimensions, name, value) for name, value in filters)
    ]
    start, _ = _place_of(members.get("NextToken"), 1)
    more = start + _LISTED < len(wanted)
    return {
        "Metrics": [
            {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
            }
            for metric in wanted[start : start + _LISTED]
        ],
        "NextToken": _token([start + _LISTED]) if more else None,
    }


def _listed(core: Any, unwritten: Any, place: Any, recent: bool) -> list[Metric]:  # noqa: FBT001
    return metric_data.listed(core, unwritten, place, recent=recent)


def _has(dimensions: Dimensions, name: str, value: str | None) -> bool:
    return any(key == name and value in (None, found) for key, found in dimensions)
