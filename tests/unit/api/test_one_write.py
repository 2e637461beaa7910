from __future__ import annotations

import asyncio
from typing import Any, cast

from lamb.api.one_write import _OneWrite

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


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
