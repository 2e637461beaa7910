"""A cheap load generator: raw HTTP on keep-alive connections, every answer checked against its question.

One question at a time on each connection, each with a body that nobody else sends.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass

from benchmarks.figures import percentile

_LOST_AFTER_S = 10.0


@dataclass(frozen=True)
class Load:
    """What one run came to. Latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answers: int
    wrong: int
    """Answers that were not the echo of what this very connection had asked."""


class Echoed:
    """Asks for an invocation: the answer has to be what it asked."""

    headers = ""

    def __init__(self, number: int, address: tuple[str, int], path: str) -> None:
        self.socket = socket.create_connection(address, timeout=_LOST_AFTER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._number = number
        self._count = 0
        self._expected = b""
        self._answer = b""
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{self.headers}"
            "Content-Length: "
        ).encode()

    def ask(self) -> None:
        self._count += 1
        self._expected = body = b'{"caller":%d,"count":%d}' % (self._number, self._count)
        self.asked_at = time.perf_counter()
        self.socket.sendall(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))

    def take(self) -> bool | None:
        """True: the right answer; False: another; None: not complete yet."""
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("the server closed a connection in the middle of the run")
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank or len(body) < _content_length(head):
            return None
        self._answer = b""
        return self.is_right(head, body)

    def is_right(self, head: bytes, body: bytes) -> bool:
        return head.startswith(b"HTTP/1.1 200") and body.replace(b" ", b"") == self._expected


class Accepted(Echoed):
    """Sends an event: it has to be accepted, and nothing more is said."""

    headers = "X-Amz-Invocation-Type: Event\r\n"

    def is_right(self, head: bytes, body: bytes) -> bool:
        return head.startswith(b"HTTP/1.1 202") and not body


def _content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    end = lower.find(b"\r", start)
    return int(lower[start : end if end >= 0 else None])


def run(
    address: tuple[str, int], path: str, clients: int, seconds: float, kind: type[Echoed] = Echoed
) -> Load:
    """Keep `clients` callers busy for `seconds`, after each has had its first answer."""
    callers = [kind(number, address, path) for number in range(clients)]
    by_fd = {caller.socket.fileno(): caller for caller in callers}
    poll = select.epoll()
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    try:
        _one_round(poll, by_fd)  # environments start here, unmeasured
        return _measure(poll, by_fd, seconds)
    finally:
        poll.close()
        for caller in callers:
            caller.socket.close()


def _one_round(poll: select.epoll, by_fd: dict[int, Echoed]) -> None:
    for caller in by_fd.values():
        caller.ask()
    waiting = set(by_fd)
    while waiting:
        events = poll.poll(_LOST_AFTER_S)
        if not events:
            raise RuntimeError(f"no answer within {_LOST_AFTER_S:.0f} s")
        waiting -= {fd for fd, _ in events if by_fd[fd].take() is not None}


def _measure(poll: select.epoll, by_fd: dict[int, Echoed], seconds: float) -> Load:
    latencies: list[float] = []
    wrong = 0
    for caller in by_fd.values():
        caller.ask()
    open_questions = len(by_fd)
    started = time.perf_counter()
    last = started + seconds
    while open_questions:
        events = poll.poll(_LOST_AFTER_S)
        if not events:
            raise RuntimeError(f"no answer within {_LOST_AFTER_S:.0f} s")
        for fd, _ in events:
            caller = by_fd[fd]
            right = caller.take()
            if right is None:
                continue
            now = time.perf_counter()
            latencies.append((now - caller.asked_at) * 1000)
            wrong += not right
            if now < last:
                caller.ask()
            else:
                open_questions -= 1
    elapsed = time.perf_counter() - started
    return Load(
        per_second=len(latencies) / elapsed,
        p50_ms=percentile(latencies, 50),
        p99_ms=percentile(latencies, 99),
        answers=len(latencies),
        wrong=wrong,
    )
