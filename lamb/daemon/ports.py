"""TCP ports that somebody asked for with `lamb serve`, for boto3 and the like. Loopback only."""

from __future__ import annotations

import socket

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.api.server import Server
from lamb.api.services import Port, Services
from lamb.model.errors import InvalidParameterValue, ResourceConflict


class Ports:
    """Opened and closed on the event loop."""

    def __init__(self) -> None:
        self._servers: dict[int, Server] = {}
        self._ports: dict[int, Port] = {}

    @property
    def open(self) -> bool:
        return bool(self._servers)

    @property
    def first(self) -> int | None:
        """The one that was opened before all others that are open still."""
        return next(iter(self._servers), None)

    def all(self) -> list[Port]:
        """In the order in which they were opened."""
        return list(self._ports.values())

    async def listen(self, services: Services, port: int, *, signed: bool) -> Port:
        """Serve AWS's API on 127.0.0.1; 0 takes any free port. The port that it is."""
        if not 0 <= port <= 65_535:
            raise InvalidParameterValue(f"A port is a number from 0 to 65535, not {port}")
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError as error:
            bound.close()
            raise ResourceConflict(f"Port {port} cannot be opened: {error.strerror}") from error
        server = Server(App(services, Gate("signed" if signed else "anyone")))
        await server.listen(bound)
        opened = Port(bound.getsockname()[1], signed)
        self._servers[opened.number], self._ports[opened.number] = server, opened
        return opened

    async def unlisten(self, port: int) -> None:
        """Close a port; one that is not open is left alone."""
        server = self._servers.pop(port, None)
        self._ports.pop(port, None)
        if server is not None:
            await server.stop(1.0)

    async def close_all(self, grace_s: float) -> None:
        for server in self._servers.values():
            await server.stop(grace_s)
        self._servers.clear()
        self._ports.clear()
