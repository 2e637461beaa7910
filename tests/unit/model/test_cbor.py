from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.model.cbor import CborError, Moment, decode, encode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_what_was_written_is_read(value):
    assert decode(encode(value)) == without_nulls(value)


# From appendix A of RFC 8949.
@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("17", 23), ("1818", 24), ("1903e8", 1000), ("1a000f4240", 1_000_000), ("20", -1), ("3903e7", -1000),
        ("1bffffffffffffffff", (1 << 64) - 1), ("f93c00", 1.0), ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1), ("f4", False), ("f5", True), ("f6", None), ("4401020304", b"\1\2\3\4"),
        ("6449455446", "IETF"), ("62c3bc", "ü"), ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("5f42010243030405ff", b"\1\2\3\4\5"), ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)  # fmt: skip
def test_examples_of_the_standard(hexadecimal, value):
    found = decode(bytes.fromhex(hexadecimal))
    assert found == value
    assert type(found) is type(value)


def test_moments_are_told_from_numbers():
    found = decode(bytes.fromhex("c11a514b67b0"))
    assert (found, type(found)) == (1363896240.0, Moment)
    again = decode(encode({"at": Moment(1.5)}))["at"]
    assert (again, type(again)) == (1.5, Moment)
    assert math.isinf(decode(bytes.fromhex("f97c00")))


@pytest.mark.parametrize(
    "hexadecimal",
    [
        "", "18", "1c", "61", "62ff", "a1", "a10101", "8201", "9f01", "bf6161", "ff", "c0", "c2410f",
        "c16161", "f8ff", "f0", "0101", "5f6161ff", "7f5f4101ffff", "9bffffffffffffffff",
        "bbffffffffffffffff",
        "5bffffffffffffffff", "61ff", "c1f5",
    ],
)  # fmt: skip
def test_what_is_broken_or_of_no_use_here_is_refused(hexadecimal):
    with pytest.raises(CborError):
        decode(bytes.fromhex(hexadecimal))


def test_nesting_has_an_end():
    with pytest.raises(CborError, match="nested too deeply"):
        decode(b"\x81" * 100_000)


@given(st.binary(max_size=60))
def test_no_bytes_are_a_bug(data):
    with contextlib.suppress(CborError):
        decode(data)
