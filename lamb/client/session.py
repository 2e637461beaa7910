"""One conversation with the daemon: started if need be, the right version, errors as exceptions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lamb import __version__
from lamb.client import start
from lamb.client.transport import Connection, ConnectionLost, Response, query
from lamb.model.errors import HomeUnusable, LambError, ServiceFailure
from lamb.model.wire import decode

Classes = Mapping[str, type[LambError]]
"""Errors of one service, by their codes."""

# A daemon that starts answers within a second; one that has stopped answering is reported, not waited for.
_HEALTH_MAX_S = 60.0
_ATTEMPTS = 5


class Session:
    """Requests to the daemon of one home, over one connection that is opened when needed."""

    def __init__(self, home: Path, environment: Mapping[str, str], program: str = start.PROGRAM) -> None:
        """`program`: the module that is started as the daemon."""
        self._home = home
        self._environment = environment
        self._program = program
        self._connection: Connection | None = None

    def json(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The document that a request is answered with, {} without one. Raises lamb.model.errors."""
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        document: dict[str, Any] = json.loads(self.request(method, target, content).body or b"{}")
        return document

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """An answer with a status below 300; anything else is raised as the error that it reports."""
        connection = self._open()
        try:
            try:
                response = connection.request(method, target, body, headers)
            except ConnectionLost:
                self.close()
                # A daemon may end between two of our requests; only a read may safely be said twice.
                if method != "GET":
                    raise
                response = self._open().request(method, target, body, headers)
        except ConnectionLost:
            self.close()
            raise self._lost() from None
        except BaseException:
            # Whatever interrupted us, the rest of that answer must not be taken for the next one.
            self.close()
            raise
        return _checked(response)

    def pages(
        self, target: str, member: str, arguments: Mapping[str, str | None] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The items of a list operation, over all its pages."""
        marker: str | None = None
        while True:
            page = self.json("GET", target + query({**(arguments or {}), "Marker": marker}))
            yield from page[member]
            marker = page.get("NextMarker")
            if not marker:
                return

    def lines(self, target: str) -> Iterator[bytes]:
        """The lines of a streamed answer, on a connection of their own."""
        connection = self._greeted()
        try:
            status, headers = connection.send("GET", target)
            if status >= 300:
                _checked(Response(status, headers, b"".join(connection.body(headers))))
            yield from connection.lines(headers)
        except ConnectionLost:
            raise self._lost() from None
        finally:
            connection.close()

    def running(self) -> dict[str, Any] | None:
        """`health` of a daemon that is there already, of whatever version; None without one."""
        connected = start.connect(self._home)
        if connected is None:
            return None
        connection = Connection(connected)
        try:
            return self._health(connection)
        except ConnectionLost:  # it was just ending
            return None
        finally:
            connection.close()

    def stop(self) -> bool:
        """Ask a running daemon to end, and wait for it; False when there was none."""
        self.close()
        connected = start.connect(self._home)
        if connected is None:
            return False
        self._end(Connection(connected))
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._greeted()
        return self._connection

    def _greeted(self) -> Connection:
        """A connection to a daemon that has answered and is not older than we are.

        Nothing was asked of it before, so losing it here is harmless: a daemon may be just ending,
        another command may have started one that failed.
        """
        for _ in range(_ATTEMPTS):
            begin = start.log_size(self._home)
            connected, started = start.connect_or_start(self._home, self._environment, self._program)
            connection = Connection(connected)
            try:
                health = self._health(connection)
            except ConnectionLost:
                connection.close()
                if started:
                    raise self._not_started(begin) from None
                continue
            except BaseException:
                connection.close()
                raise
            if _older(health["version"], __version__):
                self._end(connection)
                continue
            return connection
        raise self._not_started(0)

    def _health(self, connection: Connection) -> dict[str, Any]:
        connection.limit(_HEALTH_MAX_S)
        try:
            health: dict[str, Any] = json.loads(_checked(connection.request("GET", "/_lamb/health")).body)
        except TimeoutError:
            raise HomeUnusable(f"the daemon of `{self._home}` does not answer") from None
        connection.limit(None)
        return health

    def _end(self, connection: Connection) -> None:
        try:
            connection.request("POST", "/_lamb/stop")
        except ConnectionLost:
            pass  # it was ending already
        finally:
            connection.close()
        start.wait_until_ended(self._home)

    def _not_started(self, since: int) -> HomeUnusable:
        tail = start.log_tail(self._home, since)
        return HomeUnusable("the daemon ended while it started" + (f":\n{tail}" if tail else ""))

    def _lost(self) -> ServiceFailure:
        error = ServiceFailure("the daemon ended before it answered; the request may have been carried out")
        error.hint = f"its log is `{self._home / 'run' / start.LOG}`"
        return error


def named(error: LambError, classes: Classes) -> LambError:
    """The same error in the class that its code stands for."""
    kind = classes.get(error.code)
    if kind is None or isinstance(error, kind):
        return error
    # Past the constructors: the finished text is here, not what it was made of.
    made = kind.__new__(kind)
    LambError.__init__(made, error.message, hint=error.hint)
    return made


def _checked(response: Response) -> Response:
    if response.status >= 300:
        raise decode(response.status, response.headers.get("x-amzn-errortype"), response.body)
    return response


def _older(version: str, than: str) -> bool:
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
