"""The baselines of what goes over HTTP: lamb's server library with nothing behind it.

Run as a program: prints its port and serves until its standard input is closed. It answers with an echo; with
the URL of another server as its argument, with what that one answered when it was first asked the like.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import sys
import urllib.parse

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_NAME = re.compile(r"(/functions)/[^/?]+")
_OF_CONNECTIONS = frozenset({"connection", "content-length", "transfer-encoding"})


async def echo(_scope, receive, send):
    body = (await receive())["body"]
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


class Remembered:
    """One answer for each method and path, whatever the function's name: no server can do less."""

    def __init__(self, url: str) -> None:
        self._origin = urllib.parse.urlsplit(url)
        self._answers = {}

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        target = f"{scope['path']}?{scope['query_string'].decode()}"
        like = scope["method"], _NAME.sub(r"\1/*", target)
        answer = self._answers.get(like)
        if answer is None:
            answer = self._ask(scope["method"], target, scope["headers"], body)
            if answer[0] < 300:
                self._answers[like] = answer
        status, headers, content = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _ask(self, method, target, headers, body):
        connection = http.client.HTTPConnection(self._origin.hostname, self._origin.port, timeout=60)
        connection.request(method, target, body, {n.decode(): v.decode("latin-1") for n, v in headers})
        got = connection.getresponse()
        content = got.read()
        connection.close()
        kept = [(name, value) for name, value in got.getheaders() if name.lower() not in _OF_CONNECTIONS]
        kept.append(("content-length", str(len(content))))
        return got.status, [(n.encode(), v.encode("latin-1")) for n, v in kept], content


async def serve(application):
    config = uvicorn.Config(
        application, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve(Remembered(sys.argv[1]) if sys.argv[1:] else echo))
