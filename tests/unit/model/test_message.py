from __future__ import annotations

import base64

import pytest

from lamb.model.message import md5_of_attributes, md5_of_body, sequence_number, visible_attributes


def text(value: str, kind: str = "String") -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}


SENT = {"General": text("Kenobi"), "Hello": text("There"), "Help.Me": text("Me")}
TRACE = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"


@pytest.mark.parametrize(
    ("attributes", "recorded"),
    [
        (SENT, "4c360f3fdafd970e05fae2f149d997f5"),
        ({"Hello": text("There")}, "a311262e065454b75da111d535b8dacd"),
        ({"Foo": text("Bar")}, "ae7155c6026991b6d54b11589678bf9c"),
        (
            {"attr1": {"DataType": "Binary", "BinaryValue": base64.b64encode(TRACE).decode()}},
            "8cbe4db156db8a94db8b801b7addb984",
        ),
        ({}, None),
    ],
)
def test_the_digest_of_attributes_is_the_one_recorded_from_aws(attributes, recorded):
    assert md5_of_attributes(attributes) == recorded


def test_the_digest_of_a_body_is_that_of_its_utf_8():
    assert md5_of_body("msg") == "6e2baaf3b97dbeef01c0043275f9a0e7"


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ([], []),
        (["All"], ["General", "Hello", "Help.Me"]),
        ([".*"], ["General", "Hello", "Help.Me"]),
        (["Hello", "Foo"], ["Hello"]),
        (["Hel*"], ["Hello", "Help.Me"]),
        (["Help.*"], ["Help.Me"]),
        (["Foo"], []),
    ],
)
def test_a_receiver_sees_the_attributes_that_it_names(wanted, seen):
    assert list(visible_attributes(SENT, wanted)) == seen


def test_a_sequence_number_has_twenty_digits():
    assert [len(sequence_number(n)) for n in (1, 2**62)] == [20, 20]
