"""The documents of SEMANTICS §15: byte for byte, keys in AWS's order."""

from __future__ import annotations

import signal

import pytest

from lamb.engine import endings

ID = "8f5d3c1a-0b1c-4a5e-9d2f-3f4b5c6d7e8f"


def test_a_result_is_passed_on_untouched():
    ending = endings.succeeded(b' {"a": 1,\n "a":2}')
    assert (ending.verdict, ending.payload, ending.error_type, ending.status) == (
        "success",
        b' {"a": 1,\n "a":2}',
        None,
        "success",
    )


def test_a_timeout_names_the_configured_time_with_two_decimals():
    ending = endings.timed_out(ID, 3)
    assert ending.payload.decode() == (
        '{"errorType":"Sandbox.Timedout",'
        f'"errorMessage":"RequestId: {ID} Error: Task timed out after 3.00 seconds"}}'
    )
    assert (ending.verdict, ending.status) == ("timeout", "timeout")


def test_an_exit_without_a_code_gives_no_reason():
    ending = endings.exited(ID, 0, during_init=False)
    assert ending.payload.decode() == (
        '{"errorType":"Runtime.ExitError",'
        f'"errorMessage":"RequestId: {ID} Error: Runtime exited without providing a reason"}}'
    )
    assert (ending.verdict, ending.status, ending.error_type) == ("exit", "error", "Runtime.ExitError")


@pytest.mark.parametrize(("during_init", "verdict"), [(False, "exit"), (True, "init")])
def test_an_exit_with_a_code_names_it(during_init, verdict):
    ending = endings.exited(ID, 3, during_init=during_init)
    assert ending.payload.decode() == (
        '{"errorType":"Runtime.ExitError",'
        f'"errorMessage":"RequestId: {ID} Error: Runtime exited with error: exit status 3"}}'
    )
    assert ending.verdict == verdict


def test_a_signal_is_named_as_go_names_it():
    ending = endings.killed(ID, signal.SIGSEGV, out_of_memory=False)
    assert ending.payload.decode() == (
        '{"errorType":"Runtime.ExitError",'
        f'"errorMessage":"RequestId: {ID} Error: Runtime exited with error: signal: segmentation fault"}}'
    )
    assert (ending.verdict, ending.error_type) == ("killed", "Runtime.ExitError")


def test_a_signal_without_a_name_has_its_number():
    assert b"signal: signal 40" in endings.killed(ID, 40, out_of_memory=False).payload


def test_exhausted_memory_is_an_exit_error_to_the_caller_and_told_exactly_in_the_report():
    ending = endings.killed(ID, signal.SIGKILL, out_of_memory=True)
    assert ending.payload == endings.killed(ID, signal.SIGKILL, out_of_memory=False).payload
    assert ending.error_type == "Runtime.OutOfMemory"


def test_a_response_over_the_limit():
    ending = endings.too_large()
    assert ending.payload.decode() == (
        '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
        '"errorType":"Function.ResponseSizeTooLarge"}'
    )
    assert (ending.verdict, ending.error_type) == ("error", "Function.ResponseSizeTooLarge")


@pytest.mark.parametrize(
    ("document", "error_type"),
    [
        (b'{"errorType":"Runtime.MarshalError"}', "Runtime.MarshalError"),
        (b'{"errorType":"Function.Mine"}', "Function.Mine"),
        (b'{"errorType":"ValueError"}', "Runtime.Unknown"),
        (b'{"errorType":"Runtime.Bad\\nREPORT RequestId: x"}', "Runtime.Unknown"),
        (b'{"errorType":7}', "Runtime.Unknown"),
        (b"[]", "Runtime.Unknown"),
        (b"no JSON \xff", "Runtime.Unknown"),
        (b"[" * 100_000, "Runtime.Unknown"),
    ],
)
def test_an_error_of_the_function_is_passed_on_and_typed_as_metrics_keep_it(document: bytes, error_type: str):
    assert endings.raised(document) == endings.Ending("error", document, error_type)
    assert endings.init_failed(document) == endings.Ending("init", document, error_type)
