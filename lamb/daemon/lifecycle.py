"""A daemon's life: it serves, exits when nobody has needed it for a while, and ends in order."""

from __future__ import annotations

import asyncio
import signal
import socket

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.api.server import Server
from lamb.daemon.wiring import Daemon, build
from lamb.model.settings import Settings

_GRACE_S = 10.0
_IDLE_CHECK_S = 1.0


async def run(settings: Settings, listener: socket.socket, wall_reasons: dict[str, str]) -> None:
    """Serve on `listener` until told to stop."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    functions = _loopback()
    daemon = await build(settings, wall_reasons, functions.getsockname()[1], stopping.set)
    owner_server = Server(App(daemon.services, Gate("owner", browsers_reach=False)))
    function_server = Server(App(daemon.services, Gate("signed")))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await function_server.listen(functions)
    # Before anybody can ask what is left to be done; functions that run again may call already.
    await daemon.take_up()
    await owner_server.listen(listener)
    await daemon.tidy()
    idle = loop.create_task(_stop_when_idle(settings.idle_exit_s, daemon, owner_server, stopping))
    await stopping.wait()
    idle.cancel()
    daemon.services.arrivals.close()
    await daemon.ports.close_all(_GRACE_S)
    await owner_server.stop(_GRACE_S)
    await function_server.stop(0)
    await daemon.close(_GRACE_S)


def _loopback() -> socket.socket:
    """A port of this machine alone, for functions that call functions."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.bind(("127.0.0.1", 0))
    return bound


async def _stop_when_idle(limit_s: int, daemon: Daemon, server: Server, stopping: asyncio.Event) -> None:
    """Exit when for `limit_s` no request came or is open, no event is left, no port and no provisioned
    concurrency was asked for."""
    if limit_s == 0:
        return
    quiet_s, answered = 0.0, -1
    while quiet_s < limit_s:
        await asyncio.sleep(_IDLE_CHECK_S)
        needed = (
            server.busy
            or daemon.ports.open
            or daemon.engine.busy
            or daemon.worker.needed
            or daemon.services.provisioned.wanted
            or server.answered != answered
        )
        answered = server.answered
        quiet_s = 0.0 if needed else quiet_s + _IDLE_CHECK_S
    stopping.set()
