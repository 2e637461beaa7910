"""InvokeWithResponseStream and InvokeAsync on the wire."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from unit.api.desk import Desk, Services

from lamb.api import event_stream
from lamb.model.errors import ResourceNotFound, TooManyRequests

STREAM = "/2021-11-15/functions/f/response-streaming-invocations"
ASYNC = "/2014-11-13/functions/f/invoke-async"


def events(body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """As botocore reads them: checksums, headers, payloads."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(message.headers, message.payload) for message in buffer]


def completed(body: bytes) -> dict[str, Any]:
    headers, payload = events(body)[-1]
    assert headers[":event-type"] == "InvokeComplete"
    return dict(json.loads(payload))


def test_a_message_is_framed_as_aws_does_it() -> None:
    framed = event_stream.event("PayloadChunk", "application/octet-stream", b"\x00bytes")
    assert events(framed) == [
        (
            {
                ":event-type": "PayloadChunk",
                ":content-type": "application/octet-stream",
                ":message-type": "event",
            },
            b"\x00bytes",
        )
    ]


def test_a_result_comes_in_one_chunk_and_then_its_end(desk: Desk, services: Services) -> None:
    services.outcome = {"executed_version": "7"}
    answer = desk.ask("POST", STREAM, b'{"n": 1}')
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["x-amz-executed-version"] == "7"
    assert answer.headers["x-amzn-trace-id"].startswith("Root=1-")
    (chunk, payload), (_, end) = events(answer.body)
    assert (chunk[":event-type"], payload, json.loads(end)) == ("PayloadChunk", b'{"n": 1}', {})


def test_the_log_comes_with_the_end_when_asked_for(desk: Desk, services: Services) -> None:
    services.outcome = {"log": ["START\n"]}
    answer = desk.ask("POST", STREAM, b"{}", {"X-Amz-Log-Type": "Tail"})
    assert completed(answer.body) == {"LogResult": base64.b64encode(b"START\n").decode()}


def test_a_failure_is_told_at_the_end(desk: Desk, services: Services) -> None:
    error = b'{"errorMessage":"no","errorType":"ValueError"}'
    services.outcome = {"verdict": "error", "payload": error}
    answer = desk.ask("POST", STREAM, b"{}")
    assert (answer.status, len(events(answer.body))) == (200, 1)
    assert completed(answer.body) == {"ErrorCode": "Unhandled", "ErrorDetails": error.decode()}


def test_a_dry_run_of_a_stream_runs_nothing(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", STREAM, b"{}", {"X-Amz-Invocation-Type": "DryRun"})
    assert (answer.status, answer.body, services.invoked) == (204, b"", [])
    assert len(services.checked) == 1


@pytest.mark.parametrize(
    ("headers", "body", "error", "status"),
    [
        ({"X-Amz-Invocation-Type": "Event"}, b"{}", "ValidationException", 400),
        ({"X-Amz-Log-Type": "Head"}, b"{}", "ValidationException", 400),
        ({}, b"{", "InvalidRequestContentException", 400),
        ({"X-Amz-Client-Context": "!"}, b"{}", "InvalidRequestContentException", 400),
        ({"X-Amz-Tenant-Id": "blue"}, b"{}", "InvalidParameterValueException", 400),
        ({}, b'"' + b"x" * 6_291_455 + b'"', "RequestEntityTooLargeException", 413),
    ],
)
def test_what_no_stream_is_made_of(
    desk: Desk, services: Services, headers: dict[str, str], body: bytes, error: str, status: int
) -> None:
    answer = desk.ask("POST", STREAM, body, headers)
    assert (answer.error, answer.status) == (error, status)
    assert services.invoked == []


def test_a_stream_is_for_the_version_that_is_named(desk: Desk, services: Services) -> None:
    desk.ask("POST", f"{STREAM}?Qualifier=live", b"{}", {"X-Amz-Client-Context": "e30="})
    (reference, event, _) = services.invoked[0]
    assert (reference.qualifier, event.client_context) == ("live", "{}")
    assert event.invoked_arn.endswith(":function:f:live")
    mismatch = desk.ask("POST", STREAM.replace("/f/", "/f:1/") + "?Qualifier=2", b"{}")
    assert mismatch.error == "InvalidParameterValueException"


def test_what_does_not_run_is_no_stream(desk: Desk, services: Services) -> None:
    services.trouble = TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
    answer = desk.ask("POST", STREAM, b"{}")
    assert (answer.status, answer.headers["content-type"]) == (429, "application/json")


def test_the_old_way_to_send_an_event_says_its_status(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", ASYNC, b'{"n": 1}')
    assert (answer.status, answer.document) == (202, {"Status": 202})
    (reference, event) = services.accepted[0]
    assert (reference.arn, event.payload) == ("arn:aws:lambda:us-east-1:123456789012:function:f", b'{"n": 1}')
    assert answer.headers["x-amzn-requestid"] == event.request_id


def test_the_old_way_has_less_room_and_the_same_rules(desk: Desk, services: Services) -> None:
    fits = b'"' + b"x" * 262_142 + b'"'
    assert desk.ask("POST", ASYNC, fits).status == 202
    large = desk.ask("POST", ASYNC, fits[:-1] + b'x"')
    assert (large.status, large.error) == (413, "RequestEntityTooLargeException")
    assert large.document == {
        "Message": "Request must be smaller than 262144 bytes for the InvokeAsync operation"
    }
    assert desk.ask("POST", ASYNC, b"{").error == "InvalidRequestContentException"
    services.trouble = ResourceNotFound("Function not found: f")
    assert desk.ask("POST", ASYNC, b"{").error == "ResourceNotFoundException"
    assert len(services.accepted) == 1
