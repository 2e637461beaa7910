"""A daemon for the client's tests: health and stop, and the trouble that `LAMB_LITTLE` asks for."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    old = False

    def do_GET(self) -> None:
        if self.path == "/vanish":
            os._exit(1)
        self._answer(
            {
                "version": "0.0.1" if self.old else "99.0",
                "pid": os.getpid(),
                "cwd": str(Path.cwd()),
                "environ": dict(os.environ),
                "session": os.getsid(0),
            }
        )

    def do_POST(self) -> None:
        self._answer({})
        threading.Thread(target=self.server.shutdown).start()

    def _answer(self, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--socket-fd", type=int)
    parser.add_argument("--lock-fd", type=int)
    given = parser.parse_args()
    trouble = os.environ.get("LAMB_LITTLE", "")
    if trouble == "broken":
        sys.exit("the database is from the future")
    with (given.home / "starts").open("a+") as starts:
        starts.seek(0)
        Handler.old = trouble == "old" and not starts.read()
        starts.write(f"{os.getpid()}\n")
    server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.daemon_threads = True
    server.socket.close()
    server.socket = socket.socket(fileno=given.socket_fd)
    server.serve_forever()
    os._exit(0)  # connections that are kept alive end with us


if __name__ == "__main__":
    main()
