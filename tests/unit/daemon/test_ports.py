from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable

import pytest
from unit.api.desk import Services

from lamb.daemon.ports import Ports
from lamb.model.errors import InvalidParameterValue, ResourceConflict


def run(work: Awaitable[object]) -> None:
    async def main() -> None:
        await asyncio.wait_for(work, 20)

    asyncio.run(main())


def reachable(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_is_open_from_listen_to_unlisten():
    async def work() -> None:
        ports = Ports()
        port = (await ports.listen(Services(), 0, signed=True)).number
        assert (ports.open, reachable(port)) == (True, True)
        await ports.unlisten(port)
        assert (ports.open, reachable(port)) == (False, False)
        await ports.unlisten(port)

    run(work())


def test_it_is_reachable_from_this_machine_only():
    async def work() -> None:
        ports = Ports()
        port = (await ports.listen(Services(), 0, signed=True)).number
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))  # nobody listens on every address
        await ports.close_all(0)
        assert not ports.open

    run(work())


def test_a_port_that_is_taken_is_named():
    async def work() -> None:
        ports = Ports()
        port = (await ports.listen(Services(), 0, signed=True)).number
        with pytest.raises(ResourceConflict, match=str(port)):
            await ports.listen(Services(), port, signed=True)
        await ports.close_all(0)

    run(work())


@pytest.mark.parametrize("port", [-1, 65_536, 10**9])
def test_a_number_that_is_no_port_is_refused(port: int):
    with pytest.raises(InvalidParameterValue):
        run(Ports().listen(Services(), port, signed=True))
