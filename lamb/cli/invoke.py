"""`lamb invoke`: a Unix filter. The result goes to stdout, the verdict into the exit code."""

from __future__ import annotations

import stat
from contextlib import suppress
from os import fstat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from lamb.cli import options
from lamb.cli.exit_codes import OF_VERDICT
from lamb.cli.faults import UsageFault
from lamb.cli.session import Session
from lamb.model.errors import LambError
from lamb.model.wire import new_id

if TYPE_CHECKING:
    from threading import Thread

    from lamb.client.client import Answer

app = typer.Typer()

_FAILURES = {
    "error": "raised",
    "timeout": "timed out",
    "killed": "killed",
    "exit": "exited",
    "init": "init failed",
}


class Wish(NamedTuple):
    """One invocation as the command line asks for it."""

    function: str
    event: str | None = None
    """JSON text, `@file`, `-` for stdin; None: what is piped in, else `{}`."""
    log: bool = False
    seed: int | None = None
    client_context: str | None = None


@app.command("invoke")
def invoke(
    ctx: typer.Context,
    function: options.Reference,
    event: Annotated[
        str | None,
        typer.Option("-e", "--event", metavar="JSON", help="The event: JSON, @FILE, or - for stdin"),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Show its log lines on stderr while it runs")] = False,
    asynchronous: Annotated[
        bool, typer.Option("--async", help="Queue the event and print its request id")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check that it could run; run nothing")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Repeat the draw of a weighted alias")
    ] = None,
    client_context: Annotated[
        str | None, typer.Option("--client-context", metavar="JSON", help="For `context.client_context`")
    ] = None,
) -> None:
    """Run a function and print its result

    lamb invoke hello
    lamb invoke hello -e '{"name": "you"}'
    lamb invoke hello < event.json | jq .
    lamb invoke hello:prod -e @event.json --log  # a version or an alias behind the colon
    lamb invoke hello --json  # one envelope: payload, durations, memory, request id
    id=$(lamb invoke hello --async -e @event.json)  # kept, run, retried: see `lamb events`

    The exit code is the verdict: 0 done, 10 raised, 11 timed out, 12 killed, 13 init failed.
    """
    session: Session = ctx.obj
    if asynchronous:
        refuse_with_async(log=log, seed=seed, client_context=client_context)
        send(session, function, event)
        return
    if dry_run:
        session.client.check_invoke(function)
        session.out.receipt(f"{function} could run")
        return
    run(session, Wish(function, event, log, session.settings.seed if seed is None else seed, client_context))


def refuse_with_async(**given: object) -> None:
    """What belongs to a run that somebody waits for."""
    for name, value in given.items():
        if value:
            raise UsageFault(f"--async and --{name.replace('_', '-')} do not go together")


def send(session: Session, function: str, event: str | None) -> None:
    """Queue an event; when the request id is printed, it is on disk."""
    request_id = session.client.events.send(function, read_event(session, event))
    if session.as_json:
        session.out.json({"StatusCode": 202, "RequestId": request_id})
    else:
        session.out.line(request_id)
    session.out.receipt(f"queued for {function}")


def run(session: Session, wish: Wish) -> None:
    """Invoke, print the result on stdout and the receipt on stderr; the verdict is the exit code."""
    payload = read_event(session, wish.event)
    request_id, follower = None, None
    if wish.log:
        request_id, follower = _follow(session, wish.function)
    answer = session.client.invoke(
        wish.function,
        payload,
        client_context=wish.client_context,
        seed=wish.seed,
        request_id=request_id,
    )
    session.exit_code = OF_VERDICT[answer.verdict]
    if follower is not None:
        # Ends with the last entry of this invocation, which is written before the answer is sent; on a full
        # disk it may be missing.
        follower.join(timeout=5)
    if session.as_json:
        session.out.json(envelope(answer))
    else:
        session.out.raw(answer.payload)
    if session.out.receipts:
        session.out.receipt(receipt(session, wish.function, answer), "✗" if session.exit_code else "✓")


def read_event(session: Session, event: str | None) -> bytes:
    """The payload's bytes, unparsed: the daemon says what is wrong with them."""
    if event == "-" or (event is None and _piped(session)):
        return session.stdin.buffer.read() or b"{}"
    if event is None:
        return b"{}"
    if event.startswith("@"):
        try:
            return Path(event[1:]).read_bytes()
        except OSError as error:
            raise UsageFault(f"`{event[1:]}` cannot be read: {error.strerror}") from error
    return event.encode()


def _piped(session: Session) -> bool:
    """A pipe, a file or a socket at stdin is an event; a terminal or /dev/null is none."""
    try:
        mode = fstat(session.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or no real file
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _follow(session: Session, function: str) -> tuple[str, Thread]:
    """Copy the invocation's log lines to stderr while it runs, over a connection of their own."""
    from threading import Thread  # noqa: PLC0415 -- only --log pays for it

    request_id = new_id()
    client = session.another_client()

    def copy() -> None:
        # What is wrong with the function is for the invocation to report.
        with suppress(LambError):
            for entry in client.logs(function, follow=True, request_id=request_id):
                session.out.note(entry["message"].rstrip("\n"))

    thread = Thread(target=copy, daemon=True)
    thread.start()
    return request_id, thread


def envelope(answer: Answer) -> dict[str, object]:
    """Everything that is known of an invocation. `Payload` is JSON where the function gave JSON."""
    import json  # noqa: PLC0415 -- only --json pays for it

    try:
        payload = json.loads(answer.payload) if answer.payload else None
    except ValueError:
        payload = answer.payload.decode(errors="replace")
    return {
        "StatusCode": 200,
        "Verdict": answer.verdict,
        **({"FunctionError": answer.function_error} if answer.function_error else {}),
        "ExecutedVersion": answer.executed_version,
        "RequestId": answer.request_id,
        "DurationMs": answer.duration_ms,
        "InitMs": answer.init_ms,
        "Cold": answer.init_ms is not None,
        "MemorySize": answer.memory_mb,
        "MaxMemoryUsed": answer.memory_used_mb,
        "Walls": answer.walls,
        "MissingWalls": list(answer.missing_walls),
        "LogTail": answer.log_tail.decode(errors="replace"),
        "Payload": payload,
    }


def receipt(session: Session, function: str, answer: Answer) -> str:
    """`3.1 ms · init 4.9 ms (cold) · 41/128 MB · f:3 · walls 9/9 · 7f3a…`."""
    out = session.out
    name = function.rpartition(":function:")[2].partition(":")[0]
    parts = [f"{answer.duration_ms:.1f} ms"]
    if answer.verdict in _FAILURES:
        parts.insert(0, out.style(_FAILURES[answer.verdict], "red"))
    if answer.init_ms is not None:
        parts.append(f"init {answer.init_ms:.1f} ms (cold)")
    parts.append(f"{answer.memory_used_mb}/{answer.memory_mb} MB")
    parts.append(f"{name}:{answer.executed_version}")
    standing, _, asked = answer.walls.partition("/")
    walls = f"walls {answer.walls}" if answer.walls else "walls unknown"
    parts.append(walls if standing == asked else out.style(walls, "yellow"))
    parts.append(f"…{answer.request_id[-4:]}")  # the first digits are the time, and alike
    return out.style(" · ", "dim").join(parts)
