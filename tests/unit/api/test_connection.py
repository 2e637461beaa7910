from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest
from unit.api.desk import Services
from unit.api.test_server import HEALTH, aside, run

from lamb.api.app import App
from lamb.api.connection import HEAD_MAX_BYTES, _OneWrite
from lamb.api.gate import Gate
from lamb.api.server import Server

LIMIT_S = 20
ASK = f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
Caller = Callable[[socket.socket], bytes]
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def heard(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def told(folder: Path, caller: Caller, patience_s: float = 30.0) -> bytes:
    """What a caller hears, from a server of that patience."""
    answers: list[bytes] = []

    async def main() -> None:
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(str(folder / "s"))
        server = Server(App(Services(), Gate("owner", browsers_reach=False)), patience_s)
        await server.listen(bound)

        def talk() -> bytes:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(LIMIT_S)
                connection.connect(str(folder / "s"))
                return caller(connection)

        answers.append(await aside(talk))
        await server.stop(1.0)

    run(main)
    return answers[0]


def test_a_head_that_does_not_end_in_time_is_refused(tmp_path: Path) -> None:
    def slow(connection: socket.socket) -> bytes:
        connection.sendall(ASK[:-2] + b"X-Slow: 1")
        return heard(connection)

    answer = told(tmp_path, slow, patience_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_body_that_stops_coming_is_refused(tmp_path: Path) -> None:
    def slow(connection: socket.socket) -> bytes:
        connection.sendall(
            b"POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
        )
        return heard(connection)

    answer = told(tmp_path, slow, patience_s=0.05)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_connection_with_nothing_to_say_may_stay(tmp_path: Path) -> None:
    def patient(connection: socket.socket) -> bytes:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(ASK)
        connection.settimeout(LIMIT_S)
        return connection.recv(65_536)

    assert told(tmp_path, patient, patience_s=0.05).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_head_beyond_a_megabyte_is_refused(tmp_path: Path) -> None:
    def large(connection: socket.socket) -> bytes:
        def send() -> None:
            try:
                for _ in range(2 * HEAD_MAX_BYTES // 65_536):
                    connection.sendall(b"X-A: " + b"a" * 65_529 + b"\r\n")
            except OSError:
                pass  # closed, as it should be

        connection.sendall(ASK[:-2])
        sending = Thread(target=send)
        sending.start()
        try:
            return heard(connection)
        except ConnectionResetError:  # what was sent was not read any more
            return b"HTTP/1.1 431 "
        finally:
            sending.join()

    assert told(tmp_path, large).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(tmp_path: Path, garbage: bytes) -> None:
    def caller(connection: socket.socket) -> bytes:
        connection.sendall(garbage)
        return heard(connection)

    assert told(tmp_path, caller).startswith(b"HTTP/1.1 400 ")


def test_requests_sent_before_the_first_is_answered_are_answered_in_order(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(20)]

    def pipelined(connection: socket.socket) -> bytes:
        connection.sendall(b"".join(
            f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Amz-Invocation-Type: {name}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
            for name in names
        ))  # fmt: skip
        connection.sendall(ASK[:-2] + b"Connection: close\r\n\r\n")
        return heard(connection)

    answer = told(tmp_path, pipelined)
    places = [answer.find(f"Value '{name}'".encode()) for name in names]
    assert -1 not in places
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 ") == len(names) + 1


class Wire:
    """What a transport was given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def over(wire: Wire) -> _OneWrite:
    return _OneWrite(cast("Any", wire), asyncio.get_running_loop())


def test_head_and_body_are_one_write() -> None:
    async def main() -> list[bytes]:
        wire = Wire()
        transport = over(wire)
        transport.write(HEAD)
        transport.write(b"{}")
        await asyncio.sleep(0)
        return wire.sent

    assert asyncio.run(main()) == [HEAD + b"{}"]


def test_a_head_does_not_wait_for_a_body_that_comes_later() -> None:
    async def main() -> list[bytes]:
        wire = Wire()
        transport = over(wire)
        transport.write(HEAD)
        await asyncio.sleep(0)
        transport.write(b"2\r\nab\r\n")
        return wire.sent

    assert asyncio.run(main()) == [HEAD, b"2\r\nab\r\n"]


def test_nothing_is_lost_when_the_connection_closes() -> None:
    async def main() -> Wire:
        wire = Wire()
        transport = over(wire)
        transport.write(HEAD)
        transport.close()
        assert transport.is_closing()
        return wire

    wire = asyncio.run(main())
    assert (wire.sent, wire.closed) == ([HEAD], True)
