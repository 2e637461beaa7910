"""boto3's Lambda client, unpatched, on every way to invoke: bodies, statuses, headers, texts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SOURCE = """
import sys, time

def handler(event, context):
    wish = event.get("wish") if isinstance(event, dict) else None
    if wish == "raise":
        raise ValueError("as you wish")
    if wish == "sleep":
        time.sleep(9)
    if wish == "exit":
        sys.exit(3)
    if wish == "talk":
        print("x" * 5000)
    if wish == "nothing":
        return None
    custom = context.client_context.custom if context.client_context else None
    return {
        "event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "version": context.function_version, "custom": custom, "pad": "y" * (event or {}).get("pad", 0),
    }
"""


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb, served: harness.Served) -> Any:
    """A client, over a home with the function `act` (version 1, alias `live`), whose timeout is a second."""
    lamb = lamb_of_module
    lamb.write("act.py", SOURCE)
    lamb.run("create", "act", "--file", "act.py", "--timeout", "1", "--publish")
    lamb.run("alias", "create", "act", "live", "--version", "1")
    return boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))


def invoke(client: Any, event: Any = None, **members: Any) -> tuple[dict[str, Any], Any]:
    """The answer, and its payload read as JSON."""
    payload = b"" if event is None else json.dumps(event).encode()
    answer = client.invoke(**{"FunctionName": "act", "Payload": payload, **members})
    return answer, json.loads(answer["Payload"].read() or b"null")


def headers(answer: dict[str, Any]) -> dict[str, str]:
    told: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    return told


def refused(call: Any, **members: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**{"FunctionName": "act", **members})
    return caught.value.response


def streamed(answer: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """The chunks put together, and how it ended."""
    payload, ended = b"", None
    for event in answer["EventStream"]:
        payload += event.get("PayloadChunk", {}).get("Payload", b"")
        ended = event.get("InvokeComplete", ended)
    assert ended is not None
    return payload, ended


# ------------------------------------------------------------------ RequestResponse


def test_one_id_is_the_answer_s_the_context_s_and_the_log_s(aws):
    answer, result = invoke(aws, LogType="Tail")
    told = headers(answer)
    assert UUID4.fullmatch(told["x-amzn-requestid"])
    assert result["id"] == answer["ResponseMetadata"]["RequestId"] == told["x-amzn-requestid"]
    log = base64.b64decode(answer["LogResult"]).decode()
    for line in ("START", "END", "REPORT"):
        assert f"{line} RequestId: {result['id']}" in log
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert told["content-type"] == "application/json"
    assert told["x-amzn-trace-id"].startswith("Root=1-")
    assert "FunctionError" not in answer


def test_without_a_wish_for_it_there_is_no_log(aws):
    for kind in ({}, {"LogType": "None"}):
        assert "LogResult" not in invoke(aws, **kind)[0]


def test_the_log_is_the_last_four_kilobytes_from_the_middle_of_a_line_on(aws):
    answer, _ = invoke(aws, {"wish": "talk"}, LogType="Tail")
    log = base64.b64decode(answer["LogResult"])
    assert len(log) == 4096
    assert log.startswith(b"xxx")
    assert log.endswith(b"\t\n")


def test_no_payload_is_an_empty_object_and_none_is_null(aws):
    assert invoke(aws)[1]["event"] == {}
    answer = aws.invoke(FunctionName="act", Payload=b'{"wish": "nothing"}')
    assert answer["Payload"].read() == b"null"


@pytest.mark.parametrize(
    ("named", "qualifier", "arn", "version"),
    [
        ("act", None, "act", "$LATEST"),
        ("act", "$LATEST", "act:$LATEST", "$LATEST"),
        ("act:1", None, "act:1", "1"),
        (f"{ARN}act:live", None, "act:live", "1"),
        ("123456789012:function:act", "live", "act:live", "1"),
        ("act:live", "live", "act:live", "1"),
    ],
)
def test_a_function_hears_of_itself_as_it_was_named(aws, named, qualifier, arn, version):
    given = {} if qualifier is None else {"Qualifier": qualifier}
    answer, result = invoke(aws, FunctionName=named, **given)
    assert (answer["ExecutedVersion"], result["version"]) == (version, version)
    assert result["arn"] == f"{ARN}{arn}"


def test_a_client_context_is_for_synchronous_calls(aws):
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    assert invoke(aws, ClientContext=context)[1]["custom"] == {"a": "b"}


def test_a_trace_goes_on(aws):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    def send(request, **_):
        request.headers["X-Amzn-Trace-Id"] = trace

    aws.meta.events.register("before-sign.lambda.Invoke", send)
    try:
        assert headers(invoke(aws)[0])["x-amzn-trace-id"].startswith(
            "Root=1-5759e988-bd862e3fe1be46a994272793"
        )
    finally:
        aws.meta.events.unregister("before-sign.lambda.Invoke", send)


def test_a_failed_function_is_a_200_and_unhandled(aws):
    answer, error = invoke(aws, {"wish": "raise"})
    assert (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"]) == (
        200, "Unhandled", "$LATEST",
    )  # fmt: skip
    assert list(error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert (error["errorMessage"], error["errorType"]) == ("as you wish", "ValueError")
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("wish", "kind", "text"),
    [
        ("sleep", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("exit", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ],
)
def test_what_the_platform_says_of_an_end(aws, wish, kind, text):
    answer = aws.invoke(FunctionName="act", Payload=json.dumps({"wish": wish}).encode())
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    told = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
    assert answer["Payload"].read().decode() == json.dumps(told, separators=(",", ":"))


def test_a_result_over_six_megabytes_is_a_failure(aws):
    answer, error = invoke(aws, {"pad": 6_291_556})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert error == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


# ------------------------------------------------------------------ DryRun and Event


def test_a_dry_run_is_204_and_checks_that_the_function_is_there(aws):
    answer = aws.invoke(FunctionName="act", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    assert "ExecutedVersion" not in answer
    missing = refused(aws.invoke, FunctionName="act:7", InvocationType="DryRun")
    assert missing["Error"]["Message"] == f"Function not found: {ARN}act:7"


def test_an_event_is_202_and_has_no_version(aws):
    answer = aws.invoke(FunctionName="act", InvocationType="Event", Payload=b"{}")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert UUID4.fullmatch(headers(answer)["x-amzn-requestid"])
    assert not {"ExecutedVersion", "FunctionError", "LogResult"} & answer.keys()


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("name", "shown"),
    [("nobody", "nobody:$LATEST"), ("nobody:1", "nobody:1"), ("act:9", "act:9"), ("act:none", "act:none")],
)
@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_what_is_not_there_is_named_with_its_qualifier(aws, name, shown, kind):
    answer = refused(aws.invoke, FunctionName=name, InvocationType=kind)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert answer["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": f"Function not found: {ARN}{shown}",
    }
    assert (answer["Type"], answer["Message"]) == ("User", answer["Error"]["Message"])


def test_another_region_and_another_account_are_out_of_reach(aws):
    far = refused(aws.invoke, FunctionName="arn:aws:lambda:eu-west-1:123456789012:function:act")
    assert (far["ResponseMetadata"]["HTTPStatusCode"], far["Error"]["Message"]) == (
        404, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    )  # fmt: skip
    others = refused(aws.invoke, FunctionName="arn:aws:lambda:us-east-1:999999999999:function:act")
    assert (others["ResponseMetadata"]["HTTPStatusCode"], others["Error"]["Code"]) == (
        403, "AccessDeniedException",
    )  # fmt: skip


def test_two_qualifiers_have_to_be_one(aws):
    answer = refused(aws.invoke, FunctionName="act:1", Qualifier="live")
    assert answer["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": "The derived qualifier from the function name does not match the specified qualifier.",
    }
    assert answer["Type"] == "User"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_what_is_no_json_is_refused_in_the_words_of_aws_s_parser(aws, kind):
    answer = refused(aws.invoke, InvocationType=kind, Payload=b"{x}")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert (answer["Error"]["Code"], answer["Type"]) == ("InvalidRequestContentException", "User")
    assert answer["message"].startswith(
        "Could not parse request body into json: Could not parse payload into json: "
    )
    binary = refused(aws.invoke, InvocationType=kind, Payload=b"\x87")
    assert "Invalid UTF-8 start byte 0x87" in binary["message"]


def test_events_and_calls_have_rooms_of_their_own(aws):
    for kind, most in (("RequestResponse", 6_291_456), ("Event", 1_048_576)):
        answer = refused(aws.invoke, InvocationType=kind, Payload=b'"' + b"x" * most + b'"')
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
        assert answer["Error"] == {
            "Code": "RequestEntityTooLargeException",
            "Message": f"Request must be smaller than {most} bytes for the InvokeFunction operation",
        }
        assert "Type" not in answer


def test_headers_have_the_values_of_the_model(aws):
    answer = refused(aws.invoke, InvocationType="Sometimes", LogType="Head")
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["Error"]["Message"].startswith("2 validation errors detected: Value 'Sometimes' at ")
    assert (
        "Member must satisfy enum value set: [Event, RequestResponse, DryRun]" in answer["Error"]["Message"]
    )


def test_a_tenant_is_refused_where_functions_have_none(aws):
    for call in (aws.invoke, aws.invoke_with_response_stream):
        assert refused(call, TenantId="blue")["Error"] == {
            "Code": "InvalidParameterValueException",
            "Message": "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again.",
        }


def test_a_throttle_has_a_reason_and_says_when_to_come_back(aws):
    aws.put_function_concurrency(FunctionName="act", ReservedConcurrentExecutions=0)
    try:
        for call in (aws.invoke, aws.invoke_with_response_stream):
            answer = refused(call)
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
            assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
            assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
            assert answer["Type"] == "User"
            assert int(headers(answer)["retry-after"]) > 0
    finally:
        aws.delete_function_concurrency(FunctionName="act")


def test_a_body_of_any_content_type_is_a_payload(aws, served):
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = served.ask("POST", "/2015-03-31/functions/act/invocations", b'{"n": 1}', content_type)
        assert json.loads(answer)["event"] == {"n": 1}


# ------------------------------------------------------------------ streams and the old way


def test_boto3_reads_a_streamed_result(aws):
    answer = aws.invoke_with_response_stream(
        FunctionName="act", Qualifier="live", Payload=b'{"n": 1}', LogType="Tail"
    )
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "1")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    payload, ended = streamed(answer)
    result = json.loads(payload)
    assert (result["event"], result["arn"]) == ({"n": 1}, f"{ARN}act:live")
    assert f"REPORT RequestId: {result['id']}" in base64.b64decode(ended["LogResult"]).decode()
    assert not {"ErrorCode", "ErrorDetails"} & ended.keys()


def test_the_largest_result_is_streamed_whole(aws):
    payload, _ = streamed(aws.invoke_with_response_stream(FunctionName="act", Payload=b'{"pad": 6291000}'))
    assert json.loads(payload)["pad"] == "y" * 6_291_000


def test_a_streamed_failure_is_told_at_the_end(aws):
    payload, ended = streamed(
        aws.invoke_with_response_stream(FunctionName="act", Payload=b'{"wish": "raise"}')
    )
    assert (payload, ended["ErrorCode"]) == (b"", "Unhandled")
    assert json.loads(ended["ErrorDetails"])["errorType"] == "ValueError"


def test_a_dry_run_of_a_stream_is_204(aws):
    answer = aws.invoke_with_response_stream(FunctionName="act", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert list(answer["EventStream"]) == []
    missing = refused(aws.invoke_with_response_stream, FunctionName="nobody")
    assert missing["Error"]["Message"] == f"Function not found: {ARN}nobody:$LATEST"


def test_the_old_way_to_send_an_event_runs_it(aws, lamb_of_module):
    answer = aws.invoke_async(FunctionName="act:live", InvokeArgs=b'{"n": 1}')
    assert answer["Status"] == 202
    lamb_of_module.run("wait", "events", "act", "--empty", "--timeout", "50s")
    event = lamb_of_module.json("events", "show", answer["ResponseMetadata"]["RequestId"])
    assert (event["State"], event["FunctionArn"]) == ("succeeded", f"{ARN}act:live")
    large = refused(aws.invoke_async, InvokeArgs=b'"' + b"x" * 262_144 + b'"')
    assert large["Error"]["Message"] == (
        "Request must be smaller than 262144 bytes for the InvokeAsync operation"
    )
    missing = refused(aws.invoke_async, FunctionName="nobody", InvokeArgs=b"{}")
    assert missing["Error"]["Code"] == "ResourceNotFoundException"
