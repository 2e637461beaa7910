"""The histogram: what it promises of percentiles, and that adding up loses nothing."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.logs.distribution import BOUNDS_MS, Distribution

# From the least that is told apart to the six hours that an event may wait.
DURATIONS = st.floats(0.01, 21_600_000)


def distribution(durations) -> Distribution:
    made = Distribution()
    for ms in durations:
        made.add(ms)
    return made


def shown(of: Distribution) -> tuple[object, ...]:
    return (of.count, pytest.approx(of.total), of.least, of.most, of.buckets)


@given(st.lists(DURATIONS, min_size=1, max_size=200), st.sampled_from([1, 10, 50, 90, 99, 99.9]))
def test_every_percentile_is_within_five_percent_of_the_nearest_rank(durations, percent):
    exact = sorted(durations)[max(1, math.ceil(len(durations) * percent / 100)) - 1]
    assert distribution(durations).percentile(percent) == pytest.approx(exact, rel=0.05)


@given(st.lists(DURATIONS, min_size=1))
def test_the_ends_are_exact(durations):
    found = distribution(durations)
    assert (found.percentile(0), found.percentile(100)) == (min(durations), max(durations))
    assert found.mean == pytest.approx(sum(durations) / len(durations))


@given(st.lists(st.lists(DURATIONS), max_size=5))
def test_merged_parts_are_what_the_whole_would_be(parts):
    merged = Distribution()
    for part in parts:
        merged.merge(distribution(part))
    assert shown(merged) == shown(distribution([ms for part in parts for ms in part]))


@given(st.lists(DURATIONS | st.sampled_from([1, 2, 5, 10, 500]), max_size=50))
def test_counts_up_to_a_bound_are_exact(durations):
    bounds = (1, 2, 5, 500, 900_000)
    exact = [sum(ms <= bound for ms in durations) for bound in bounds]
    assert distribution(durations).up_to(bounds) == exact


@given(st.lists(DURATIONS))
def test_json_keeps_everything(durations):
    found = distribution(durations)
    assert shown(Distribution.read(json.loads(json.dumps(found.document())))) == shown(found)


@pytest.mark.parametrize("ms", [0.0, 0.001, 1e9, 1e12])
def test_what_is_off_the_scale_is_still_counted(ms):
    found = distribution([ms, ms, ms])
    assert (found.count, found.percentile(50)) == (3, ms)


def test_of_nothing_nothing_is_known():
    found = Distribution()
    assert (found.mean, found.percentile(0), found.percentile(50)) == (None, None, None)


def test_bounds_rise_and_have_one_two_and_five_in_each_power_of_ten():
    assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))
    assert {mantissa * 10**power for power in range(7) for mantissa in (1, 2, 5)} <= set(BOUNDS_MS)
