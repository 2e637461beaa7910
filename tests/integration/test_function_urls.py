"""Function URLs over a served port: who is let in, what the function gets, what the caller gets."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import harness
import pytest
from harness.signing import signed

FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
HANDLER = """\
import json

def handler(event, context):
    path = event["rawPath"]
    if path == "/fail":
        raise ValueError("as you wish")
    if path == "/tea":
        return {"statusCode": "418", "headers": {"access-control-allow-origin": "mine"}, "body": "short"}
    if path == "/event":
        return {**event, "same": event["requestContext"]["requestId"] == context.aws_request_id}
    return "hello"
"""

ROLE = "arn:aws:iam::123456789012:role/narrow"
# Behind signing.py.
CALLER = """
import http.client
import json
import os

def handler(event, context):
    connection = http.client.HTTPConnection("127.0.0.1", event["port"])
    connection.request("GET", "/event", headers=signed("GET", "/event", event["host"], os.environ))
    response = connection.getresponse()
    told = json.loads(response.read())
    return [response.status, told.get("Message") or told["requestContext"]["authorizer"]["iam"]["userArn"]]
"""


class Site:
    """A home with the function `web`, its port, and requests to whatever URL."""

    def __init__(self, lamb: harness.Lamb, served: harness.Served) -> None:
        self.lamb, self.served = lamb, served
        self.port = urlsplit(served.url).port or 0
        self.keys = {
            "AWS_ACCESS_KEY_ID": served.key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": served.key["SecretAccessKey"],
        }

    def ask(
        self, url: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"host": urlsplit(url).netloc, **named})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def site(lamb_of_module: harness.Lamb) -> Iterator[Site]:
    lamb = lamb_of_module
    with lamb.serving() as served:
        lamb.write("web.py", HANDLER)
        lamb.run("create", "web", "--file", "web.py", "--runtime", lamb.runtime, "--publish")
        lamb.run("alias", "create", "web", "live", "--version", "1")
        yield Site(lamb, served)


@pytest.fixture(scope="module")
def url(site: Site) -> str:
    """Open to everybody, and for pages of one origin."""
    line = ("url", "create", "web", "--allow-origin", "https://page.example")
    return site.lamb.run(*line).stdout.strip()


def test_a_url_runs_the_function(site: Site, url: str) -> None:
    assert urlsplit(url).port == site.port
    status, headers, body = site.ask(url)
    assert (status, body) == (200, b"hello")
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-requestid"]


def test_the_function_gets_the_request_whole(site: Site, url: str) -> None:
    status, _, body = site.ask(
        url, "/event?a=1&a=2", "POST", b'{"n": 1}', content_type="application/json", cookie="c=1"
    )
    event: dict[str, Any] = json.loads(body)
    assert status == 200
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert (event["body"], event["isBase64Encoded"], event["cookies"]) == ('{"n": 1}', False, ["c=1"])
    assert event["headers"]["host"] == urlsplit(url).hostname
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["same"]


def test_the_function_says_status_and_body(site: Site, url: str) -> None:
    status, _, body = site.ask(url, "/tea")
    assert (status, body) == (418, b"short")


def test_a_function_that_fails_is_a_bad_gateway(site: Site, url: str) -> None:
    status, _, body = site.ask(url, "/fail")
    assert (status, body) == (502, b"Internal Server Error")


def test_a_page_of_the_allowed_origin_is_let_in_and_its_preflight_answered(site: Site, url: str) -> None:
    origin = "https://page.example"
    status, headers, body = site.ask(
        url, method="OPTIONS", origin=origin, access_control_request_method="PUT"
    )
    assert (status, body) == (200, b"")
    assert headers["access-control-allow-origin"] == origin
    assert headers["access-control-allow-methods"] == "*"
    status, headers, _ = site.ask(url, "/tea", origin=origin)
    assert (status, headers["access-control-allow-origin"]) == (418, origin)
    _, headers, _ = site.ask(url, "/", origin="https://other.example")
    assert "access-control-allow-origin" not in headers


def test_a_url_that_nobody_has_is_forbidden(site: Site, url: str) -> None:
    status, headers, body = site.ask(url.replace("://", "://x"))
    assert (status, json.loads(body)) == (403, {"Message": None})
    assert headers["x-amzn-errortype"] == "AccessDeniedException"


def test_without_both_permissions_nobody_is_let_in(site: Site) -> None:
    lamb = site.lamb
    address = lamb.run("url", "create", "web:live").stdout.strip()
    assert site.ask(address)[0] == 200
    for sid in lamb.run("permission", "list", "web:live", "-q").stdout.split():
        lamb.run("permission", "remove", "web:live", sid)
        status, headers, body = site.ask(address)
        assert (status, json.loads(body)) == (403, {"Message": FORBIDDEN})
        assert headers["x-amzn-errortype"] == "AccessDeniedException"
    lamb.run("url", "delete", "web:live")
    assert site.ask(address)[0] == 403


def test_a_url_for_signed_requests_takes_no_others(site: Site) -> None:
    address = site.lamb.run("url", "create", "web:live", "--auth", "iam").stdout.strip()
    host = urlsplit(address).netloc
    good = signed("POST", "/event", host, site.keys, b"{}")
    wrong = signed("POST", "/event", host, {**site.keys, "AWS_SECRET_ACCESS_KEY": "x" * 40}, b"{}")
    for headers in ({}, wrong, signed("POST", "/event", "localhost", site.keys, b"{}")):
        status, _, body = site.ask(address, "/event", "POST", b"{}", **{**headers, "host": host})
        assert (status, json.loads(body)) == (403, {"Message": FORBIDDEN})
    # A page whose script has keys.
    status, _, body = site.ask(address, "/event", "POST", b"{}", **good, origin="https://page.example")
    context = json.loads(body)["requestContext"]
    assert status == 200
    assert context["accountId"] == "123456789012"
    assert context["authorizer"]["iam"]["userArn"] == "arn:aws:iam::123456789012:root"
    site.lamb.run("url", "delete", "web:live")


def test_a_function_calls_a_signed_url_by_the_rights_of_its_role(site: Site) -> None:
    lamb = site.lamb
    address = lamb.run("url", "create", "web:live", "--auth", "iam").stdout.strip()
    lamb.write("caller.py", (harness.CHECKOUT / "tests/harness/signing.py").read_text() + CALLER)
    lamb.run("create", "caller", "--file", "caller.py", "--runtime", lamb.runtime, "--role", ROLE)
    event = json.dumps({"host": urlsplit(address).netloc, "port": site.port})

    def called() -> list[Any]:
        answer: list[Any] = lamb.json("invoke", "caller", "-e", event)["Payload"]
        return answer

    # A role that is not stored may invoke.
    arn = "arn:aws:sts::123456789012:assumed-role/narrow/caller"
    assert called() == [200, arn]
    iam = boto3.client("iam", **site.served.aws)
    service = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"},
    }
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=document(service))
    assert called() == [403, FORBIDDEN]
    for action, status in (("InvokeFunctionUrl", 403), ("Invoke*", 200)):
        allow = {"Effect": "Allow", "Action": f"lambda:{action}", "Resource": "*"}
        iam.put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=document(allow))
        assert called()[0] == status
    lamb.run("url", "delete", "web:live")


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_url_is_gone_with_its_alias(site: Site) -> None:
    lamb = site.lamb
    lamb.run("alias", "create", "web", "brief", "--version", "1")
    address = lamb.run("url", "create", "web:brief").stdout.strip()
    lamb.run("alias", "delete", "web", "brief", "--yes")
    status, _, body = site.ask(address)
    assert (status, json.loads(body)) == (403, {"Message": None})


def test_a_stopped_function_is_throttled(site: Site, url: str) -> None:
    site.lamb.run("concurrency", "web", "--reserved", "0")
    status, headers, body = site.ask(url)
    site.lamb.run("concurrency", "web", "--clear")
    assert (status, json.loads(body)["message"]) == (429, "Rate Exceeded.")
    assert headers["retry-after"]
