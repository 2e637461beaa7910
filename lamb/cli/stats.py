"""`lamb stats`: what functions did, in numbers and in a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamb.cli import costs
from lamb.cli.charts import bars, spark
from lamb.cli.durations import span_ms
from lamb.cli.faults import UsageFault
from lamb.cli.logs import moment_ms
from lamb.cli.session import Session

if TYPE_CHECKING:
    from lamb.cli.output import Output

app = typer.Typer()

_COLUMNS = 60
_GUTTER = 9
_HEIGHT = 6
_TICK_EVERY = 15
_SMALL = 12
"""Characters of the picture in a table's row, beside names of at most _NAME."""
_NAME = 18


@app.command("stats")
def stats(
    ctx: typer.Context,
    function: Annotated[
        str | None,
        typer.Argument(
            metavar="FUNCTION",
            help="One function, or what was invoked as `NAME:3` or `NAME:prod`; all functions without it",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="10m, 2h, 1d or 2026-01-31T12:00:00Z")
    ] = "1h",
    cost: Annotated[bool, typer.Option("--cost", help="What AWS would bill for it, of one function")] = False,
) -> None:
    """Show how often functions ran, failed and were throttled, and how long they took

    lamb stats
    lamb stats hello --since 1d
    lamb stats hello:prod
    lamb stats hello --json | jq .Duration.p99
    lamb stats hello | grep ^errors
    lamb stats hello --since 1d --cost

    Counted minute by minute and kept for 15 days. Percentiles are right within 5 %.
    """
    session: Session = ctx.obj
    # How long ago something was is for the home's clock to say.
    last_ms = span_ms(since)
    span = {"last_ms": last_ms, "since_ms": moment_ms(since, 0) if last_ms is None else None}
    if function is None:
        if cost:
            raise UsageFault("--cost is of one function", hint="lamb stats NAME --cost")
        found = session.client.counters.all(**span, points=_SMALL)
        if session.as_json:
            session.out.json({"Functions": found})
        else:
            _table(session.out, found)
        return
    document = session.client.counters.of(function, **span, points=_COLUMNS)
    if session.as_json:
        session.out.json(document)
    elif cost:
        costs.show(session.out, document)
    elif session.out.terminal:
        _picture(session.out, document)
    else:
        session.out.pairs(_values(document))


def _table(out: Output, found: list[dict[str, Any]]) -> None:
    """In a pipe: name, invocations, errors, throttles, waiting events, p50 and p99 in milliseconds."""
    if not out.terminal:
        names = ("FunctionName", "Invocations", "Errors", "Throttles", "Waiting")
        times = [[each["Duration"][name] for name in ("p50", "p99")] for each in found]
        out.table((), [[*map(each.get, names), *more] for each, more in zip(found, times, strict=True)])
        return
    # What is rare, or long, would not fit into 80 columns together with the picture.
    throttled = any(each["Throttles"] or each["Waiting"] for each in found)
    small = not throttled and all(len(each["FunctionName"]) <= _NAME for each in found)
    columns = ["function", "invocations", "errors", "p50", "p99"]
    columns += ["throttled", "waiting"] if throttled else ["when"] if small else []
    rows: list[list[str]] = []
    for each in found:
        row = [each["FunctionName"], f"{each['Invocations']:,}", _errors(out, each)]
        row += [_time(each["Duration"][name]) for name in ("p50", "p99")]
        if throttled:
            row += [f"{each['Throttles']:,}", f"{each['Waiting']:,}"]
        elif small:
            row.append(_small(out, each))
        rows.append(row)
    out.table(columns, rows)


def _small(out: Output, each: dict[str, Any]) -> str:
    drawn = spark([point["Invocations"] for point in each["Datapoints"]])
    return out.style(drawn, "green", stream=out.stdout) if drawn else ""


# --- one function, for eyes ------------------------------------------------------------------------


def _picture(out: Output, told: dict[str, Any]) -> None:
    start, end = _clock(told, told["StartTime"]), _clock(told, told["EndTime"])
    name = out.style(told["Resource"], "bold", stream=out.stdout)
    out.line(name + _dim(out, f" · {start} to {end} UTC, {_period(told)} a column"))
    out.line("")
    if told["Invocations"] or told["Throttles"]:
        _chart(out, told)
    else:
        out.line(_dim(out, "nothing ran in this time"))
    out.line("")
    for line in _beside(out, [_outcomes(out, told), _times(told), _events(told)]):
        out.line(line)
    resources = told["Resources"]
    if len(resources) > 1:
        out.line("")
        out.table(("resource", "version", "invocations", "errors", "p50", "p99"), _resources(out, resources))


def _chart(out: Output, told: dict[str, Any]) -> None:
    points = told["Datapoints"]
    width = max(1, _COLUMNS // len(points))
    runs, errors, throttles = (
        [point[name] for point in points] for name in ("Invocations", "Errors", "Throttles")
    )
    lines = bars(out, runs, errors, height=_HEIGHT, width=width)
    for number, line in enumerate(lines):
        label = f"{max(runs):,}" if number == 0 else ""
        out.line(_dim(out, f"{label:>{_GUTTER - 2}} {'┤' if label else '│'}") + line)
    out.line(_dim(out, f"{'0':>{_GUTTER - 2}} └{'─' * (width * len(points))}"))
    out.line(_dim(out, " " * _GUTTER + _ticks(told, width)))
    latest = [point["p99"] for point in points]
    for label, values, tone in (
        ("errors", errors, "red"), ("throttled", throttles, "yellow"), ("p99", latest, "cyan"),
    ):  # fmt: skip
        if any(values):
            line = out.style(spark(values, width), tone, stream=out.stdout)
            out.line(_dim(out, f"{label:>{_GUTTER - 1}} ") + line)


def _ticks(told: dict[str, Any], width: int) -> str:
    """Times below the columns that begin with them."""
    text = ""
    points = told["Datapoints"]
    for index in range(0, len(points), -(-_TICK_EVERY // width)):
        text = f"{text:<{index * width}}{_clock(told, points[index]['Timestamp'])}"
    return text


def _outcomes(out: Output, told: dict[str, Any]) -> list[tuple[str, str]]:
    """What became of the invocations."""
    verdicts = told["Verdicts"]
    words = {"timeout": "timeouts", "killed": "killed", "exit": "exits", "init": "init failures"}
    return [
        ("invocations", f"{told['Invocations']:,}"),
        ("errors", _errors(out, told)),
        *((word, f"{verdicts[name]:,}") for name, word in words.items() if name in verdicts),
        ("throttled", f"{told['Throttles']:,}"),
        ("at once", f"{told['ConcurrentExecutions']:,}"),
    ]


def _times(told: dict[str, Any]) -> list[tuple[str, str]]:
    duration, init = told["Duration"], told["InitDuration"]
    rows = [(f"time {name}", _time(duration[name])) for name in ("p50", "p90", "p99")]
    rows.append(("time max", _time(duration["Maximum"])))
    if init["SampleCount"]:
        rows.append((f"{init['SampleCount']:,} × init p50", _time(init["p50"])))
    if told["MemorySize"]:
        rows.append(("memory", f"{told['MaxMemoryUsed']}/{told['MemorySize']} MB"))
    return rows


def _events(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Nothing for a function that has none."""
    counts = {
        "events": "AsyncEventsReceived",
        "waiting": "Waiting",
        "running": "Running",
        "dropped": "AsyncEventsDropped",
        "dead letters": "DeadLettersSent",
        "… failed": "DeadLetterErrors",
        "records sent": "DestinationsDelivered",
        "records failed": "DestinationDeliveryFailures",
        "loops stopped": "RecursiveInvocationsDropped",
    }
    if not any(told[member] for member in counts.values()):
        return []
    rows = [
        (label, f"{told[member]:,}")
        for label, member in counts.items()
        if told[member] or label in ("events", "waiting", "dropped")
    ]
    age = told["AsyncEventAge"]
    if age["SampleCount"]:
        rows[1:1] = [("age p50", _time(age["p50"])), ("age max", _time(age["Maximum"]))]
    return rows


def _resources(out: Output, resources: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for each in resources:
        times = (_time(each["Duration"][name]) for name in ("p50", "p99"))
        runs = f"{each['Invocations']:,}"
        yield (each["Resource"], each["ExecutedVersion"], runs, _errors(out, each), *times)


def _beside(out: Output, blocks: list[list[tuple[str, str]]]) -> Iterator[str]:
    """Columns of names and values."""
    blocks = [block for block in blocks if block]
    widths = [
        tuple(max(map(len, map(_bare, column))) for column in zip(*block, strict=True)) for block in blocks
    ]
    for row in range(max(map(len, blocks))):
        line = ""
        for block, (names, values) in zip(blocks, widths, strict=True):
            name, value = block[row] if row < len(block) else ("", "")
            padding = " " * (names + values - len(name) - len(_bare(value)) + 2)
            line += f"{_dim(out, name)}{padding}{value}     "
        yield line.rstrip()


# --- one function, for programs --------------------------------------------------------------------


def _values(told: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names that say their units; what is not known is empty."""
    members = {
        "resource": "Resource",
        "start": "StartTime",
        "end": "EndTime",
        "invocations": "Invocations",
        "errors": "Errors",
        "error_rate": "ErrorRate",
        "throttles": "Throttles",
        "concurrent": "ConcurrentExecutions",
        "memory_used_mb": "MaxMemoryUsed",
        "memory_mb": "MemorySize",
        "events_received": "AsyncEventsReceived",
        "events_dropped": "AsyncEventsDropped",
        "events_waiting": "Waiting",
        "events_running": "Running",
        "dead_letters_sent": "DeadLettersSent",
        "dead_letter_errors": "DeadLetterErrors",
        "destinations_delivered": "DestinationsDelivered",
        "destination_failures": "DestinationDeliveryFailures",
        "loops_stopped": "RecursiveInvocationsDropped",
    }
    yield from ((name, told[member]) for name, member in members.items())
    for name, member in (
        ("duration", "Duration"), ("init", "InitDuration"), ("event_age", "AsyncEventAge"),
    ):  # fmt: skip
        yield f"{name}_count", told[member]["SampleCount"]
        for label, statistic in (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("max", "Maximum")):
            yield f"{name}_{label}_ms", told[member][statistic]
    yield from ((f"verdict_{verdict}", count) for verdict, count in sorted(told["Verdicts"].items()))


# --- words -----------------------------------------------------------------------------------------


def _errors(out: Output, told: dict[str, Any]) -> str:
    """`12 · 0.4 %`, in red where there are any."""
    if not told["Errors"]:
        return "0"
    text = f"{told['Errors']:,} · {told['ErrorRate'] * 100:.2g} %"
    return out.style(text, "red", stream=out.stdout)


def _time(ms: float | None) -> str:
    """`0.09 ms`, `4.6 ms`, `120 ms`, `3.0 s`, `2.5 min`, `6.0 h`."""
    if ms is None:
        return "-"
    for limit, unit, size in ((1, "ms", 1), (1000, "ms", 1), (60_000, "s", 1000), (3_600_000, "min", 60_000)):
        if ms < limit:
            number = ms / size
            digits = 2 if number < 1 else 1 if number < 100 else 0
            return f"{number:.{digits}f} {unit}"
    return f"{ms / 3_600_000:.1f} h"


def _clock(told: dict[str, Any], iso: str) -> str:
    """`14:05`, and `01-31 14:05` where a day is not enough to tell which."""
    long = told["Period"] * len(told["Datapoints"]) > 86_400
    return f"{iso[5:10]} {iso[11:16]}" if long else iso[11:16]


def _period(told: dict[str, Any]) -> str:
    minutes = told["Period"] // 60
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _dim(out: Output, text: str) -> str:
    return out.style(text, "dim", stream=out.stdout)


def _bare(text: str) -> str:
    """Without colours: as wide as it is drawn."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)
