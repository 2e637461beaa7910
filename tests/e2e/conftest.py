"""Functions as people write and package them: `functions/` beside what they need, from PyPI."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
import pytest

FUNCTIONS = Path(__file__).parent / "functions"


@dataclass(frozen=True)
class Answer:
    """What `lamb invoke --json` says."""

    envelope: Mapping[str, Any]
    exit_code: int

    @property
    def payload(self) -> Any:
        return self.envelope["Payload"]

    @property
    def log(self) -> str:
        return self.envelope["LogTail"]


@dataclass(frozen=True)
class Deployed:
    lamb: harness.Lamb
    name: str

    def answer(self, event: object = None, *, qualifier: str = "", check: bool = True) -> Answer:
        """Of one invocation. With `check`, a failure of the function is a failed test that shows its log."""
        name = f"{self.name}:{qualifier}" if qualifier else self.name
        done = self.lamb.run("invoke", name, "--json", stdin=json.dumps(event or {}), check=False)
        assert done.stdout, done.stderr
        answer = Answer(json.loads(done.stdout), done.returncode)
        assert done.returncode == 0 or not check, f"{answer.payload}\n{answer.log}"
        return answer

    def __call__(self, event: object = None) -> Any:
        return self.answer(event).payload


def deploy(
    lamb: harness.Lamb,
    workshop: harness.Workshop,
    source: str,
    *requirements: str,
    flags: tuple[str, ...] = (),
) -> Deployed:
    """`functions/{source}.py` as a function of that name.

    With requirements as AWS's documentation packages it: `pip install --target`, the source beside.
    """
    if not requirements:
        code = ("--file", str(lamb.write(f"{source}.py", (FUNCTIONS / f"{source}.py").read_bytes())))
    else:
        folder = workshop.place() / "package"
        shutil.copytree(workshop.packages(lamb.user.python, *requirements), folder, copy_function=os.link)
        shutil.copy(FUNCTIONS / f"{source}.py", folder)
        folder.parent.chmod(0o755)
        code = ("--dir", str(folder))
    lamb.run("create", source, *code, "--handler", f"{source}.handler", "--runtime", lamb.runtime, *flags)
    return Deployed(lamb, source)


@pytest.fixture
def deployed(lamb_of_module, workshop) -> Callable[..., Deployed]:
    """`deploy` into the home of the module."""

    def call(source: str, *requirements: str, flags: tuple[str, ...] = ()) -> Deployed:
        return deploy(lamb_of_module, workshop, source, *requirements, flags=flags)

    return call


def http_event(
    method: str, path: str, *, query: str = "", body: object = None, **headers: str
) -> dict[str, Any]:
    """What an HTTP API of API Gateway sends (payload format 2.0)."""
    http = {
        "method": method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.7",
        "userAgent": "e2e",
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(pair.split("=") for pair in query.split("&") if pair),
        "headers": {"host": "api.example.com", "content-type": "application/json", **headers},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": http,
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
