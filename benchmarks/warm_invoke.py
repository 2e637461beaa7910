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
BARE = "bare HTTP server"
REFERENCE_P50_MS, REFERENCE_PER_SECOND = 0.0418, 33_851.0
"""The bare server's, one client's and eight clients', in the run of 2026-11-24: see README.md."""
_REFERENCE_P99_MS = {1: 0.0914, MANY: 0.372}


def figures(installation: Installation, home: Home, rivals: list[Server]) -> Iterator[Figure]:
    with serving(home) as api, bare_server(installation) as port:
        bare = Server(BARE, ("127.0.0.1", port), "/")
        api.create("warm", ECHO)
        api.settled("warm")
        servers = [Server("lamb", api.address, invocations("warm")), bare, *rivals]
        runs: dict[str, dict[int, list[Load]]] = {server.name: {1: [], MANY: []} for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                for clients, loads in runs[server.name].items():
                    loads.append(load.run(server.address, server.path, clients, SECONDS))
    for server in servers:
        yield from _of(server.name, runs[server.name], runs[BARE])


def _of(name: str, runs: dict[int, list[Load]], bare: dict[int, list[Load]]) -> Iterator[Figure]:
    p50, bare_p50 = (median([run.p50_ms for run in loads[1]]) for loads in (runs, bare))
    rate, bare_rate = (median([run.per_second for run in loads[MANY]]) for loads in (runs, bare))
    held = name == "lamb"
    yield Figure(
        f"{name}: warm, 1 client, p50", p50, "ms", BARE, p50 / bare_p50,
        _P50_BAR_MS if held else None, reference=REFERENCE_P50_MS,
    )  # fmt: skip
    yield _p99(name, runs, bare, 1)
    yield Figure(
        f"{name}: warm, {MANY} clients", rate, "/s", BARE, rate / bare_rate,
        _PER_SECOND_BAR if held else None, at_least=True, reference=REFERENCE_PER_SECOND,
    )  # fmt: skip
    yield _p99(name, runs, bare, MANY)
    everything = runs[1] + runs[MANY]
    wrong = sum(run.wrong for run in everything)
    answers = sum(run.answers for run in everything)
    yield Figure(f"{name}: wrong answers of {answers:,}", wrong, "", bar=0 if held else None)


def _p99(name: str, runs: dict[int, list[Load]], bare: dict[int, list[Load]], clients: int) -> Figure:
    p99, bare_p99 = (median([run.p99_ms for run in loads[clients]]) for loads in (runs, bare))
    words = f"{clients} client" if clients == 1 else f"{clients} clients"
    return Figure(
        f"{name}: warm, {words}, p99", p99, "ms", BARE, p99 / bare_p99,
        _P99_BAR_MS if name == "lamb" else None, reference=_REFERENCE_P99_MS[clients],
    )  # fmt: skip
