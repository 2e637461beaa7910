from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from lamb.engine.transcript import Transcript, lines_for
from lamb.logs.journal import Entry, Group, Journal, Position
from lamb.logs.lines import JsonLines, Report, TextLines
from lamb.model.clock import ManualClock
from lamb.model.function import Logging
from lamb.model.invocation import Outcome

GROUP = Group("123456789012", "us-east-1", "/aws/lambda/f")
STREAM = "2026/01/02/[1]0123"


class Pen:
    """A transcript, and the end of its pipe that a function writes to."""

    def __init__(self, root: Path, logging: Logging) -> None:
        self.journal = Journal(root, 1 << 24)
        self.transcript = Transcript(self.journal, GROUP, STREAM, ManualClock(), logging)
        self.transcript.describe("1", "python:3.12.v1", "arn:r")
        pipe, self.pipe = os.pipe()
        self.transcript.listen(pipe)

    def write(self, data: bytes) -> None:
        os.write(self.pipe, data)

    def end(self, request_id: str = "id") -> bytes:
        log = self.transcript.end(Report(request_id, 1.0, None, 128, 7))
        return Outcome(request_id, "success", b"", "1", 1.0, None, 128, 7, log).log_tail

    def entries(self) -> list[Entry]:
        return self.journal.read(GROUP, Position(0, 0), limit=1 << 24)[0]

    def close(self) -> None:
        self.transcript.close()
        os.close(self.pipe)
        self.journal.close()


def with_pen(root: Path, work: Callable[[Pen], None], logging: Logging | None = None) -> list[Entry]:
    async def run() -> list[Entry]:
        pen = Pen(root, logging or Logging())
        work(pen)
        pen.transcript.close()
        entries = pen.entries()
        pen.close()
        return entries

    return asyncio.run(run())


REPORT = str(TextLines().report(0, Report("id", 1.0, None, 128, 7)))


def test_what_was_written_before_the_end_comes_before_the_end(tmp_path: Path):
    tails = []

    def work(pen: Pen) -> None:
        pen.transcript.init_start()
        pen.write(b"loading\n")
        pen.transcript.catch_up()
        pen.transcript.begin("id")
        pen.write(b"running\nno newline")
        tails.append(pen.end())

    entries = with_pen(tmp_path, work)
    assert [(e.request_id, e.message) for e in entries] == [
        (None, "INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:r\n"),
        (None, "loading\n"),
        ("id", "START RequestId: id Version: 1\n"),
        ("id", "running\n"),
        ("id", "no newline"),
        ("id", "END RequestId: id\n"),
        ("id", REPORT),
    ]
    assert {e.stream for e in entries} == {STREAM}
    assert tails == [
        b"START RequestId: id Version: 1\nrunning\nno newline\nEND RequestId: id\n" + REPORT.encode()
    ]


def test_what_is_written_between_invocations_belongs_to_none(tmp_path: Path):
    def work(pen: Pen) -> None:
        pen.transcript.begin("one")
        pen.end("one")
        pen.write(b"background\n")
        pen.transcript.catch_up()
        pen.transcript.begin("two")
        assert b"background" not in pen.end("two")

    entries = with_pen(tmp_path, work)
    assert [e.request_id for e in entries if e.message == "background\n"] == [None]


def test_last_words_are_kept(tmp_path: Path):
    entries = with_pen(tmp_path, lambda pen: pen.write(b"half a line, then the end"))
    assert [e.message for e in entries] == ["half a line, then the end"]


def test_the_tail_holds_the_last_four_kilobytes_whatever_the_lengths(tmp_path: Path):
    tails = []

    def work(pen: Pen) -> None:
        for lines in ([b"x" * 10_000], [b"%d" % n for n in range(5000)], [b"short"]):
            pen.transcript.begin("id")
            for line in lines:
                pen.write(line + b"\n")
            tails.append(pen.end())

    with_pen(tmp_path, work)
    assert [len(tail) for tail in tails[:2]] == [4096, 4096]
    assert len(tails[2]) < 300
    assert all(tail.endswith(REPORT.encode()) for tail in tails)


def test_ending_does_not_wait_for_a_writer_that_never_ceases(tmp_path: Path):
    """A full pipe is emptied once: what is written meanwhile comes later."""

    def work(pen: Pen) -> None:
        pen.transcript.begin("id")
        os.set_blocking(pen.pipe, False)
        written = 0
        try:
            while True:
                written += os.write(pen.pipe, b"on and on\n" * 100)
        except BlockingIOError:
            pass
        pen.end()
        pen.write(b"later\n")

    entries = with_pen(tmp_path, work)
    assert entries[-2].message == REPORT
    assert entries[-1].message == "later\n"
    assert sum(e.message == "on and on\n" for e in entries) > 1000


def test_the_last_entry_of_an_invocation_says_so_whatever_the_level(tmp_path: Path):
    def work(pen: Pen) -> None:
        pen.transcript.begin("id")
        pen.end()
        pen.write(b"later\n")

    assert [e.last for e in with_pen(tmp_path / "text", work)] == [False, False, True, False]
    quiet = with_pen(tmp_path / "json", work, Logging("JSON", "/g", "INFO", "WARN"))
    assert [(e.request_id, e.message, e.last) for e in quiet] == [("id", "", True), (None, "later\n", False)]


def test_the_format_of_the_function_decides_about_the_platforms_lines():
    assert isinstance(lines_for(Logging()), TextLines)
    assert isinstance(lines_for(Logging("JSON", "/g", "INFO", "WARN")), JsonLines)
