"""Cold start: request to result, all walls up, against the whole process `python3 -I -S -c pass`.

Every round changes the function, so that no environment fits, and takes the time of one HTTP request on
an open connection: routing, the environment with its walls, the handler's import, the handler, the log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.figures import Figure, interleaved, median
from benchmarks.place import ECHO, Api, Home, Installation, process_ms, serving

ROUNDS = 60
_BAR = 1.2


def figures(installation: Installation, home: Home) -> Iterator[Figure]:
    interpreter = [str(installation.interpreter), "-I", "-S", "-c", "pass"]
    inside: list[float] = []
    with serving(home) as api:
        api.create("cold", ECHO)
        api.settled("cold")
        samples = interleaved(
            ROUNDS, {"python": lambda: process_ms(interpreter), "cold": lambda: _cold_ms(api, inside)}
        )
    python_ms, cold_ms, inside_ms = median(samples["python"]), median(samples["cold"]), median(inside)
    baseline = "python3 -I -S -c pass"
    yield Figure("python3 -I -S -c pass, whole process", python_ms, "ms")
    yield Figure("cold start, request to result", cold_ms, "ms", baseline, cold_ms / python_ms, _BAR, "ratio")
    yield Figure(
        "… of which init and duration of the receipt", inside_ms, "ms", baseline, inside_ms / python_ms
    )


def _cold_ms(api: Api, inside: list[float]) -> float:
    api.change("cold")
    while api.health()["environments"]:  # what the last round left is being cleared away
        time.sleep(0.002)
    time.sleep(0.01)
    started = time.perf_counter()
    _, headers = api.invoke("cold")
    elapsed_ms = (time.perf_counter() - started) * 1000
    standing, _, asked = headers["X-Lamb-Walls"].partition("/")
    if "X-Lamb-Init-Ms" not in headers or standing != asked:
        raise RuntimeError(f"not a cold start behind all walls: {dict(headers)}")
    inside.append(float(headers["X-Lamb-Init-Ms"]) + float(headers["X-Lamb-Duration-Ms"]))
    return elapsed_ms
