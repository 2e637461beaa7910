"""Cold start: request to result, all walls up, against the whole process `python3 -I -S -c pass`.

Every round changes the function, so that no environment fits, and takes the time of one HTTP request on
an open connection: routing, the environment with its walls, the handler's import, the handler, the log.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

from benchmarks.figures import Figure, interleaved, median
from benchmarks.place import ECHO, Api, Home, Installation, invocations, process_ms, serving

ROUNDS = 60
_BAR = 1.2
# Between two rounds: until the daemon has put away the last one and made ready for the next.
_QUIET_S = 0.1


def figures(installation: Installation, home: Home) -> Iterator[Figure]:
    interpreter = [str(installation.interpreter), "-I", "-S", "-c", "pass"]
    inside: list[float] = []
    with serving(home) as api, socket.create_connection(api.address) as connection:
        api.create("cold", ECHO)
        api.settled("cold")
        measures = {
            "python": lambda: process_ms(interpreter),
            "cold": lambda: _cold_ms(api, connection, inside),
        }
        samples = interleaved(ROUNDS, measures)
    python_ms, cold_ms, inside_ms = median(samples["python"]), median(samples["cold"]), median(inside)
    baseline = "python3 -I -S -c pass"
    yield Figure("python3 -I -S -c pass, whole process", python_ms, "ms")
    yield Figure("cold start, request to result", cold_ms, "ms", baseline, cold_ms / python_ms, _BAR, "ratio")
    yield Figure(
        "… of which init and duration of the receipt", inside_ms, "ms", baseline, inside_ms / python_ms
    )


def _cold_ms(api: Api, connection: socket.socket, inside: list[float]) -> float:
    api.change("cold")
    while api.health()["environments"]:  # what the last round left is being cleared away
        time.sleep(0.002)
    time.sleep(_QUIET_S)
    # On a plain socket: http.client alone takes a millisecond to read an answer's headers.
    head = f"POST {invocations('cold')} HTTP/1.1\r\nHost: localhost\r\nX-Lamb-Receipt: json\r\n"
    request = f"{head}Content-Length: 2\r\n\r\n{{}}"
    started = time.perf_counter()
    connection.sendall(request.encode())
    answer = connection.recv(65_536)
    elapsed_ms = (time.perf_counter() - started) * 1000
    headers = dict(line.partition(": ")[::2] for line in answer.decode().split("\r\n"))
    receipt = json.loads(headers["x-lamb-receipt"])
    if receipt["initMs"] is None or receipt["missingWalls"]:
        raise RuntimeError(f"not a cold start behind all walls: {receipt}")
    inside.append(receipt["initMs"] + receipt["durationMs"])
    return elapsed_ms
