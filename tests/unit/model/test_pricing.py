from __future__ import annotations

import pytest

from lamb.model.pricing import estimate


def test_requests_and_gigabyte_seconds_have_awss_prices():
    # A million runs of 100 ms with 1024 MB are 100,000 GB-s.
    found = estimate(1_000_000, 1_000_000 * 100 * 1024, "x86_64")
    assert found.gb_s == 100_000
    assert found.requests_usd == pytest.approx(0.20)
    assert found.duration_usd == pytest.approx(1.66667)
    assert found.usd == pytest.approx(1.86667)
    assert estimate(0, 1024 * 1000, "arm64").usd == 0.0000133334
