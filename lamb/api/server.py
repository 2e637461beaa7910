"""Listeners: uvicorn's HTTP protocol on sockets that are bound already, on the running loop."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from lamb.api.app import App
from lamb.api.connection import PATIENCE_S, Protocol

# A client library keeps its connection for minutes between two calls of a developer.
_KEEP_ALIVE_S = 3600
_BACKLOG = 1024


class Server:
    """Serves one application on one socket.

    uvicorn's own Server wakes ten times a second and takes over the signals; its protocol needs neither.
    """

    def __init__(self, app: App, patience_s: float = PATIENCE_S) -> None:
        """`patience_s`: seconds that the head of a request, or a part of its body, may take to come."""
        self._patience_s = patience_s
        self._config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._config.load()
        self._state = ServerState()
        self._listener: asyncio.Server | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return bool(self._state.tasks)

    @property
    def answered(self) -> int:
        """Requests answered so far; it grows when somebody is there."""
        return self._state.total_requests

    async def listen(self, bound: socket.socket) -> None:
        """Accept connections on a bound TCP or Unix socket."""
        loop = asyncio.get_running_loop()
        serve = loop.create_unix_server if bound.family == socket.AF_UNIX else loop.create_server
        arguments: dict[str, Any] = {"sock": bound, "backlog": _BACKLOG}
        self._listener = await serve(self._protocol, **arguments)

    async def stop(self, grace_s: float) -> None:
        """Accept nothing new, give what runs `grace_s` seconds to be answered, then drop the rest."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        running = set(self._state.tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=grace_s)
            for task in late:
                task.cancel()
        # The last answers are written at the end of this turn of the loop.
        await asyncio.sleep(0)

    def _protocol(self) -> asyncio.Protocol:
        return Protocol(self._config, self._state, self._patience_s)
