from __future__ import annotations

import base64
import json
import re

import pytest
from unit.api.desk import Desk, Services

from lamb.model.errors import ResourceNotFound, TooManyRequests
from lamb.model.names import Reference

INVOKE = "/2015-03-31/functions/f/invocations"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_the_result_is_the_body_and_its_circumstances_are_headers(desk: Desk) -> None:
    answer = desk.ask("POST", INVOKE, b'{"a":1}')
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    shown = {name: value for name, value in answer.headers.items() if name.startswith(("x-amz-", "x-lamb-"))}
    assert shown == {"x-amz-executed-version": "$LATEST"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == "7"


def test_one_request_id_is_used_everywhere(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", INVOKE)
    _, event, _ = services.invoked[0]
    assert UUID4.fullmatch(event.request_id)
    assert answer.headers["x-amzn-requestid"] == event.request_id


def test_an_empty_payload_arrives_as_an_empty_object(desk: Desk, services: Services) -> None:
    desk.ask("POST", INVOKE)
    assert services.invoked[0][1].payload == b"{}"


def test_the_payload_is_passed_on_byte_for_byte(desk: Desk, services: Services) -> None:
    payload = b' {"a": 1e400,  "a": 123456789012345678901234567890}'
    desk.ask("POST", INVOKE, payload)
    assert services.invoked[0][1].payload == payload


@pytest.mark.parametrize(
    ("target", "qualifier", "invoked"),
    [
        (INVOKE, None, ARN),
        (f"{INVOKE}?Qualifier=%24LATEST", "$LATEST", f"{ARN}:$LATEST"),
        ("/2015-03-31/functions/f%3Aprod/invocations", "prod", f"{ARN}:prod"),
        (f"/2015-03-31/functions/{ARN.replace(':', '%3A')}%3A3/invocations", "3", f"{ARN}:3"),
        (f"/2015-03-31/functions/{ARN}/invocations?Qualifier=3", "3", f"{ARN}:3"),
        ("/2015-03-31/functions/123456789012:function:f/invocations", None, ARN),
    ],
)
def test_a_function_is_named_in_every_spelling(
    desk: Desk, services: Services, target: str, qualifier: str | None, invoked: str
) -> None:
    assert desk.ask("POST", target).status == 200
    reference, event, _ = services.invoked[0]
    assert reference == Reference(reference.key, qualifier)
    assert reference.key.arn == ARN
    assert event.invoked_arn == invoked


def test_a_function_that_failed_is_still_a_200(desk: Desk, services: Services) -> None:
    services.outcome = {"verdict": "error", "payload": b'{"errorMessage":"x"}'}
    answer = desk.ask("POST", INVOKE)
    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")


def test_the_log_comes_only_when_asked_for(desk: Desk, services: Services) -> None:
    services.outcome = {"log": ["START\n", "ÿ"]}
    assert "x-amz-log-result" not in desk.ask("POST", INVOKE).headers
    tail = desk.ask("POST", INVOKE, headers={"X-Amz-Log-Type": "Tail"}).headers["x-amz-log-result"]
    assert base64.b64decode(tail) == "START\nÿ".encode()


def test_whoever_asks_gets_a_receipt_of_what_aws_does_not_tell(desk: Desk, services: Services) -> None:
    services.outcome = {"verdict": "error", "init_ms": 4.9004, "missing_walls": ("cgroup", "landlock")}
    headers = desk.ask("POST", INVOKE, headers={"X-Lamb-Receipt": "json"}).headers
    assert json.loads(headers["x-lamb-receipt"]) == {
        "verdict": "error",
        "durationMs": 1.5,
        "initMs": 4.9,
        "memoryMb": 128,
        "memoryUsedMb": 41,
        "walls": "9/9",
        "missingWalls": ["cgroup", "landlock"],
    }


def test_a_dry_run_checks_and_runs_nothing(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", INVOKE, headers={"X-Amz-Invocation-Type": "DryRun"})
    assert (answer.status, answer.body, len(services.checked)) == (204, b"", 1)
    assert "content-length" not in answer.headers
    assert not services.invoked


EVENT = {"X-Amz-Invocation-Type": "Event"}


def test_an_event_is_accepted_with_nothing_but_its_request_id(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", f"{INVOKE}?Qualifier=prod", b'{"a": 1}', headers=EVENT)
    assert (answer.status, answer.body) == (202, b"")
    assert "x-amz-executed-version" not in answer.headers
    ((reference, event),) = services.accepted
    assert (reference.key.name, reference.qualifier, event.payload) == ("f", "prod", b'{"a": 1}')
    assert event.request_id == answer.headers["x-amzn-requestid"]
    assert not services.invoked


def test_the_client_context_is_not_for_events(desk: Desk, services: Services) -> None:
    context = base64.b64encode(b'{"custom": {}}').decode()
    desk.ask("POST", INVOKE, headers={**EVENT, "X-Amz-Client-Context": context})
    assert services.accepted[0][1].client_context is None


def test_an_event_may_have_a_megabyte_and_has_to_be_json(desk: Desk, services: Services) -> None:
    fits = b'"' + b"a" * (1_048_576 - 2) + b'"'
    assert desk.ask("POST", INVOKE, fits, headers=EVENT).status == 202
    refused = desk.ask("POST", INVOKE, fits + b" ", headers=EVENT)
    assert (refused.status, refused.error) == (413, "RequestEntityTooLargeException")
    assert desk.ask("POST", INVOKE, b"{", headers=EVENT).error == "InvalidRequestContentException"
    assert len(services.accepted) == 1


def test_headers_outside_the_model_are_validation_errors(desk: Desk) -> None:
    headers = {"X-Amz-Invocation-Type": "Later", "X-Amz-Log-Type": "Head"}
    answer = desk.ask("POST", INVOKE, headers=headers)
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert answer.document["message"] == (
        "2 validation errors detected: Value 'Later' at 'invocationType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Event, RequestResponse, DryRun]; Value 'Head' at 'logType' "
        "failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]"
    )


def test_a_name_outside_the_pattern_is_a_validation_error(desk: Desk) -> None:
    answer = desk.ask("POST", "/2015-03-31/functions/f%21/invocations")
    assert answer.error == "ValidationException"
    assert "Value 'f!' at 'functionName'" in answer.document["message"]


def test_a_payload_that_is_not_json_is_refused(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", INVOKE, b"nope")
    assert (answer.status, answer.error) == (400, "InvalidRequestContentException")
    assert answer.document["Type"] == "User"
    assert not services.invoked


def test_a_missing_function_is_reported_before_a_bad_payload(desk: Desk, services: Services) -> None:
    services.trouble = ResourceNotFound(f"Function not found: {ARN}:$LATEST")
    answer = desk.ask("POST", INVOKE, b"nope")
    assert answer.document == {"Type": "User", "Message": f"Function not found: {ARN}:$LATEST"}


def test_a_payload_of_the_limit_is_taken_and_one_byte_more_is_not(desk: Desk) -> None:
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert desk.ask("POST", INVOKE, parts=[largest[:1000], largest[1000:]]).status == 200
    answer = desk.ask("POST", INVOKE, parts=[largest, b" "])
    assert (answer.status, answer.error) == (413, "RequestEntityTooLargeException")
    assert answer.document == {
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }


def test_a_caller_that_hangs_up_while_it_sends_runs_nothing(desk: Desk, services: Services) -> None:
    answer = desk.ask("POST", INVOKE, b'{"a":', hang_up=True)
    assert answer.status == 0
    assert not services.invoked


def test_a_client_context_reaches_the_function_as_json(desk: Desk, services: Services) -> None:
    context = base64.b64encode(json.dumps({"custom": {"a": "1"}}).encode()).decode()
    desk.ask("POST", INVOKE, headers={"X-Amz-Client-Context": context})
    assert json.loads(services.invoked[0][1].client_context or "") == {"custom": {"a": "1"}}


@pytest.mark.parametrize("context", ["%", base64.b64encode(b"nope").decode(), "W10=", "e30=" * 1000])
def test_a_client_context_that_is_no_small_json_object_is_refused(desk: Desk, context: str) -> None:
    answer = desk.ask("POST", INVOKE, headers={"X-Amz-Client-Context": context})
    assert answer.error == "InvalidRequestContentException"


def test_a_trace_is_continued_or_begun(desk: Desk, services: Services) -> None:
    desk.ask("POST", INVOKE, headers={"X-Amzn-Trace-Id": "Root=1-2-3"})
    begun = desk.ask("POST", INVOKE).headers["x-amzn-trace-id"]
    assert services.invoked[0][1].trace_id == "Root=1-2-3"
    assert services.invoked[1][1].trace_id == begun
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0", begun)


def test_a_seed_makes_the_draw_repeatable(desk: Desk, services: Services) -> None:
    desk.ask("POST", INVOKE, headers={"X-Lamb-Seed": "-7"})
    assert services.invoked[0][2] == -7
    assert desk.ask("POST", INVOKE, headers={"X-Lamb-Seed": "x"}).error == "InvalidParameterValueException"


def test_the_owner_may_choose_the_request_id_and_only_a_real_one(desk: Desk, services: Services) -> None:
    chosen = "0a1b2c3d-0000-4000-8000-0123456789ab"
    assert (
        desk.ask("POST", INVOKE, headers={"X-Lamb-Request-Id": chosen}).headers["x-amzn-requestid"] == chosen
    )
    desk.ask("POST", INVOKE, headers={"X-Lamb-Request-Id": "../x"})
    assert [UUID4.fullmatch(event.request_id) is not None for _, event, _ in services.invoked] == [True, True]


def test_a_throttle_says_when_to_come_back(desk: Desk, services: Services) -> None:
    services.trouble = TooManyRequests("ConcurrentInvocationLimitExceeded")
    answer = desk.ask("POST", INVOKE)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.document["Reason"] == "ConcurrentInvocationLimitExceeded"
