"""The baseline of warm invocations: lamb's server library with nothing behind it but an echo.

Run as a program: prints its port and serves until its standard input is closed.
"""

from __future__ import annotations

import asyncio
import sys

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState


async def echo(_scope, receive, send):
    body = (await receive())["body"]
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


async def serve():
    config = uvicorn.Config(
        echo, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve())
