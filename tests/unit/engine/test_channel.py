from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamb.engine.channel import Frame, RuntimeChannel
from lamb.model.limits import INVOKE_RESPONSE_MAX_BYTES

ID = b"8f5d3c1a-0b1c-4a5e-9d2f-3f4b5c6d7e8f"


def encoded(kind: bytes, payload: bytes, request_id: bytes = ID, peak_kib: int = 7) -> bytes:
    return struct.pack("!c36sII", kind, request_id, peak_kib, len(payload)) + payload


class Line:
    """A channel and the runtime's end of it."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)  # noqa: FBT003
        self.came = asyncio.Event()
        self.channel = RuntimeChannel(self.ours, self.take)

    def take(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.came.set()

    async def say(self, data: bytes) -> None:
        """As the runtime."""
        await asyncio.get_running_loop().sock_sendall(self.theirs, data)

    async def hear(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(self.theirs, size - len(data))
        return data

    async def frames_come(self, count: int) -> list[Frame]:
        while len(self.frames) < count:
            self.came.clear()
            await self.came.wait()
        return self.frames

    def close(self) -> None:
        self.channel.close()
        self.theirs.close()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


def test_a_frame_arrives_with_all_its_parts():
    async def work() -> None:
        line = Line()
        await line.say(encoded(b"D", b'{"a":1}', peak_kib=36_000))
        assert await line.frames_come(1) == [Frame(b"D", ID, 36_000, b'{"a":1}')]
        line.close()

    run(work())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("RDEI"), st.binary(max_size=90)), max_size=5), st.integers(1, 60))
def test_frames_may_be_cut_anywhere(sent: list[tuple[str, bytes]], size: int):
    async def work() -> None:
        line = Line()
        data = b"".join(encoded(kind.encode(), payload) for kind, payload in sent)
        for at in range(0, len(data), size):
            await line.say(data[at : at + size])
            await asyncio.sleep(0)
        frames = await line.frames_come(len(sent))
        assert [(f.kind.decode(), f.payload) for f in frames] == sent
        line.close()

    run(work())


def test_the_largest_response_arrives_whole():
    async def work() -> None:
        line = Line()
        payload = b"x" * INVOKE_RESPONSE_MAX_BYTES
        await line.say(encoded(b"D", payload))
        (frame,) = await line.frames_come(1)
        assert (frame.too_large, frame.payload == payload) == (False, True)
        line.close()

    run(work())


def test_a_response_that_is_too_large_is_thrown_away_and_the_next_frame_is_read():
    async def work() -> None:
        line = Line()
        size = INVOKE_RESPONSE_MAX_BYTES + 1
        saying = asyncio.ensure_future(line.say(encoded(b"D", b"x" * size) + encoded(b"D", b"next")))
        (told,) = await line.frames_come(1)
        assert told == Frame(b"D", ID, 7, b"", too_large=True)
        await saying
        assert (await line.frames_come(2))[1].payload == b"next"
        assert len(line.channel._incoming) == 0
        line.close()

    run(work())


def test_a_runtime_that_announces_four_gigabytes_costs_no_memory():
    async def work() -> None:
        line = Line()
        await line.say(struct.pack("!c36sII", b"D", ID, 0, 0xFFFFFFFF))
        for _ in range(50):
            await line.say(b"x" * 100_000)
        await line.frames_come(1)
        assert len(line.channel._incoming) < 1 << 19
        line.close()

    run(work())


def sent_by(line: Line) -> Coroutine[Any, Any, tuple[Any, bytes]]:
    async def read() -> tuple[Any, bytes]:
        head, payload = struct.unpack("!II", await line.hear(8))
        return json.loads(await line.hear(head)), await line.hear(payload)

    return read()


def test_an_event_of_six_megabytes_is_sent_although_the_socket_takes_less_at_once():
    async def work() -> None:
        line = Line()
        payload = bytes(range(256)) * (6 * 4096)
        line.channel.send(b'{"id":1}', payload)
        line.channel.send(b'{"id":2}', b"second")
        assert await sent_by(line) == ({"id": 1}, payload)
        assert await sent_by(line) == ({"id": 2}, b"second")
        line.channel.send(b'{"id":3}', b"")
        assert await sent_by(line) == ({"id": 3}, b"")
        line.close()

    run(work())


def test_both_directions_may_be_full_at_once():
    async def work() -> None:
        line = Line()
        payload = b"y" * 3_000_000
        line.channel.send(b"{}", payload)
        await line.say(encoded(b"D", payload))
        assert (await line.frames_come(1))[0].payload == payload
        assert (await sent_by(line))[1] == payload
        line.close()

    run(work())


def test_a_runtime_that_has_ended_takes_nothing_and_nobody_minds():
    async def work() -> None:
        line = Line()
        line.channel.send(b"{}", b"z" * 3_000_000)
        line.theirs.close()
        await asyncio.sleep(0.01)
        line.channel.send(b"{}", b"z")
        line.channel.close()
        line.channel.close()
        line.channel.send(b"{}", b"z")

    run(work())


def test_what_a_runtime_sent_before_it_ended_is_still_read():
    async def work() -> None:
        line = Line()
        await line.say(encoded(b"E", b"one") + encoded(b"D", b"two" * 200_000)[:200_000])
        line.theirs.close()
        line.channel.finish()
        assert [f.payload for f in line.frames] == [b"one"]
        assert line.ours.fileno() < 0

    run(work())


@pytest.mark.parametrize("garbage", [b"\0" * 500, b"\xff" * 500, b"HTTP/1.1 200 OK\r\n\r\n" * 30])
def test_garbage_is_frames_of_no_known_kind_or_none(garbage: bytes):
    async def work() -> None:
        line = Line()
        await line.say(garbage)
        await asyncio.sleep(0.01)
        assert {f.kind for f in line.frames} <= {b"\0", b"\xff", b"H"}
        assert len(line.channel._incoming) < 1000
        line.close()

    run(work())
