"""Answers: whatever a function writes to its runtime's socket, no invocation gets another one's answer."""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from security.prison import Prison

pytestmark = pytest.mark.each_user

context: Any = None  # of the invocation: the prisoner gives it to every attack

OTHER = "7f3a0000-0000-4000-8000-000000000000"


def runtime_socket():
    """The socket on which the runtime of this process speaks with the daemon."""
    for fd in sorted(int(fd) for fd in os.listdir("/proc/self/fd")):
        # A thread of an earlier attack may just be closing its copy.
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                return socket.socket(fileno=os.dup(fd))
    raise LookupError("no socket")


def frame(kind, request_id, payload):
    """As the runtime sends it: see lamb/runtimes/guest/guest.py."""
    return struct.pack("!c36sII", kind.encode(), request_id.encode(), 1, len(payload)) + payload.encode()


USING = (runtime_socket, frame)


@pytest.fixture
def short(lamb_of_module, neighbour):
    """A function of its own for this test, with a timeout of 1 s."""
    return Prison(lamb_of_module, f"short-{secrets.token_hex(4)}", "--timeout", "1")


def answer(prison, attack, *arguments):
    return prison.does(attack, *arguments, using=USING)


def test_an_answer_to_another_request_is_not_taken(prison):
    def attack(other):
        talk = runtime_socket()
        for request_id in (other, "", " " * 36, "0" * 36, context.aws_request_id.upper()):
            for kind in "DEIR?":
                talk.sendall(frame(kind, request_id, '"forged"'))
        return "own"

    assert answer(prison, attack, OTHER) == "own"


def test_a_second_answer_to_an_earlier_request_is_not_taken_for_a_later_one(prison):
    def attack(earlier):
        talk = runtime_socket()
        if earlier:
            talk.sendall(frame("D", earlier, '"late"') * 3)
        late = frame("D", context.aws_request_id, f'"{context.aws_request_id}"')
        threading.Timer(0.02, lambda: talk.sendall(late * 3)).start()  # perhaps before the next begins
        return context.aws_request_id

    earlier = None
    for _ in range(4):
        envelope = prison.tries(attack, earlier, using=USING)
        earlier = envelope["RequestId"]
        assert envelope["Payload"] == earlier


def test_an_answer_that_comes_after_the_deadline_reaches_nobody(short):
    def patient():
        time.sleep(0.5)
        return "mine"

    def attack():
        deadline = time.time() + context.get_remaining_time_in_millis() / 1000
        talk, own = runtime_socket(), context.aws_request_id
        if os.fork() == 0:
            os.setsid()
            while True:
                time.sleep(0.01)
                if time.time() > deadline:
                    talk.sendall(frame("D", own, '"late"'))
        time.sleep(60)

    assert short.tries(attack, using=USING)["Verdict"] == "timeout"
    assert short.does(patient) == "mine"


def test_a_frame_that_never_ends_stops_its_own_invocation_only(short, prison):
    def attack(other):
        runtime_socket().sendall(frame("D", other, "")[:41] + b"\xff\xff\xff\xff")
        return "never arrives"

    def fine():
        return "fine"

    assert short.tries(attack, OTHER, using=USING)["Verdict"] == "timeout"
    assert (prison.does(fine), short.does(fine)) == ("fine", "fine")


def test_a_function_that_never_stops_talking_ends_at_its_timeout(short, prison):
    def attack(other):
        talk, chatter = runtime_socket(), frame("D", other, "") * 1000
        while True:
            talk.sendall(chatter)

    def fine():
        return "fine"

    running = short.starts(attack, OTHER, using=USING)
    assert prison.does(fine) == "fine"
    assert json.loads(running.communicate()[0])["Verdict"] == "timeout"


def test_what_a_function_prints_is_never_its_answer(prison):
    def attack():
        for fd in (1, 2, 3):
            os.write(fd, b'{"forged": true}\n' + frame("D", context.aws_request_id, '"forged"'))
        return "own"

    assert answer(prison, attack) == "own"


def test_a_closed_socket_ends_the_invocation_and_not_the_environment(short):
    def attack():
        runtime_socket().shutdown(socket.SHUT_RDWR)
        time.sleep(60)

    def fine():
        return "fine"

    assert short.tries(attack, using=USING)["Verdict"] in ("timeout", "exit", "killed")
    assert short.does(fine) == "fine"
