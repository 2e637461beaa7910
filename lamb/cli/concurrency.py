"""`lamb concurrency`: what is reserved for a function, and what its versions and aliases keep ready."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.exit_codes import INIT_FAILED
from lamb.cli.faults import CommandFault, UsageFault, WaitExpired
from lamb.cli.session import Session
from lamb.model.wire import INIT_FAILURE

app = typer.Typer()

_ASKED_AT_ONCE_S = 30.0
# As long as the longest init phase may take.
_WAIT_MAX_S = 900.0


class _InitFailed(CommandFault):
    """A handler could not be loaded"""

    exit_code = INIT_FAILED


@app.command("concurrency")
def concurrency(
    ctx: typer.Context,
    function: options.Reference,
    reserved: Annotated[
        int | None,
        typer.Option(
            "--reserved", metavar="N", min=0, help="Keep N for the function, and no more; 0 stops it"
        ),
    ] = None,
    provisioned: Annotated[
        int | None,
        typer.Option("--provisioned", metavar="N", min=1, help="Keep N environments of a version ready"),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Give back what is set aside")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until they are ready")] = False,
) -> None:
    """Show or set how much of a function may run at a time

    lamb concurrency hello
    lamb concurrency hello --reserved 5
    lamb concurrency hello --reserved 0  # stops it
    lamb concurrency hello:prod --provisioned 2
    lamb concurrency hello:prod --clear

    Waits until provisioned environments are ready; exit code 13 when their handler cannot be loaded.
    """
    session: Session = ctx.obj
    if (reserved is not None) + (provisioned is not None) + clear > 1:
        raise UsageFault("--reserved, --provisioned and --clear exclude each other")
    name, qualifier = _split(function)
    if provisioned is not None:
        if not qualifier:
            raise UsageFault(
                "Provisioned concurrency belongs to a version or an alias",
                hint=f"`lamb concurrency {name}:VERSION --provisioned {provisioned}`",
            )
        _provision(session, (name, qualifier), provisioned, wait=not no_wait)
    elif reserved is not None:
        document = session.client.concurrency.reserve(function, reserved)
        _print(session, document, [("reserved", reserved)])
        session.out.receipt(
            f"{function} is stopped" if reserved == 0 else f"{function} has {reserved} reserved"
        )
    elif clear:
        _clear(session, name, qualifier)
    else:
        _show(session, name, qualifier)


def _split(function: str) -> tuple[str, str]:
    """The name or ARN of a function, and the qualifier or nothing."""
    head, mark, tail = function.rpartition(":function:")
    name, _, qualifier = tail.partition(":")
    return f"{head}{mark}{name}", qualifier


def _provision(session: Session, target: tuple[str, str], amount: int, *, wait: bool) -> None:
    written = ":".join(target)
    document = session.client.concurrency.provision(*target, amount)
    deadline = time.monotonic() + _WAIT_MAX_S
    while wait and document["Status"] == "IN_PROGRESS":
        if time.monotonic() >= deadline:
            raise WaitExpired(
                f"{written} is not ready yet", hint=f"`lamb concurrency {written}` tells how far"
            )
        document = session.client.concurrency.until_provisioned(*target, _ASKED_AT_ONCE_S)
    _print(session, document, _rows(session, document))
    if document["Status"] == "FAILED":
        raise _failed(*target, document.get("StatusReason", ""))
    available, wanted = (
        document[f"{kind}ProvisionedConcurrentExecutions"] for kind in ("Available", "Requested")
    )
    session.out.receipt(f"{written} has {available} of {wanted} environments ready")


def _failed(name: str, qualifier: str, reason: str) -> CommandFault:
    if reason == INIT_FAILURE:
        return _InitFailed(
            f"the handler of {name}:{qualifier} cannot be loaded", hint=f"`lamb logs {name}` says why"
        )
    return CommandFault(f"the environments of {name}:{qualifier} cannot be started: {reason}")


def _clear(session: Session, name: str, qualifier: str) -> None:
    if qualifier:
        session.client.concurrency.unprovision(name, qualifier)
    else:
        session.client.concurrency.unreserve(name)
    if session.as_json:
        session.out.json({})
    what = "provisioned" if qualifier else "reserved"
    session.out.receipt(f"{f'{name}:{qualifier}' if qualifier else name} has nothing {what}")


def _show(session: Session, name: str, qualifier: str) -> None:
    if qualifier:
        document = session.client.concurrency.provisioned(name, qualifier)
        _print(session, document, _rows(session, document))
        return
    reserved = session.client.concurrency.reserved(name)
    provisions = list(session.client.concurrency.provisions(name))
    document = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    document["ProvisionedConcurrencyConfigs"] = provisions
    rows: list[tuple[str, Any]] = [("reserved", "none" if reserved is None else reserved)]
    for provision in provisions:
        label = provision["FunctionArn"].rpartition(":")[2]
        rows.append((f"provisioned {label}", dict(_rows(session, provision))["provisioned"]))
    _print(session, document, rows)


def _rows(session: Session, document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """`2 of 3 · IN_PROGRESS`."""
    status, out = document["Status"], session.out
    tone = {"READY": "green", "FAILED": "red"}.get(status, "yellow")
    available, wanted = (
        document[f"{what}ProvisionedConcurrentExecutions"] for what in ("Available", "Requested")
    )
    parts = [
        f"{available} of {wanted}",
        out.style(status, tone, stream=out.stdout),
        document.get("StatusReason", ""),
    ]
    return [("provisioned", " · ".join(filter(None, parts)))]


def _print(session: Session, document: Mapping[str, Any], rows: list[tuple[str, Any]]) -> None:
    if session.as_json:
        session.out.json(document)
    else:
        session.out.pairs(rows)
