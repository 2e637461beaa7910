"""The network: with `none` a function reaches nobody, with `host` what listens on localhost."""

from __future__ import annotations

import os
import platform
import secrets
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from security.prison import Prison
from security.prisoner import outcome

pytestmark = pytest.mark.each_user


@pytest.fixture(scope="module")
def alone(lamb_of_module, neighbour):
    return Prison(lamb_of_module, "alone", "--network", "none")


@pytest.fixture
def port():
    """Of a server of this host that says hello."""
    with greeting(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.fixture
def abstract():
    """The name of a Unix socket without a file, which says hello."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"\0lamb-tests-{secrets.token_hex(8)}")
    server.listen()
    with greeting(server):
        yield server.getsockname().decode()


@contextmanager
def greeting(server):
    """Say hello to whoever calls."""

    def greet():
        with suppress(OSError):  # until it is shut down
            while True:
                with server.accept()[0] as caller:
                    caller.sendall(b"hello")

    thread = threading.Thread(target=greet)
    thread.start()
    with server:
        yield server
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def call(family, address):
    with socket.socket(family) as caller:
        caller.settimeout(5)
        caller.connect(tuple(address) if isinstance(address, list) else address)
        return caller.recv(5).decode()


def test_a_function_with_the_hosts_network_reaches_localhost(prison, port):
    assert prison.does(call, socket.AF_INET, ["127.0.0.1", port]) == "hello"


def test_a_function_without_network_cannot_reach_localhost(alone, port):
    def attack(port):
        return outcome(socket.create_connection, ("127.0.0.1", port), 5)

    assert alone.does(attack, port) == "ECONNREFUSED"
    assert call(socket.AF_INET, ["127.0.0.1", port]) == "hello"


def test_a_function_without_network_cannot_reach_the_outside(alone):
    def attack():
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return [
            outcome(socket.create_connection, ("192.0.2.1", 80), 5),
            outcome(socket.create_connection, ("2001:db8::1", 80), 5),
            outcome(datagram.sendto, b"hello", ("192.0.2.1", 53)),
            outcome(datagram.sendto, b"hello", ("255.255.255.255", 53)),
        ]

    assert set(alone.does(attack)) <= {"ENETUNREACH", "EADDRNOTAVAIL", "EACCES"}


def test_a_function_without_network_has_a_loopback_of_its_own_and_nothing_else(alone):
    def attack():
        with socket.create_server(("127.0.0.1", 0)) as server:
            reached = outcome(socket.create_connection, server.getsockname(), 5)
        return [name for _, name in socket.if_nameindex()], reached

    assert alone.does(attack) == [["lo"], "done"]


def test_a_function_cannot_reach_a_nameless_socket_of_the_host(prison, alone, abstract):
    def attack(name):
        return outcome(socket.socket(socket.AF_UNIX).connect, name)

    assert call(socket.AF_UNIX, abstract) == "hello"
    assert alone.does(attack, abstract) in ("ECONNREFUSED", "EPERM")
    if tuple(map(int, platform.release().split(".")[:2])) < (6, 12):
        pytest.skip("with the host's network, Landlock keeps this from Linux 6.12 on")
    assert prison.does(attack, abstract) == "EPERM"


def test_a_function_without_network_is_told_of_no_endpoint_of_lamb(alone):
    def attack():
        return [name for name in os.environ if "ENDPOINT" in name]

    assert alone.does(attack) == []
