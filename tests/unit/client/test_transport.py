from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from lamb.client.transport import Connection, ConnectionLost, query, quote

Pair = tuple[Connection, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with theirs:
        connection = Connection(ours)
        yield connection, theirs
        connection.close()


def test_a_body_with_a_length_is_read_to_its_end_and_no_further(pair: Pair) -> None:
    connection, server = pair
    server.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi"
        b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"
    )
    first = connection.request("GET", "/")
    assert (first.status, first.body, first.headers["x-a"]) == (200, b"hi", "b")
    assert connection.request("GET", "/").status == 404


def test_a_request_says_its_length_and_host(pair: Pair) -> None:
    connection, server = pair
    server.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    connection.request("POST", "/x", b"{}", {"x-lamb-seed": "1"})
    sent = server.recv(1000)
    assert sent == b"POST /x HTTP/1.1\r\nhost: lamb\r\ncontent-length: 2\r\nx-lamb-seed: 1\r\n\r\n{}"


def test_chunks_are_put_together(pair: Pair) -> None:
    connection, server = pair
    server.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert connection.request("GET", "/").body == b"abcde"


def test_lines_of_a_stream_come_as_soon_as_they_are_complete(pair: Pair) -> None:
    connection, server = pair
    server.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\n{"\r\n')
    _, headers = connection.send("GET", "/")
    lines = connection.lines(headers)
    assert next(lines) == b"{}"
    server.sendall(b'4\r\na":1\r\n2\r\n}\n\r\n0\r\n\r\n')
    assert list(lines) == [b'{"a":1}']


def test_an_answer_that_stops_in_the_middle_is_an_error(pair: Pair) -> None:
    connection, server = pair
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi")
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionLost):
        connection.request("GET", "/")


def test_an_answer_is_read_although_the_server_did_not_take_the_whole_request(pair: Pair) -> None:
    connection, server = pair

    def refuse() -> None:
        server.recv(10)
        server.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        server.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=refuse)
    thread.start()
    assert connection.request("POST", "/", bytes(5_000_000)).status == 413
    thread.join()


def test_what_is_not_http_is_an_error(pair: Pair) -> None:
    connection, server = pair
    server.sendall(b"hello\r\n\r\n")
    with pytest.raises(ConnectionLost):
        connection.request("GET", "/")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("plain-1_2.3~", "plain-1_2.3~"), ("a:b/c $", "a%3Ab%2Fc%20%24"), ("ä", "%C3%A4")],
)
def test_a_segment_is_quoted_by_its_utf8_bytes(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_arguments_that_are_none_are_left_out_of_a_query() -> None:
    assert query({"a": "1 2", "b": None}) == "?a=1%202"
    assert query({"b": None}) == ""
