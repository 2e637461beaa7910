"""AWS's SDK for JavaScript, version 3 from npm, unpatched: it has the endpoint, the region and the keys that
`lamb env` says, and nothing else. `functions/javascript_client.mjs` does the asking, once; each test reads a
part of what it saw.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import harness
import pytest

CLIENT = Path(__file__).parent / "functions" / "javascript_client.mjs"
PACKAGES = [
    f"@aws-sdk/client-{service}"
    for service in ("lambda", "cloudwatch-logs", "iam", "kms", "sns", "sqs", "sts")
]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
SOURCE = """
import pathlib

def handler(event, context):
    print("says hello")
    if "fail" in event:
        raise ValueError(event["fail"])
    if event.get("say") == "context":
        return context.client_context.custom
    if event.get("say") == "layer":
        return pathlib.Path("/opt/words.txt").read_text()
    return event
"""
# The whole run, of which most is the start of the SDK; npm has its own limit.
pytestmark = pytest.mark.timeout(240)


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, text)
    return packed.getvalue()


@pytest.fixture(scope="module")
def told(lamb_of_module: harness.Lamb, workshop: harness.Workshop) -> Any:
    """What the client printed."""
    modules = workshop.node_modules(*PACKAGES)
    place = workshop.place()
    (place / "node_modules").symlink_to(modules / "node_modules")
    shutil.copy(CLIENT, place)
    (place / "function.zip").write_bytes(zipped("app.py", SOURCE))
    (place / "layer.zip").write_bytes(zipped("words.txt", "from a layer"))
    # What `eval "$(lamb env)"` sets; an empty value is one to unset.
    said = {name: value for name, value in lamb_of_module.json("env").items() if value}
    done = subprocess.run(
        ["node", CLIENT.name, "function.zip", "layer.zip", lamb_of_module.runtime],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(place), "NODE_NO_WARNINGS": "1", **said},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_a_function_is_made_and_waited_for(told):
    assert told["created"] == {
        "state": "Pending",
        "waited": "SUCCESS",
        "active": "Active",
        "tags": {"team": "blue"},
        "variables": {"COLOUR": "red"},
        "code": True,
        "day": True,
    }


def test_every_way_to_invoke_is_understood(told):
    invoked = told["invoked"]
    plain = invoked["plain"]
    assert (plain["StatusCode"], plain["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(plain["text"]) == {"n": 1, "ü": "→"}
    assert "tail" not in plain
    assert "FunctionError" not in plain
    assert json.loads(invoked["context"]["text"]) == {"from": "node"}
    assert (invoked["event"]["StatusCode"], invoked["event"].get("text", "")) == (202, "")
    assert (invoked["dry"]["StatusCode"], invoked["dry"].get("text", "")) == (204, "")


def test_the_tail_of_the_log_comes_when_asked_for(told):
    lines = told["invoked"]["tail"]["tail"].splitlines()
    assert [line.split()[0] for line in lines] == ["START", "says", "END", "REPORT"]


def test_an_error_of_the_function_is_no_error_of_the_call(told):
    failed = told["invoked"]["failed"]
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    document = json.loads(failed["text"])
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "because")


def test_streamed_results_are_read(told):
    plain, failed = told["streamed"]["plain"], told["streamed"]["failed"]
    assert (plain["StatusCode"], json.loads(plain["text"])) == (200, {"n": 5})
    assert plain["complete"].keys() == {"LogResult"}
    assert failed["complete"]["ErrorCode"] == "Unhandled"
    assert "mid-way" in failed["complete"]["ErrorDetails"]


def test_versions_are_published_and_aliases_moved(told):
    assert told["versions"] == {
        "waited": "SUCCESS",
        "published": ["1", "2", "two"],
        "weights": {"2": 0.25},
        "moved": ["2", None],
        "executed": "2",
    }


def test_paginators_walk_page_by_page(told):
    assert told["pages"] == {
        "functions": [["another"], ["javascript"]],
        "aliases": [["a"], ["b"], ["live"]],
        "versions": [["$LATEST"], ["1"], ["2"]],
    }


@pytest.mark.parametrize(
    ("error", "name", "status", "text"),
    [
        ("missing", "ResourceNotFoundException", 404, f"Function not found: {ARN}nobody"),
        ("taken", "ResourceConflictException", 409, f"Alias already exists: {ARN}javascript:live"),
        ("unusable", "InvalidParameterValueException", 400, "Could not unzip uploaded file. "),
        (
            "invalid",
            "ValidationException",
            400,
            "1 validation error detected: Value '99999999' at 'memorySize'",
        ),
        ("changed", "PreconditionFailedException", 412, "The Revision Id provided does not match "),
        ("many", "TooManyRequestsException", 429, "Rate Exceeded."),
        ("strange", "InvalidSignatureException", 403, "The request signature we calculated does not match "),
        ("broken", "InvalidRequestContentException", 400, "Could not parse request body into json: "),
    ],
)
def test_an_error_is_of_its_class_with_its_text(told, error, name, status, text):
    caught = told["errors"][error]
    assert caught["instance"]
    assert (caught["name"], caught["status"]) == (name, status)
    assert caught["message"].startswith(text)


def test_a_throttle_says_why_and_how_long(told):
    assert told["throttled"] == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "retryAfter": "1",
    }


def test_layers_urls_policies_and_tags_are_attached(told):
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"], "MaxAge": 60}
    assert told["attached"] == {
        "layer": "from a layer",
        "url": [True, "NONE", cors, "BUFFERED"],
        "policy": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
        "tags": {"stage": "test"},
        "limits": 262144000,
    }


def test_a_queue_is_mapped_to_the_function(told):
    mapped = dict(told["mapped"])
    assert mapped.pop("missing") == {
        "instance": True,
        "name": "ResourceNotFoundException",
        "message": "The resource you requested does not exist.",
        "status": 404,
    }
    assert mapped.pop("state") in {"Creating", "Disabled"}
    assert mapped == {"batch": 5, "recent": True, "listed": [True]}


def test_messages_go_through_queues_and_topics(told):
    assert told["messages"] == {"bodies": ["grün", "rot"], "gone": [True, "QueueDoesNotExist"]}


def test_the_clients_of_the_neighbours_work_too(told):
    assert told["neighbours"] == {
        "account": "123456789012",
        "opened": "secret",
        "refusal": [True, "InvalidCiphertextException"],
        "role": ["arn:aws:iam::123456789012:role/javascript", True],
        "missing": [True, "NoSuchEntityException", 404],
        "lines": True,
    }


def test_a_function_is_deleted(told):
    assert told["removed"] == {"status": 204, "requestId": 36, "left": ["another"]}
