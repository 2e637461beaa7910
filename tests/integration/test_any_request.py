"""Any request to any operation is answered: no crash, no hang, no growth; what is no HTTP is refused."""

from __future__ import annotations

import http.client
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import harness
import pytest
from integration.fuzzer import Fuzzer, Request

ANSWER_LIMIT_S = 30
SEED = 20261127
FEW = 1500
SOAK_S = 600
GROWTH_MAX_MB = 40


class Line:
    """A connection to the daemon's socket, where the owner needs no signature; made anew when closed."""

    def __init__(self, lamb: harness.Lamb) -> None:
        self._lamb = lamb
        self._open: socket.socket | None = None

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Status and body. Fails where there is no answer in time."""
        for _ in range(2):
            connection = self._open or self._connect()
            try:
                connection.sendall(request.encoded())
                answer = http.client.HTTPResponse(connection, method=request.method)
                answer.begin()
                body = answer.read()
            except TimeoutError:
                raise AssertionError(f"{request.name}: no answer in {ANSWER_LIMIT_S} s: {request}") from None
            except (OSError, http.client.HTTPException):
                # Closed after the last answer, which said so.
                self.close()
                continue
            if answer.will_close:
                self.close()
            return answer.status, body
        raise AssertionError(f"{request.name}: the connection was closed without an answer: {request}")

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connect(self) -> socket.socket:
        self._open = socket.socket(socket.AF_UNIX)
        self._open.settimeout(ANSWER_LIMIT_S)
        with self._lamb.socket() as name:
            self._open.connect(name)
        return self._open


@pytest.fixture
def line(lamb: harness.Lamb) -> Iterator[Line]:
    lamb.write("app.py", "def handler(event, context): return event\n")
    for name in ("f0", "f1", "f2"):
        lamb.run("create", name, "--file", "app.py", "--runtime", lamb.runtime, "--publish")
    lamb.run("alias", "create", "f1", "live", "--version", "1")
    made = Line(lamb)
    yield made
    made.close()


def _pss_mb(lamb: harness.Lamb) -> float:
    health = lamb.health()
    assert health is not None
    text = Path(f"/proc/{health['pid']}/smaps_rollup").read_text()
    return next(int(row.split()[1]) for row in text.splitlines() if row.startswith("Pss:")) / 1024


def _ordeal(line: Line, lamb: harness.Lamb, seed: int, *, count: int = 0, seconds: float = 0) -> Counter[int]:
    """Requests until there were so many, or for so long; their statuses. Nothing of them is a bug of ours."""
    fuzzer, statuses, warm_mb = Fuzzer(seed), Counter[int](), None
    deadline = time.monotonic() + seconds
    while statuses.total() < count or time.monotonic() < deadline:
        request = fuzzer.request()
        status, body = line.ask(request)
        statuses[status] += 1
        assert status not in (500, 502) or b"lamb failed" not in body, (status, body, request)
        if warm_mb is None and statuses.total() >= FEW // 2:
            warm_mb = _pss_mb(lamb)
    assert warm_mb is not None
    assert _pss_mb(lamb) < warm_mb + GROWTH_MAX_MB
    assert "bug while" not in lamb.daemon_log()
    return statuses


def test_any_request_is_answered_and_none_is_a_bug(line: Line, lamb: harness.Lamb):
    statuses = _ordeal(line, lamb, SEED, count=FEW)
    # The requests reach what they are for: many are carried out, and many are refused.
    assert sum(n for status, n in statuses.items() if status < 300) > FEW / 20, statuses
    assert sum(n for status, n in statuses.items() if 400 <= status < 500) > FEW / 4, statuses


@pytest.mark.soak
def test_ten_minutes_of_any_requests_are_answered_and_none_is_a_bug(
    line: Line, lamb: harness.Lamb, record_property: Callable[[str, object], None]
):
    statuses = _ordeal(line, lamb, time.time_ns(), seconds=SOAK_S)
    record_property("statuses", dict(sorted(statuses.items())))
