from __future__ import annotations

import json

import pytest

from lamb.api.messages import Response
from lamb.api.url_answer import answer, with_headers


def told(result: object) -> tuple[int, dict[str, str], bytes]:
    response = answer(json.dumps(result).encode())
    return response.status, {k.decode(): v.decode("latin-1") for k, v in response.headers}, response.body


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"hello": "wörld"}, '{"hello":"wörld"}'),
        (["hello", 3, True], '["hello",3,true]'),
        (3, "3"),
        ("hello", "hello"),
        (None, "null"),
    ],
)
def test_a_result_without_a_status_is_the_body(result, body):
    assert told(result) == (200, {"content-type": "application/json"}, body.encode())


def test_a_result_with_a_status_is_the_answer():
    status, headers, body = told(
        {"statusCode": 201, "headers": {"X-A": "1", "X-N": 2, "Content-Type": "text/plain"}, "body": "made"}
    )
    assert (status, body) == (201, b"made")
    assert headers == {"x-a": "1", "x-n": "2", "content-type": "text/plain"}


def test_cookies_become_headers_of_their_own():
    response = answer(b'{"statusCode": 200, "cookies": ["a=1", "b=2; Secure"]}')
    assert [v for k, v in response.headers if k == b"set-cookie"] == [b"a=1", b"b=2; Secure"]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"statusCode": "418", "body": "tea"}, (418, b"tea")),
        ({"statusCode": 200, "body": {"a": 1}}, (200, b'{"a":1}')),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, (200, b"\x00\xff")),
        ({"statusCode": 204, "body": "lost"}, (204, b"")),
        ({"statusCode": 200}, (200, b"")),
    ],
)
def test_status_and_body_are_read_as_they_are_meant(result, expected):
    status, _, body = told(result)
    assert (status, body) == expected


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 101},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": {}}},
        {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
        {"statusCode": 200, "headers": {"a b": "1"}},
        {"statusCode": 200, "headers": {"x": "☃"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_a_result_that_can_be_no_answer_is_a_bad_gateway(result):
    status, _, body = told(result)
    assert (status, body) == (502, b"Internal Server Error")


def test_headers_of_the_connection_are_not_the_function_s():
    names = {"Content-Length": "5", "Connection": "close", "Transfer-Encoding": "chunked", "X-A": "1"}
    assert told({"statusCode": 200, "headers": names})[1] == {"x-a": "1", "content-type": "application/json"}


def test_added_headers_stand_in_place_of_the_function_s():
    response = with_headers(Response(200, [(b"vary", b"x"), (b"a", b"1")]), [("vary", "Origin")])
    assert response.headers == [(b"a", b"1"), (b"vary", b"Origin")]
