from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.logs.output import OutputParser

TEXT_FRAME = 0xA55A0003
JSON_FRAME = 0xA55A000A  # its last byte is a newline


def frame(message: bytes, kind: int = TEXT_FRAME) -> bytes:
    return struct.pack("!IIQ", kind, len(message), 1_700_000_000_000_000) + message


def events(*pieces: bytes) -> list[str]:
    parser = OutputParser()
    return [event for piece in pieces for event in parser.feed(piece)] + parser.rest()


def test_each_printed_line_is_an_event_that_keeps_its_newline():
    assert events(b"one\ntwo\n\nthree\n") == ["one\n", "two\n", "\n", "three\n"]


def test_a_line_without_an_end_waits_for_its_end():
    parser = OutputParser()
    assert parser.feed(b"half") == []
    assert parser.feed(b" and half\nne") == ["half and half\n"]
    assert parser.rest() == ["ne"]
    assert parser.rest() == []


def test_a_carriage_return_stays_inside_its_event():
    assert events(b"1%\r2%\r\nthen\n") == ["1%\r2%\r\n", "then\n"]


def test_a_record_of_several_lines_is_one_event():
    assert events(frame(b"[ERROR] x\nTraceback\n  File")) == ["[ERROR] x\nTraceback\n  File"]


def test_prints_and_records_keep_their_order():
    written = b"a\n" + frame(b"b") + b"c" + frame(b"d\nd") + frame(b"", JSON_FRAME) + b"e\nf"
    assert events(written) == ["a\n", "b", "c", "d\nd", "e\n", "f"]


@pytest.mark.parametrize("kind", [TEXT_FRAME, JSON_FRAME, 0xA55A001B])
def test_it_does_not_matter_where_the_pipe_cuts(kind: int):
    written = b"before\n" + frame("ä record\nof two".encode(), kind) + "ünd\n".encode() + frame(b"x", kind)
    whole = events(written)
    assert whole == ["before\n", "ä record\nof two", "ünd\n", "x"]
    for cut in range(len(written)):
        assert events(written[:cut], written[cut:]) == whole
    assert events(*(bytes([byte]) for byte in written)) == whole


chunks = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"\n", b"\r\n", b"\xa5", b"\xa5\x5a\x00"]),
        st.binary(max_size=20).map(frame),
        st.binary(max_size=20).map(lambda message: frame(message, JSON_FRAME)),
    ),
    max_size=8,
)


@given(chunks, st.integers(1, 7))
def test_whatever_is_written_the_pieces_do_not_matter(written: list[bytes], size: int):
    data = b"".join(written)
    assert events(*(data[i : i + size] for i in range(0, len(data), size))) == events(data)


@given(st.lists(st.binary(max_size=60).filter(lambda text: b"\xa5" not in text), max_size=8))
def test_no_text_is_lost(written: list[bytes]):
    data = b"".join(written)
    assert "".join(events(*written)) == "".join(
        line.decode("utf-8", "replace") for line in data.splitlines(keepends=True)
    )


def test_printed_lines_can_be_refused_but_no_records():
    parser = OutputParser(lambda line: not line.startswith(b"no"))
    written = b"no\nyes\nno, cut short by a record" + frame(b"no, but written by the runtime") + b"no end"
    assert parser.feed(written) == ["yes\n", "no, but written by the runtime"]
    assert parser.rest() == []


def test_bytes_that_are_no_text_are_shown_as_replacement_characters():
    assert events(b"\xff\xfe\x00\n") == ["\ufffd\ufffd\x00\n"]


@pytest.mark.parametrize("start", [b"", b"\xa5\x5a\x00\x03\xff\xff\xff\xff12345678"])
def test_what_never_ends_comes_in_pieces_and_is_not_hoarded(start: bytes):
    """A print without a newline, and garbage that looks like the head of a record of 4 GiB."""
    parser = OutputParser()
    lengths = [len(event) for data in [start, *[b"x" * 65536] * 64] for event in parser.feed(data)]
    assert sum(lengths) >= 63 * 65536
    assert max(lengths) <= 262_144 + 65_536


def test_a_long_record_loses_nothing():
    message = b"m" * 1_000_000
    assert "".join(events(frame(message) + b"next\n")) == message.decode() + "next\n"
    assert events(frame(message) + b"next\n")[-1] == "next\n"


def test_half_a_record_of_a_runtime_that_was_killed_does_not_swallow_what_comes_next():
    for cut in range(3, 16 + 5):
        parser = OutputParser()
        parser.feed(frame(b"a record")[:cut])
        parser.rest()
        assert parser.feed(b"next\n") == ["next\n"]


def test_a_flood_of_short_lines_is_cut_in_linear_time():
    parser = OutputParser()
    data = b"x\n" * 32767 + b"x"
    started = time.process_time()
    for _ in range(10):
        parser.feed(data)
    assert time.process_time() - started < 1  # a quadratic parser takes six seconds
