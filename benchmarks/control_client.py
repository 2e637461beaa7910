"""Asks one server for the control plane through boto3, and prints calls a second: `URL PREFIX`.

Runs in an environment that has boto3; the same for every server.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FUNCTIONS = 21
LISTED = 50
_TRUST = {"Version": "2012-10-17", "Statement": []}


def main() -> None:
    url, prefix = sys.argv[1:]
    options: dict[str, Any] = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": os.environ.get("AWS_ACCESS_KEY_ID", "benchmark"),
        "aws_secret_access_key": os.environ.get("AWS_SECRET_ACCESS_KEY", "benchmark"),
        "config": Config(retries={"total_max_attempts": 1}),
    }
    client = boto3.client("lambda", **options)
    role = _role(options)
    zipped = _zipped()

    def create(name: str) -> None:
        client.create_function(
            FunctionName=name, Runtime="python3.11", Role=role, Handler="main.handler",
            Code={"ZipFile": zipped},
        )  # fmt: skip

    for number in range(LISTED):  # so that every page of the list is full
        try:
            client.get_function(FunctionName=f"always-{number}")
        except ClientError:
            create(f"always-{number}")
    names = [f"{prefix}-{number}" for number in range(FUNCTIONS)]
    rates = {"create": _rate(create, names)}
    rates["get"] = _rate(lambda name: client.get_function(FunctionName=name), names)
    rates["list"] = _rate(lambda _: client.list_functions(MaxItems=LISTED), names)
    client.get_waiter("function_active_v2").wait(FunctionName=names[-1])
    rates["publish"] = _rate(lambda name: client.publish_version(FunctionName=name), names)
    json.dump(rates, sys.stdout)


def _rate(call: Callable[[str], object], names: Iterable[str]) -> float:
    """Calls a second, but for the first: boto3 reads then what it knows of the operation."""
    first, *others = names
    call(first)
    started = time.perf_counter()
    for name in others:
        call(name)
    return len(others) / (time.perf_counter() - started)


def _role(options: dict[str, Any]) -> str:
    """One that is there: moto insists."""
    arn = "arn:aws:iam::123456789012:role/benchmark"
    with contextlib.suppress(ClientError):  # it is there since the last round
        boto3.client("iam", **options).create_role(
            RoleName="benchmark", AssumeRolePolicyDocument=json.dumps(_TRUST)
        )
    return arn


def _zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("main.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, "def handler(event, context):\n    return event\n")
    return packed.getvalue()


if __name__ == "__main__":
    main()
