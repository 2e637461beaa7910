"""Requests to whatever daemon of a home lives at the moment; nobody is started for them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import socket
import zipfile
from typing import Any, ClassVar

import harness

FUNCTIONS = "/2015-03-31/functions"
ANSWER_LIMIT_S = 60


class Lost(Exception):
    """The daemon ended, or was gone, before it answered"""


class Refused(Exception):
    """The daemon answered with an error: its status and its document"""


def package(marker: str) -> bytes:
    """A function that tells what it is: this marker, its variables' M, its version, and the event."""
    text = (
        "import os\n"
        "def handler(event, context):\n"
        f"    return {{'marker': {marker!r}, 'M': os.environ.get('MM'),\n"
        "            'version': context.function_version, 'event': event}\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py", (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, text)
    return buffer.getvalue()


def code_sha256(marker: str) -> str:
    return base64.b64encode(hashlib.sha256(package(marker)).digest()).decode()


class Talk:
    """One connection, made when it is needed and again after it was lost."""

    made: ClassVar[list[Talk]] = []
    """Those of this test; closed at its end."""

    def __init__(self, lamb: harness.Lamb) -> None:
        self.made.append(self)
        self.lamb = lamb
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers (lower case) and body of an answer below 300. Raises Refused and Lost."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            content = None if body is None else json.dumps(body)
            self._connection.request(method, path, content, headers or {})
            answer = self._connection.getresponse()
            data = answer.read()
        except TimeoutError:
            self.close()
            raise AssertionError(f"{method} {path}: no answer in {ANSWER_LIMIT_S} s") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost from error
        if answer.status >= 300:
            raise Refused(answer.status, data.decode())
        return {name.lower(): value for name, value in answer.getheaders()}, data

    def json(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.ask(method, path, body)[1] or b"{}")
        return document

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("lamb")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(ANSWER_LIMIT_S)
        try:
            with self.lamb.socket() as name:
                connection.sock.connect(name)
        except OSError:
            connection.close()
            raise
        return connection

    # what the tests do

    def create(self, name: str, marker: str, secret: str) -> dict[str, Any]:
        body = {
            "FunctionName": name,
            "Runtime": self.lamb.runtime,
            "Handler": "app.handler",
            "Role": "arn:aws:iam::123456789012:role/r",
            "Code": {"ZipFile": base64.b64encode(package(marker)).decode()},
            "Environment": {"Variables": {"MM": secret}},
            "Publish": True,
        }
        return self.json("POST", FUNCTIONS, body)

    def update(self, name: str, marker: str, *, publish: bool) -> dict[str, Any]:
        body = {"ZipFile": base64.b64encode(package(marker)).decode(), "Publish": publish}
        return self.json("PUT", f"{FUNCTIONS}/{name}/code", body)

    def configure(self, name: str, secret: str) -> dict[str, Any]:
        body = {"Environment": {"Variables": {"MM": secret}}}
        return self.json("PUT", f"{FUNCTIONS}/{name}/configuration", body)

    def publish(self, name: str) -> dict[str, Any]:
        return self.json("POST", f"{FUNCTIONS}/{name}/versions", {})

    def settle(self, name: str) -> None:
        self.ask("GET", f"/_lamb/functions/{name}/settled")

    def invoke(self, name: str, event: Any = None) -> dict[str, Any]:
        """What the function returned. A failure of the function is a failed test."""
        headers, data = self.ask("POST", f"{FUNCTIONS}/{name}/invocations", event)
        assert "x-amz-function-error" not in headers, data
        document: dict[str, Any] = json.loads(data)
        return document
