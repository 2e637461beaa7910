from __future__ import annotations

import json
from typing import Any

import pytest

from lamb.api.url_event import Caller, Request, event, signed

ID = "a" * 32
HOST = f"{ID}.lambda-url.us-east-1.localhost"


def made(content: bytes = b"", caller: Caller | None = None, **scope: Any) -> dict[str, Any]:
    given = {
        "method": "GET",
        "raw_path": b"/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 5),
        "headers": [],
        **scope,
    }
    given["headers"] = [(b"host", f"{HOST}:4566".encode()), *given["headers"]]
    request = Request(given, content, "r-1", "Root=1", 1_583_348_638_390)
    document: dict[str, Any] = json.loads(event(request, ID, caller or Caller("anonymous")))
    return document


def test_a_bare_request_has_every_member_that_is_always_there():
    document = made(headers=[(b"user-agent", b"curl")])
    assert document == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {
            "host": HOST,
            "user-agent": "curl",
            "x-amzn-trace-id": "Root=1",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "4566",
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": ID,
            "authentication": None,
            "domainName": HOST,
            "domainPrefix": ID,
            "http": {
                "method": "GET",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl",
            },
            "requestId": "r-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390,
        },
        "isBase64Encoded": False,
    }


def test_repeated_names_are_joined_and_cookies_stand_alone():
    document = made(
        query_string=b"a=1&b=%20x&a=2&c=",
        headers=[(b"x-a", b"1"), (b"x-a", b"2"), (b"cookie", b"c=1; d=2"), (b"cookie", b"e=3")],
    )
    assert document["queryStringParameters"] == {"a": "1,2", "b": " x", "c": ""}
    assert document["rawQueryString"] == "a=1&b=%20x&a=2&c="
    assert document["headers"]["x-a"] == "1,2"
    assert document["cookies"] == ["c=1", "d=2", "e=3"]
    assert "cookie" not in document["headers"]


def test_who_has_signed_is_named():
    context = made(caller=signed("123456789012"))["requestContext"]
    assert context["accountId"] == "123456789012"
    assert context["authorizer"]["iam"]["userArn"] == "arn:aws:iam::123456789012:root"


@pytest.mark.parametrize(
    ("content_type", "content", "body"),
    [
        ("application/json", '{"ä": 1}'.encode(), '{"ä": 1}'),
        ("text/plain; charset=utf-8", b"t", "t"),
        ("application/problem+json", b"{}", "{}"),
        ("", b"bare", "bare"),
        ("application/octet-stream", b"\x00\xff", None),
        ("application/x-www-form-urlencoded", b"a=1", None),
        ("multipart/form-data; boundary=x", b"--x", None),
        ("text/plain", b"\xff", None),
    ],
)
def test_a_body_is_text_only_where_its_type_says_so(content_type, content, body):
    headers = [(b"content-type", content_type.encode())] if content_type else []
    document = made(content, headers=headers)
    assert document["isBase64Encoded"] == (body is None)
    if body is not None:
        assert document["body"] == body
