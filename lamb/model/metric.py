"""Metrics as CloudWatch names them: namespace, name and dimensions; statistics; units."""

from __future__ import annotations

import re
from typing import NamedTuple

from lamb.model.errors import LambError

LAMBDA = "AWS/Lambda"

Dimensions = tuple[tuple[str, str], ...]
"""Name and value, in the order of names."""


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: Dimensions = ()


class MetricsError(LambError):
    """The request could not be carried out."""

    status = 400
    exception = ""
    """The name that the newer protocols have for it; the query protocol has `code`."""


class InvalidValue(MetricsError):
    """The value of a parameter is not allowed."""

    code, exception = "InvalidParameterValue", "InvalidParameterValueException"


class InvalidCombination(MetricsError):
    """Parameters contradict each other."""

    code, exception = "InvalidParameterCombination", "InvalidParameterCombinationException"


class MissingParameter(MetricsError):
    """A parameter is missing."""

    code, exception = "MissingParameter", "MissingRequiredParameterException"


class InvalidToken(MetricsError):
    """The specified nextToken is invalid."""

    code, exception = "InvalidNextToken", "InvalidNextToken"


class Invalid(MetricsError):
    """The request is not valid."""

    code, exception = "ValidationError", "ValidationError"


PLAIN = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{0,10})?|100)")


def percent(statistic: str) -> float | None:
    """95.5 for `p95.5`; None for what is no percentile."""
    match = _PERCENTILE.fullmatch(statistic)
    return None if match is None else float(match[1])


def is_statistic(text: str) -> bool:
    return text in PLAIN or percent(text) is not None
