from __future__ import annotations

import pytest

from lamb.model.names import Place
from lamb.model.queue import QueueKey, parse_arn, parse_url

PLACE = Place("123456789012", "us-east-1")
Q = QueueKey("123456789012", "us-east-1", "q")


def test_an_arn_is_read_as_it_is_written():
    assert parse_arn(Q.arn) == Q
    assert parse_arn("arn:aws:sns:us-east-1:123456789012:q") is None
    assert parse_arn("q") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:4566/123456789012/q",
        "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        "/123456789012/q",
        "q",
    ],
)
def test_a_url_names_a_queue_whatever_its_host(url):
    assert parse_url(url, PLACE) == Q


@pytest.mark.parametrize("url", ["http://localhost:4566/", "http://localhost/q", "a/q"])
def test_what_names_no_account_is_no_queue_url(url):
    parsed = parse_url(url, PLACE)
    assert parsed is None or not parsed.name
