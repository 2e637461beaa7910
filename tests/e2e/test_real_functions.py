"""What people run on Lambda runs here unchanged, packaged as its documentation says."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from e2e.conftest import http_event

FASTAPI = ("fastapi", "mangum")
FLASK = ("flask", "apig-wsgi")
POWERTOOLS = ("aws-lambda-powertools[parser,tracer]",)


def body(answer: dict[str, Any]) -> Any:
    return json.loads(answer["body"])


@pytest.mark.each_user
def test_fastapi_behind_mangum(deployed):
    shop = deployed("shop_fastapi", *FASTAPI)
    found = shop(http_event("GET", "/items/apple", query="currency=CHF"))
    assert (found["statusCode"], body(found)) == (200, {"price": 3, "currency": "CHF"})
    assert shop(http_event("GET", "/items/pear"))["statusCode"] == 404
    assert shop(http_event("POST", "/orders", body={"item": "apple", "count": 0}))["statusCode"] == 422
    placed = shop.answer(http_event("POST", "/orders", body={"item": "apple", "count": 4}))
    assert placed.payload["statusCode"] == 201
    assert body(placed.payload) == {"total": 12, "id": placed.envelope["RequestId"]}
    assert not placed.envelope["Cold"]


def test_flask_behind_apig_wsgi(deployed):
    shop = deployed("shop_flask", *FLASK)
    said = shop(http_event("GET", "/hello/world", query="loud=1"))
    assert (said["statusCode"], body(said)) == (200, {"hello": "world", "loud": True})
    assert said["cookies"] == ["seen=world; Path=/"]
    pixel = shop(http_event("POST", "/pixel", body=[1, 2, 255]))
    assert pixel["isBase64Encoded"]
    assert base64.b64decode(pixel["body"]) == b"\x89P\x01\x02\xff"
    assert shop(http_event("GET", "/nowhere"))["statusCode"] == 404


def test_powertools_logger_event_handler_and_parser(deployed):
    variables = (
        "POWERTOOLS_SERVICE_NAME=orders",
        "POWERTOOLS_LOG_LEVEL=INFO",
        "POWERTOOLS_TRACE_DISABLED=true",
    )
    flags = [word for variable in variables for word in ("-E", variable)]
    orders = deployed("orders_powertools", *POWERTOOLS, flags=("--timeout", "10", *flags))
    created = orders.answer(http_event("POST", "/orders", body={"item": "pen", "count": 2}))
    assert (created.payload["statusCode"], body(created.payload)) == (201, {"count": 2})
    line = next(json.loads(line) for line in created.log.splitlines() if "order accepted" in line)
    told = (
        "service",
        "item",
        "level",
        "cold_start",
        "function_name",
        "function_memory_size",
        "correlation_id",
    )
    assert [line[key] for key in told] == [
        "orders", "pen", "INFO", True, "orders_powertools", "128", "JKJaXmPLvHcESHA=",
    ]  # fmt: skip
    assert line["function_request_id"] == created.envelope["RequestId"]
    assert orders(http_event("GET", "/orders/7"))["statusCode"] == 404


def test_sentry_hears_of_an_error_before_the_environment_is_frozen(deployed, sentry):
    watched = deployed(
        "watched_sentry", "sentry-sdk", flags=("-E", f"SENTRY_DSN={sentry.dsn}", "--timeout", "10")
    )
    assert watched() == "fine"
    assert sentry.events == []
    failed = watched.answer({"fail": True}, check=False)
    assert (failed.exit_code, failed.payload["errorType"]) == (10, "ValueError")
    (event,) = sentry.events
    (error,) = event["exception"]["values"]
    assert (error["type"], error["mechanism"]) == ("ValueError", {"type": "aws_lambda", "handled": False})
    assert event["extra"]["lambda"]["aws_request_id"] == failed.envelope["RequestId"]
    sentry.close()
    assert watched.answer({"fail": True}, check=False).exit_code == 10, "a silent Sentry is no obstacle"


def test_numpy(deployed):
    matrix = deployed("matrix_numpy", "numpy", flags=("--memory", "256", "--timeout", "10"))
    assert matrix({"size": 400}) == {"trace": 1600.0, "determinant": pytest.approx(8)}


def test_a_coroutine_behind_asyncio_run(deployed):
    gather = deployed("gather_async")
    for _ in range(2):  # the second one finds no loop of the first
        answer = gather({"count": 8})
        assert answer == {"squares": [0, 1, 4, 9, 16, 25, 36, 49], "child": "from a child"}


@pytest.mark.each_user
def test_threads_subprocesses_and_400_mb_of_tmp(deployed):
    heavy = deployed("heavy_lifting", flags=("--timeout", "20"))
    for _ in range(2):  # what was deleted is free again
        told = heavy({"disk_mb": 400})
        assert told["threads"] == {"met": 20, "digests": 20}
        assert told["subprocess"] == {"out": "PIPED", "err": "oops", "code": 3}
        assert (told["disk"]["size"], told["disk"]["tail"]) == (400, 255)
        assert told["disk"]["free"] <= 112


class Sentry(HTTPServer):
    """Takes envelopes as Sentry's server does, and keeps their events."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Envelopes)
        self.events: list[dict[str, Any]] = []
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.server_port}/1"

    def close(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self.server_close()
            self._thread.join()


class Envelopes(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            data = gzip.decompress(data)
        _, *items = map(json.loads, data.splitlines())
        self.server.events += [
            payload for head, payload in zip(items[::2], items[1::2], strict=True) if head["type"] == "event"
        ]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    server = Sentry()
    yield server
    server.close()
