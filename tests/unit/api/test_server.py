from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from unit.api.desk import Services

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.api.server import Server
from lamb.client.transport import Connection, Response
from lamb.model.invocation import Event, Outcome
from lamb.model.names import Reference

T = TypeVar("T")
INVOKE = "/2015-03-31/functions/f/invocations"
HEALTH = "/_lamb/health"


class Slow(Services):
    """Functions run until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.ended = asyncio.Event()

    async def invoke(self, reference: Reference, event: Event, seed: int | None) -> Outcome:
        self.begun.set()
        await self.go.wait()
        outcome = await super().invoke(reference, event, seed)
        self.ended.set()
        return outcome


@asynccontextmanager
async def serving(folder: Path, services: Services) -> AsyncIterator[tuple[Server, Callable[[], Connection]]]:
    """A server on a Unix socket, and what connects to it."""
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(folder / "s"))
    server = Server(App(services, Gate("owner", browsers_reach=False)))
    await server.listen(bound)
    opened: list[Connection] = []

    def connect() -> Connection:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(folder / "s"))
        opened.append(Connection(connected))
        return opened[-1]

    yield server, connect
    for connection in opened:
        connection.close()
    await server.stop(1.0)


async def aside(work: Callable[..., T], *args: Any) -> T:
    """The client blocks: it runs in a thread."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *args)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def entry() -> None:
        await main()

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(entry())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_a_connection_is_kept_alive_over_many_requests(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, Services()) as (server, connect):
            connection = connect()
            for _ in range(3):
                assert (await aside(connection.request, "GET", HEALTH)).status == 200
            assert (server.answered, server.busy) == (3, False)

    run(main)


def test_a_tcp_port_answers_too_and_checks_the_host() -> None:
    async def main() -> None:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        server = Server(App(Services(), Gate("owner")))
        await server.listen(bound)
        connection = Connection(socket.create_connection(bound.getsockname()))
        # The client calls its server `lamb`, which is no name of this machine.
        assert (await aside(connection.request, "GET", HEALTH)).status == 403
        connection.close()
        await server.stop(1.0)

    run(main)


def test_a_body_over_the_limit_is_answered_although_it_is_sent_in_one_go(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, Services()) as (_, connect):
            connection = connect()
            refused = await aside(connection.request, "POST", INVOKE, bytes(20_000_000))
            assert refused.status == 413
            assert (await aside(connection.request, "GET", HEALTH)).status == 200

    run(main)


def test_a_run_goes_on_when_its_caller_hangs_up(tmp_path: Path) -> None:
    async def main() -> None:
        services = Slow()
        async with serving(tmp_path, services) as _:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
            writer.write(f"POST {INVOKE} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            await services.begun.wait()
            writer.close()
            await writer.wait_closed()
            services.go.set()
            await services.ended.wait()
            assert len(services.invoked) == 1
            assert not await reader.read()

    run(main)


def test_stopping_lets_what_runs_be_answered(tmp_path: Path) -> None:
    async def main() -> None:
        services = Slow()
        async with serving(tmp_path, services) as (server, connect):
            running = asyncio.ensure_future(aside(connect().request, "POST", INVOKE, b"[1]"))
            await services.begun.wait()
            stopping = asyncio.ensure_future(server.stop(10.0))
            await asyncio.sleep(0)
            services.go.set()
            await stopping
            answer: Response = await running
            assert (answer.status, answer.body) == (200, b"[1]")
            assert answer.headers["connection"] == "close"

    run(main)


def test_stopping_drops_what_does_not_end_in_time(tmp_path: Path) -> None:
    async def main() -> None:
        services = Slow()
        async with serving(tmp_path, services) as (server, connect):
            running = asyncio.ensure_future(aside(connect().request, "POST", INVOKE))
            await services.begun.wait()
            await server.stop(0.0)
            answer: Response = await running
            assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "ServiceException")
            assert not services.invoked

    run(main)
