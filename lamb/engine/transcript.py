"""What one environment writes to the log, and what the platform writes about it."""

from __future__ import annotations

import asyncio
import fcntl
import functools
import os
import struct
import termios
from collections import deque
from collections.abc import Sequence

from lamb.logs.journal import Entry, Group, Journal
from lamb.logs.levels import passes
from lamb.logs.lines import JsonLines, Lines, Report, TextLines
from lamb.logs.output import OutputParser
from lamb.model.clock import Clock
from lamb.model.function import Logging
from lamb.model.limits import LOG_TAIL_BYTES

# Every line is an event: of a function that prints nothing but newlines, this is a good tenth of a second.
_CHUNK = 1 << 14


class Transcript:
    """Reads the environment's output pipe and puts it between START and REPORT, in order."""

    def __init__(
        self,
        journal: Journal,
        group: Group,
        stream: str,
        clock: Clock,
        logging: Logging,
        init_type: str = "on-demand",
    ) -> None:
        self._journal = journal
        self._group = group
        self._stream = stream
        self._clock = clock
        self._lines = lines_for(logging, init_type)
        self._parser = _parser_for(logging)
        self._request_id: str | None = None
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self._pipe = -1
        self._runtime = ("", "")
        self._version = ""

    def describe(self, version: str, runtime_version: str, runtime_arn: str) -> None:
        """What the platform's lines say: the function version, and the runtime's version and ARN."""
        self._version = version
        self._runtime = (runtime_version, runtime_arn)

    def listen(self, pipe: int) -> None:
        """Take over the reading end of the output pipe."""
        os.set_blocking(pipe, False)
        self._pipe = pipe
        asyncio.get_running_loop().add_reader(pipe, self._read)

    def close(self) -> None:
        """Write down what is left in the pipe, then let go of it."""
        if self._pipe < 0:
            return
        self._drain()
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)
        self._pipe = -1

    def init_start(self) -> None:
        self._say(self._lines.init_start(self._clock.now_ms(), *self._runtime))

    def init_report(self, init_ms: float, error_type: str | None) -> None:
        """Of a failed init phase; without a type, it took too long."""
        self._drain()
        status = "error" if error_type else "timeout"
        self._say(self._lines.init_report(self._clock.now_ms(), init_ms, status, error_type))

    def init_done(self, init_ms: float) -> None:
        """Of an init phase ahead of any invocation: no REPORT will tell of it."""
        self._drain()
        self._say(self._lines.init_report(self._clock.now_ms(), init_ms, "success", None))

    def catch_up(self) -> None:
        """Take what has been written since the last invocation: it is not the next one's."""
        self._drain()

    def begin(self, request_id: str) -> None:
        """What is read from now on is this invocation's."""
        self._tail.clear()  # of what was written since
        self._tail_length = 0
        self._request_id = request_id
        now_ms = self._clock.now_ms()
        self._say(self._lines.start(now_ms, request_id, self._version), now_ms)

    def fault(self, request_id: str, reason: str) -> None:
        """What the runtime ended of, where the answer to the caller does not tell."""
        self._drain()
        self._say(self._lines.fault(self._clock.now_ms(), request_id, reason))

    def end(self, report: Report) -> Sequence[str]:
        """Close the invocation's log; its last lines, of which LogResult has 4096 bytes."""
        self._drain()
        now_ms = self._clock.now_ms()
        self._say(self._lines.end(now_ms, report), now_ms)
        # Whoever follows this invocation learns of its end where the level leaves the REPORT out, too.
        self._say(self._lines.report(now_ms, report) or "", now_ms, last=True)
        self._request_id = None
        tail, self._tail, self._tail_length = self._tail, deque(), 0
        return tail

    def _read(self) -> None:
        """One piece, on the event loop's word; a chatty function must not starve the others."""
        try:
            data = os.read(self._pipe, _CHUNK)
        except BlockingIOError:
            return
        if data:
            for message in self._parser.feed(data):
                self._say(message)
        else:
            asyncio.get_running_loop().remove_reader(self._pipe)

    def _drain(self) -> None:
        """All that was written so far: what a function printed comes before what its end is called."""
        if self._pipe < 0:
            return
        # What is written from now on comes later: a child process may never cease.
        left = _readable(self._pipe)
        while left > 0 and (data := os.read(self._pipe, min(left, _CHUNK))):
            left -= len(data)
            for message in self._parser.feed(data):
                self._say(message)
        for message in self._parser.rest():
            self._say(message)

    def _say(self, message: str | None, now_ms: int | None = None, *, last: bool = False) -> None:
        if message is None:
            return
        entry = Entry(now_ms or self._clock.now_ms(), self._stream, self._request_id, message, last)
        self._journal.append(self._group, entry)
        if message and not message.endswith("\n"):  # a record of several lines, or a print without an end
            message += "\n"
        self._tail.append(message)
        self._tail_length += len(message)
        while self._tail_length - len(self._tail[0]) >= LOG_TAIL_BYTES:
            self._tail_length -= len(self._tail.popleft())


def _readable(pipe: int) -> int:
    """How many bytes are in a pipe."""
    count: int = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
    return count


def lines_for(logging: Logging, init_type: str = "on-demand") -> Lines:
    if logging.format != "JSON":
        return TextLines()
    return JsonLines(logging.system_level or "INFO", init_type)


def _parser_for(logging: Logging) -> OutputParser:
    if logging.format != "JSON":
        return OutputParser()
    return OutputParser(functools.partial(passes, least=logging.application_level or "INFO"))
