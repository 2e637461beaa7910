from __future__ import annotations

import pytest

from lamb.model.events import QueuedEvent
from lamb.model.invocation import Outcome
from lamb.model.names import FunctionKey
from lamb.model.records import dead_letter_attributes, error_message

EVENT = QueuedEvent("an-id", FunctionKey("123456789012", "us-east-1", "f"), None, b"{}", 0, 0)


def failed(payload: bytes) -> Outcome:
    return Outcome("an-id", "error", payload, "1", 1.0, None, 128, 40)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"errorMessage":"caf\\u00e9"}', "café"),
        (b'{"errorMessage":"half \\ud83d"}', "half ?"),
        (b'{"errorMessage":7}', ""),
        (b'"errorMessage"', ""),
        (b"[" * 100_000, ""),
        (b"\xff", ""),
    ],
)
def test_an_error_message_is_text_that_every_store_takes(payload, message):
    assert error_message(failed(payload)) == message
    assert error_message(failed(payload)).encode().decode() == message


def test_a_dead_letters_message_is_cut_between_characters():
    attributes = dead_letter_attributes(
        EVENT, "RetriesExhausted", failed(b'{"errorMessage":"' + "é".encode() * 600 + b'"}')
    )
    assert attributes[2] == ("ErrorMessage", "String", "é" * 512)
    odd = dead_letter_attributes(
        EVENT, "RetriesExhausted", failed(b'{"errorMessage":"x' + "é".encode() * 600 + b'"}')
    )
    assert odd[2][2] == "x" + "é" * 511
