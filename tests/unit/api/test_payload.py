from __future__ import annotations

import pytest

from lamb.api.payload import check
from lamb.model.errors import InvalidRequestContent

OPENING = "Could not parse request body into json: Could not parse payload into json: "


def refusal(payload: bytes) -> str:
    with pytest.raises(InvalidRequestContent) as caught:
        check(payload)
    assert caught.value.message.startswith(OPENING)
    return caught.value.message.removeprefix(OPENING)


@pytest.mark.parametrize(
    "payload",
    [b"{}", b" null ", b'"\xc3\xa4"', b"1e999", b'{"a":1,"a":2}', b"9" * 100_000, b'["\\ud800"]'],
)
def test_any_json_value_is_a_payload(payload: bytes) -> None:
    check(payload)


def test_an_unexpected_character_is_named_with_its_place() -> None:
    assert refusal(b"'x'").startswith(
        "Unexpected character (''' (code 39)): expected a valid value "
        "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: REDACTED ("
    )
    assert refusal(b'{\n "a": ]}').endswith("line: 2, column: 7]")


def test_an_unknown_word_is_an_unrecognized_token() -> None:
    assert refusal(b"hello").startswith("Unrecognized token 'hello': was expecting (JSON String,")


def test_a_payload_that_stops_early_is_an_unexpected_end() -> None:
    assert refusal(b'{"a":').startswith("Unexpected end-of-input")
    assert refusal(b'"abc').startswith("Unexpected end-of-input")
    assert refusal(b"  ").startswith("Unexpected end-of-input")


def test_bytes_that_are_not_utf8_are_named() -> None:
    assert refusal(b'"\x87"').startswith("Invalid UTF-8 start byte 0x87\n")
    assert refusal(b'"\xc3("').startswith("Invalid UTF-8 middle byte 0x28\n")


def test_utf16_is_refused() -> None:
    refusal("{}".encode("utf-16"))


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_constants_that_json_does_not_have_are_refused(constant: bytes) -> None:
    refusal(constant)


def test_nesting_that_would_exhaust_the_stack_is_refused() -> None:
    assert "nesting depth" in refusal(b"[" * 200_000)
