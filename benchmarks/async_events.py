"""Asynchronous events: accepted durably, accepted and run, and with a backlog behind them.

Beside it, what SQLite itself does on the same disk in the same run: single rows, each committed with
synchronous = FULL, one after the other; and lamb's bare HTTP library. A 202 is counted; the event behind it
is on disk by then.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import load
from benchmarks.figures import Figure, median
from benchmarks.load import Load
from benchmarks.memory import pss_mb
from benchmarks.place import ECHO, Api, Home, Installation, bare_server, invocations, serving
from benchmarks.warm_invoke import BARE, REFERENCE_P50_MS, REFERENCE_PER_SECOND

ROUNDS = 5
SECONDS = 2.0
CLIENTS = 8
BACKLOGS = (1_000, 10_000, 100_000, 1_000_000)
_ACCEPTED_BAR, _RUN_BAR, _P50_BAR_MS = 6000.0, 2000.0, 2.0
_SINGLE = "single commits of SQLite"
# One environment, which is busy: whatever else is sent waits in the store.
_BUSY = "import time\ndef handler(event, context):\n    time.sleep(800)\n"
# The first ones wait for an environment; all of them together are fewer than the smallest backlog.
_BEFORE, _SLICE, _SLICES = 200, 80, 7
_MOMENT_S = 0.5
# What waits is due then: it does not run while others are accepted.
_LATER_MS = 3_600_000
_PREFILL = """
import sys
from lamb.model.clock import SystemClock
from lamb.model.events import QueuedEvent
from lamb.model.names import FunctionKey
from lamb.model.wire import new_id
from lamb.store import events
from lamb.store.database import Database
home, count, due_ms = sys.argv[1], int(sys.argv[2]), SystemClock().now_ms() + int(sys.argv[3])
database = Database(f"sqlite:///{home}/lamb.sqlite3", SystemClock())
key = FunctionKey("123456789012", "us-east-1", "backlog")
for start in range(0, count, 10_000):
    rows = [
        events.Addition(QueuedEvent(new_id(), key, None, b'{"n": 1}', due_ms, due_ms), None)
        for _ in range(min(10_000, count - start))
    ]
    with database.transaction() as tx:
        events.add_many(tx, rows)
database.close()
"""


def figures(installation: Installation, home: Callable[[str], Home], scratch: Path) -> Iterator[Figure]:
    """`home` makes homes by name."""
    with bare_server(installation) as port:
        bare = "127.0.0.1", port
        yield from _accepted(home("accept"), scratch, bare)
        yield from _accepted_and_run(home("run"), bare)
    yield from _with_a_backlog(installation, home)


def _accepted(home: Home, scratch: Path, bare: tuple[str, int]) -> Iterator[Figure]:
    """Nothing is run meanwhile: the one event that may run sleeps."""
    runs: dict[int, list[Load]] = {1: [], CLIENTS: []}
    bare_runs: dict[int, list[Load]] = {1: [], CLIENTS: []}
    singles = []
    with serving(home) as api:
        api.create("accept", _BUSY, timeout_s=900)
        api.settled("accept")
        _reserve(api, "accept", 1)
        for _ in range(ROUNDS):
            singles.append(_single_commits(scratch))
            for clients, loads in runs.items():
                loads.append(_send(api, "accept", clients))
                bare_runs[clients].append(load.run(bare, "/", clients, SECONDS))
        grown_mb = pss_mb(home.pid() or 0)
    everything, single = runs[1] + runs[CLIENTS], median(singles)
    rate, bare_rate = (median([run.per_second for run in loads[CLIENTS]]) for loads in (runs, bare_runs))
    yield Figure(f"{_SINGLE}, synchronous = FULL", single, "/s")
    yield Figure("… events accepted durably for each of them", rate / single, "")
    yield Figure(
        f"events accepted durably, {CLIENTS} clients", rate, "/s", BARE, rate / bare_rate,
        _ACCEPTED_BAR, at_least=True, reference=REFERENCE_PER_SECOND,
    )  # fmt: skip
    # Of eight clients at that rate, each waits for eight answers' time.
    for clients, words, reference_ms in (
        (CLIENTS, f"{CLIENTS} clients", CLIENTS * 1000 / REFERENCE_PER_SECOND),
        (1, "1 client", REFERENCE_P50_MS),
    ):
        p50, bare_p50 = (median([run.p50_ms for run in loads[clients]]) for loads in (runs, bare_runs))
        yield Figure(
            f"events accepted, {words}, p50", p50, "ms", BARE, p50 / bare_p50, _P50_BAR_MS,
            reference=reference_ms,
        )  # fmt: skip
    yield Figure("events refused", sum(run.wrong for run in everything), "", bar=0)
    waiting = sum(run.answers for run in everything)
    yield Figure(f"daemon, PSS, {waiting:,} events waiting", grown_mb, "MB")


def _accepted_and_run(home: Home, bare: tuple[str, int]) -> Iterator[Figure]:
    """From the first event to the end of the last one, while the same clients go on sending."""
    rates, bare_rates, wrong = [], [], 0
    with serving(home) as api:
        api.create("run", ECHO)
        api.settled("run")
        api.invoke("run")
        for _ in range(ROUNDS):
            started = time.perf_counter()
            sent = _send(api, "run", CLIENTS)
            _until_empty(api, "run")
            rates.append((sent.answers + CLIENTS) / (time.perf_counter() - started))
            wrong += sent.wrong
            bare_rates.append(load.run(bare, "/", CLIENTS, SECONDS).per_second)
    yield Figure(
        f"events accepted and run, {CLIENTS} clients", median(rates), "/s", BARE,
        median(rates) / median(bare_rates), _RUN_BAR, at_least=True, reference=REFERENCE_PER_SECOND,
    )  # fmt: skip
    yield Figure("events refused meanwhile", wrong, "", bar=0)


def _with_a_backlog(installation: Installation, home: Callable[[str], Home]) -> Iterator[Figure]:
    """What one event costs, to accept and to run, with so many others waiting: in turns, a few at a time."""
    places = {count: home(f"backlog-{count}") for count in BACKLOGS}
    for count, place in places.items():
        with serving(place) as api:
            api.create("backlog", ECHO, timeout_s=900)
            api.create("other", _BUSY, timeout_s=900)
            # As many environments for each backlog: to start more of them is not what it costs.
            _reserve(api, "backlog", 4)
            _reserve(api, "other", 1)
            api.settled("other")
        place.stop()
        prefill = [installation.python, "-I", "-c", _PREFILL, place.folder, str(count), str(_LATER_MS)]
        subprocess.run(prefill, check=True)
    os.sync()
    accepting: dict[int, list[float]] = {count: [] for count in BACKLOGS}
    running: dict[int, list[float]] = {count: [] for count in BACKLOGS}
    with contextlib.ExitStack() as stack:
        apis = {count: stack.enter_context(serving(place)) for count, place in places.items()}
        pids = {count: place.pid() or 0 for count, place in places.items()}
        for _ in range(ROUNDS):
            for count, api in apis.items():
                accepting[count].append(_send(api, "other", CLIENTS, _MOMENT_S).p50_ms)
        for count, api in apis.items():
            stack.callback(os.kill, pids[count], signal.SIGCONT)
            api.request("POST", f"/_lamb/clock?advance_ms={_LATER_MS}", b"")
            _run_ms(api, "backlog", _BEFORE)
            os.kill(pids[count], signal.SIGSTOP)
        for _ in range(_SLICES):
            for count, api in apis.items():
                os.kill(pids[count], signal.SIGCONT)
                running[count].append(_run_ms(api, "backlog", _SLICE))
                os.kill(pids[count], signal.SIGSTOP)
        grown_mb = {count: pss_mb(pid) for count, pid in pids.items()}
    first = BACKLOGS[0]
    for count in BACKLOGS:
        for what, found in (("run one event", running), ("accept one, p50", accepting)):
            cost_ms, first_ms = median(found[count]), median(found[first])
            name = f"{count:,} waiting: to {what}"
            yield Figure(name, cost_ms, "ms", f"{first:,} waiting", cost_ms / first_ms)
        yield Figure(f"{count:,} waiting: daemon, PSS", grown_mb[count], "MB")


def _send(api: Api, function: str, clients: int, seconds: float = SECONDS) -> Load:
    return load.run(api.address, invocations(function), clients, seconds, load.Accepted)


def _reserve(api: Api, function: str, concurrency: int) -> None:
    wanted = json.dumps({"ReservedConcurrentExecutions": concurrency}).encode()
    api.request("PUT", f"/2017-10-31/functions/{function}/concurrency", wanted)


def _run_ms(api: Api, function: str, count: int) -> float:
    """Milliseconds an event, of so many."""
    before, started = _invocations(api, function), time.perf_counter()
    while (done := _invocations(api, function) - before) < count:
        time.sleep(0.02)
    return (time.perf_counter() - started) * 1000 / done


def _invocations(api: Api, function: str) -> int:
    """As CloudWatch counts them: `lamb stats` would count what waits, too."""
    wanted = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "StartTime": time.time() - 3600,
        "EndTime": time.time() + 2 * 3600,
        "Period": 3600,
        "Statistics": ["Sum"],
    }
    headers = {"x-amz-target": "GraniteServiceVersion20100801.GetMetricStatistics"}
    found = json.loads(api.request("POST", "/", json.dumps(wanted).encode(), headers)[0])
    return int(sum(point["Sum"] for point in found["Datapoints"]))


def _until_empty(api: Api, function: str) -> None:
    empty = f"/_lamb/functions/{function}/events/empty?timeout_ms=60000"
    while not json.loads(api.request("GET", empty)[0])["Empty"]:
        pass


def _single_commits(scratch: Path) -> float:
    """Rows a second, one transaction each, in one second."""
    file = scratch / "single.sqlite3"
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT)")
        count, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < 1:
            connection.execute("INSERT INTO rows (text) VALUES ('0123456789')")
            count += 1
    finally:
        connection.close()
    return count / elapsed
