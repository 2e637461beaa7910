"""Warm invocations over keep-alive TCP: one client for latency, eight for throughput.

Beside lamb, in turn and with the same load: its bare HTTP library echoing, and the rivals. Every answer
is checked to be the echo of what its connection had asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import load
from benchmarks.figures import Figure, median
from benchmarks.load import Load
from benchmarks.place import ECHO, Home, Installation, bare_server, invocations, serving
from benchmarks.rivals import Server

ROUNDS = 5
SECONDS = 2.0
MANY = 8
_P50_BAR_MS, _P99_BAR_MS, _PER_SECOND_BAR = 0.35, 5.0, 7000.0
_BARE = "bare HTTP server"


def figures(installation: Installation, home: Home, rivals: list[Server]) -> Iterator[Figure]:
    with serving(home) as api, bare_server(installation) as port:
        bare = Server(_BARE, ("127.0.0.1", port), "/")
        api.create("warm", ECHO)
        api.settled("warm")
        servers = [Server("lamb", api.address, invocations("warm")), bare, *rivals]
        runs: dict[str, dict[int, list[Load]]] = {server.name: {1: [], MANY: []} for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                for clients, loads in runs[server.name].items():
                    loads.append(load.run(server.address, server.path, clients, SECONDS))
    for server in servers:
        yield from _of(server.name, runs[server.name], runs[_BARE])


def _of(name: str, runs: dict[int, list[Load]], bare: dict[int, list[Load]]) -> Iterator[Figure]:
    one, many = runs[1], runs[MANY]
    p50, p99 = median([run.p50_ms for run in one]), median([run.p99_ms for run in one])
    bare_p50 = median([run.p50_ms for run in bare[1]])
    rate, bare_rate = (median([run.per_second for run in loads]) for loads in (many, bare[MANY]))
    held = name == "lamb"
    yield Figure(
        f"{name}: warm, 1 client, p50", p50, "ms", _BARE, p50 / bare_p50, _P50_BAR_MS if held else None
    )
    yield Figure(f"{name}: warm, 1 client, p99", p99, "ms", bar=_P99_BAR_MS if held else None)
    yield Figure(
        f"{name}: warm, {MANY} clients", rate, "/s", _BARE, rate / bare_rate,
        _PER_SECOND_BAR if held else None, at_least=True,
    )  # fmt: skip
    p99 = median([run.p99_ms for run in many])
    yield Figure(f"{name}: warm, {MANY} clients, p99", p99, "ms", bar=_P99_BAR_MS if held else None)
    wrong = sum(run.wrong for run in one + many)
    answers = sum(run.answers for run in one + many)
    yield Figure(f"{name}: wrong answers of {answers:,}", wrong, "", bar=0 if held else None)
