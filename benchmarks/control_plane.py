"""The control plane: through boto3 beside moto's server, and with a store that has become large.

All servers are asked by the same program, in turns, with the newest boto3 of the rival's own environment.
What boto3 itself takes shows before a server that has its answers ready; a server's own part is what is more.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import load
from benchmarks.figures import Figure, interleaved, median
from benchmarks.place import (
    ECHO,
    REPOSITORY,
    Api,
    Home,
    Installation,
    bare_server,
    invocations,
    process_ms,
    serving,
)
from benchmarks.rivals import moto

ROUNDS = 9
"""Short ones: a machine has slow seconds."""
GROWTH_ROUNDS = 15
"""Likewise; each round asks both stores."""
STARTS = 7
_AHEAD_BAR = 2.0
_GROWTH_BAR, _START_BAR_MS = 1.2, 600.0
_REFERENCE_ORM_MS = 239.0
"""Of the run of 2026-11-24: see README.md."""
SMALL, LARGE, VERSIONS = 10, 10_000, 20
_SECONDS = 0.6
_LIST = "/2015-03-31/functions?MaxItems=10"
_MOTO, _READY = "moto", "ready answers"
_WORDS = {"create": "create", "get": "get", "list": "list(50)", "publish": "publish"}


def figures(installation: Installation, home: Callable[[str], Home], rivals: Path | None) -> Iterator[Figure]:
    """`home` makes homes by name; `rivals`: where they are installed, None leaves them out."""
    if rivals is not None:
        yield from _beside_moto(installation, home("control"), rivals)
    yield from _in_a_large_store(installation, home)


# ------------------------------------------------------------------ beside moto


def _beside_moto(installation: Installation, home: Home, folder: Path) -> Iterator[Figure]:
    with contextlib.ExitStack() as stack:
        try:
            rival = stack.enter_context(moto(folder / "moto"))
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            print(f"moto is left out: {error}", file=sys.stderr)
            return
        api = stack.enter_context(serving(home))
        ours = f"http://{api.address[0]}:{api.address[1]}"
        ready = stack.enter_context(bare_server(installation, ours))
        urls = {"lamb": ours, _MOTO: rival.url, _READY: f"http://127.0.0.1:{ready}"}
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in urls}
        for number in range(ROUNDS):
            for name, url in urls.items():
                runs[name].append(_ask(rival.python, url, f"{name[:1]}{number}"))
    for operation, words in _WORDS.items():
        yield from _compared(words, {name: median([run[operation] for run in runs[name]]) for name in urls})


def _compared(words: str, rates: Mapping[str, float]) -> Iterator[Figure]:
    ready, theirs, ours = (rates[name] for name in (_READY, _MOTO, "lamb"))
    yield Figure(f"{_READY}: {words} through boto3", ready, "/s", _MOTO, ready / theirs)
    yield Figure(f"{_MOTO}: {words} through boto3", theirs, "/s")
    yield Figure(
        f"lamb: {words} through boto3", ours, "/s", _MOTO, ours / theirs, _AHEAD_BAR, "ratio",
        at_least=True,
    )  # fmt: skip
    own, others = (1000 / rate - 1000 / ready for rate in (ours, theirs))
    yield Figure(f"lamb: {words}, its own part", own, "ms", _MOTO, own / others)


def _ask(python: Path, url: str, prefix: str) -> dict[str, float]:
    """Calls a second, by operation."""
    client = REPOSITORY / "benchmarks" / "control_client.py"
    done = subprocess.run([python, client, url, prefix], check=True, stdout=subprocess.PIPE, timeout=120)
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


# ------------------------------------------------------------------ a large store


def _in_a_large_store(installation: Installation, home: Callable[[str], Home]) -> Iterator[Figure]:
    sizes = {SMALL: home("small"), LARGE: home("large")}
    for count, place in sizes.items():
        with serving(place) as api:
            api.create("template", ECHO)
            api.settled("template")
            api.request("POST", "/2015-03-31/functions/template/versions", b"{}")
        place.stop()
        _multiply(Path(place.folder) / "lamb.sqlite3", count, VERSIONS)
    samples: dict[int, dict[str, list[float]]] = {count: {} for count in sizes}
    with contextlib.ExitStack() as stack:
        apis = {count: stack.enter_context(serving(place)) for count, place in sizes.items()}
        markers = {count: _last_marker(api) for count, api in apis.items()}
        for _ in range(GROWTH_ROUNDS):
            for count, api in apis.items():
                for name, value in _costs(api, count, markers[count]).items():
                    samples[count].setdefault(name, []).append(value)
    for name in samples[SMALL]:
        small, large = (median(samples[count][name]) for count in sizes)
        yield Figure(f"{name}, {SMALL} functions × {VERSIONS} versions", small, "ms")
        yield Figure(
            f"{name}, {LARGE:,} functions × {VERSIONS} versions", large, "ms", f"{SMALL} functions",
            large / small, _GROWTH_BAR, "ratio",
        )  # fmt: skip
    starts = {str(count): functools.partial(_start_ms, place) for count, place in sizes.items()}
    orm = [str(installation.python), "-c", "import sqlalchemy.orm"]
    found = interleaved(STARTS, {**starts, "orm": functools.partial(process_ms, orm)})
    for count in sizes:
        start_ms, orm_ms = median(found[str(count)]), median(found["orm"])
        yield Figure(
            f"first command, starts the daemon, {count:,} functions", start_ms, "ms",
            "import sqlalchemy.orm", start_ms / orm_ms, _START_BAR_MS, reference=_REFERENCE_ORM_MS,
        )  # fmt: skip


def _costs(api: Api, count: int, marker: str | None) -> dict[str, float]:
    """Milliseconds of one call, by what is called; of the last function by name, and the last page, which
    `marker` leads to."""
    last = f"f{count:05d}"
    paths = {
        "get": f"/2015-03-31/functions/{last}:7",
        "list(10), first page": _LIST,
        "list(10), last page": f"{_LIST}&Marker={marker}" if marker else _LIST,
    }
    found = {name: _get_ms(api, path) for name, path in paths.items()}
    api.invoke(last)
    found["invoke"] = load.run(api.address, invocations(last), 1, _SECONDS).p50_ms
    return found


def _get_ms(api: Api, path: str, count: int = 20) -> float:
    samples = []
    for _ in range(count):
        started = time.perf_counter()
        api.request("GET", path)
        samples.append((time.perf_counter() - started) * 1000)
    return median(samples)


def _last_marker(api: Api) -> str | None:
    """Of the page before the last one, that has a full page behind it where there is one."""
    marker, before = None, None
    page = json.loads(api.request("GET", "/2015-03-31/functions?MaxItems=10000")[0])
    while page.get("NextMarker"):
        marker, before = page["NextMarker"], marker
        page = json.loads(api.request("GET", f"/2015-03-31/functions?MaxItems=10000&Marker={marker}")[0])
    return before or marker


def _start_ms(place: Home) -> float:
    place.stop()
    return process_ms([place.program, "show", "template"], place.environment)


def _multiply(database: Path, functions: int, versions: int) -> None:
    """Copies of the function `template`, with copies of its first version, as rows: through the API it would
    take an hour."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY)")
        connection.executemany(
            "INSERT INTO numbers VALUES (?)", ((i,) for i in range(max(functions, versions) + 1))
        )
        (template,) = connection.execute("SELECT id FROM functions WHERE name = 'template'").fetchone()
        _copy(connection, "functions", {"id": None, "name": "printf('f%05d', i)"},
              f"functions, numbers WHERE id = {template} AND i BETWEEN 1 AND {functions}")  # fmt: skip
        # $LATEST is a copy of $LATEST, and every version one of version 1.
        _copy(
            connection, "versions",
            {"function_id": "f.id", "number": "i", "revision_id": "lower(hex(randomblob(16)))"},
            "versions v, functions f, numbers WHERE f.name LIKE 'f%' AND v.function_id = "
            f"{template} AND v.number = min(i, 1) AND i BETWEEN 0 AND {versions}",
        )  # fmt: skip


def _copy(connection: sqlite3.Connection, table: str, changed: dict[str, str | None], source: str) -> None:
    """Insert what `source` selects, with some columns computed; None leaves one to the database."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    kept = {name: changed.get(name, name) for name in columns}
    names = [name for name, value in kept.items() if value is not None]
    values = ", ".join(str(kept[name]) for name in names)
    connection.execute(f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {source}")
