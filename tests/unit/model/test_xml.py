from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from lamb.model import xml

# By code points, as the standard's `Char` has them.
WRITABLE = [(0x9, 0xA), (0xD, 0xD), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)]


@given(st.text(st.characters() | st.sampled_from("\0\t\n\r\x1f &<>\"'\ud800\udfff\ufffd\ufffe\uffff]")))
def test_a_parser_reads_the_text_again_with_marks_where_it_cannot_be_written(text: str):
    kept = "".join(c if any(a <= ord(c) <= b for a, b in WRITABLE) else "\ufffd" for c in text)
    assert ET.fromstring(f"<e>{xml.escape(text)}</e>").text == (kept or None)


def test_every_character_that_cannot_be_written_is_known():
    everything = map(chr, range(0x110000))
    found = {ord(c) for c in everything if xml.UNWRITABLE.match(c)}
    assert found == set(range(0x110000)) - {c for a, b in WRITABLE for c in range(a, b + 1)}
