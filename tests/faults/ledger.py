"""What has run, seen from outside: functions sign a book on a port, and go on when it is written."""

from __future__ import annotations

import socketserver
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType

SIGNING = """\
import os, socket

book = None

def handler(event, context):
    global book
    if book is None:
        book = socket.create_connection(("127.0.0.1", int(os.environ["BOOK"])), 60)
    book.sendall(context.aws_request_id.encode() + b"\\n")
    if book.recv(1) != b"k":
        raise SystemExit("the book is closed")
    if os.environ.get("FAILS"):
        raise ValueError("signed, and failed")
    return event
"""
"""The variable BOOK is the port; with FAILS it fails once it has signed."""
PATIENCE_S = 60


class Ledger:
    """Counts the runs of each request id. A context manager; nobody's runs are written after its end."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.order: list[str] = []
        """The request ids as they signed."""
        self._changed = threading.Condition()
        self._going_on = threading.Event()
        self._going_on.set()
        ledger = self

        class Line(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    ledger._sign(line.decode().strip())
                    self.wfile.write(b"k")

            def finish(self) -> None:
                """Whoever was killed left nothing to flush."""

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 1024

            def handle_error(self, request: object, client_address: object) -> None:
                """A line that broke: its function was killed."""

        self._server = Server(("127.0.0.1", 0), Line)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def hold(self) -> None:
        """Whoever signs from now on is kept at work until `go_on`."""
        self._going_on.clear()

    def go_on(self) -> None:
        self._going_on.set()

    def wait(self, enough: Callable[[Ledger], bool]) -> None:
        """Until the book says so."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self), PATIENCE_S), self.order[-10:]

    def wait_for_more(self, runs: int) -> None:
        wanted = len(self.order) + runs
        self.wait(lambda book: len(book.order) >= wanted)

    def _sign(self, request_id: str) -> None:
        with self._changed:
            self.runs[request_id] += 1
            self.order.append(request_id)
            self._changed.notify_all()
        self._going_on.wait(PATIENCE_S)

    def __enter__(self) -> Ledger:  # noqa: PYI034 - typing.Self is younger than Python 3.10
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._going_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
