"""`lamb configure`, `show`, `list`, `delete`: functions as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.create import configuration, describe, redacted, settle
from lamb.cli.destination import target_arn
from lamb.cli.faults import Refusal, UsageFault
from lamb.cli.layer_names import arns
from lamb.cli.output import size
from lamb.cli.role_names import role_arn
from lamb.cli.session import Session
from lamb.model.errors import ResourceNotFound

if TYPE_CHECKING:
    from lamb.client.client import Document

app = typer.Typer()


@app.command("configure")
def configure(
    ctx: typer.Context,
    name: options.Function,
    runtime: options.Runtime = None,
    handler: options.Handler = None,
    memory: options.Memory = None,
    timeout: options.Timeout = None,
    tmp: options.Tmp = None,
    network: options.Network = None,
    role: options.Role = None,
    description: options.Description = None,
    layer: options.Layers = None,
    no_layers: Annotated[bool, typer.Option("--no-layers", help="Take all layers away")] = False,
    dead_letter: options.DeadLetter = None,
    log_format: options.LogFormat = None,
    log_level: options.LogLevel = None,
    revision_id: options.RevisionId = None,
    no_wait: options.NoWait = False,
) -> None:
    """Change a function's configuration; only what is given changes

    lamb configure hello --memory 512 --timeout 30
    lamb configure hello --handler app.handler --network none
    lamb configure hello --layer tools:2 --layer fonts  # these and no others; --no-layers takes them away
    lamb env set hello STAGE=prod  # environment variables have a command of their own
    """
    session: Session = ctx.obj
    body = configuration(
        runtime=runtime,
        handler=handler,
        memory=memory,
        timeout=timeout,
        tmp=tmp,
        network=network,
        role=role_arn(session, role),
        description=description,
        layers=[] if no_layers else arns(session, layer),
        dead_letter=target_arn(session, dead_letter),
        log_format=log_format,
        log_level=log_level,
    )
    if not body:
        raise UsageFault("Nothing to change was given", hint="`lamb configure --help` lists what can be")
    if revision_id is not None:
        body["RevisionId"] = revision_id
    document = session.client.configure(name, body)
    if not no_wait:
        document = settle(session, name)
    if session.as_json:
        session.out.json(redacted(document))
    else:
        session.out.line(document["FunctionArn"])
    session.out.receipt(f"configured {describe(session, document)}")


@app.command("show")
def show(
    ctx: typer.Context,
    function: options.Reference,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the values of environment variables")
    ] = False,
) -> None:
    """Show a function, a version or what an alias points at

    lamb show hello
    lamb show hello:prod
    lamb show hello --json | jq .Configuration.Handler
    """
    session: Session = ctx.obj
    document = session.client.get(function)
    settings = document["Configuration"] if reveal else redacted(document["Configuration"])
    if session.as_json:
        session.out.json({**document, "Configuration": settings})
        return
    session.out.pairs(_rows(session, {**document, "Configuration": settings}))


def _rows(session: Session, document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    told = document["Configuration"]
    rows: list[tuple[str, Any]] = [
        ("name", told["FunctionName"]),
        ("arn", told["FunctionArn"]),
        ("version", told["Version"]),
        ("state", _state(session, told)),
        ("runtime", told.get("Runtime")),
        ("handler", told.get("Handler")),
        ("memory", f"{told['MemorySize']} MB"),
        ("timeout", f"{told['Timeout']} s"),
        ("disk", f"{told['EphemeralStorage']['Size']} MB"),
        ("network", told.get("Lamb", {}).get("Network", "host")),
        ("role", told["Role"]),
        ("code", f"{size(told['CodeSize'])} · {told['CodeSha256']}"),
        ("modified", told["LastModified"]),
        ("revision", told["RevisionId"]),
    ]
    if told.get("Description"):
        rows.insert(2, ("description", told["Description"]))
    if told.get("Lamb", {}).get("Live"):
        rows.append(("live", told["Lamb"]["Live"]))
    rows += [("layer", f"{layer['Arn']} · {size(layer['CodeSize'])}") for layer in told.get("Layers", [])]
    variables = told.get("Environment", {}).get("Variables", {})
    rows += [("env", f"{key}={value}") for key, value in variables.items()]
    rows += [("tag", f"{key}={value}") for key, value in document.get("Tags", {}).items()]
    return rows


def _state(session: Session, told: Mapping[str, Any]) -> str:
    state = told.get("State", "Active")
    if told.get("LastUpdateStatus") not in {None, "Successful"}:
        state += f" · update {told['LastUpdateStatus']}"
    reason = told.get("StateReason") or told.get("LastUpdateStatusReason")
    out = session.out
    tone = "green" if state == "Active" else "yellow"
    return out.style(state, tone, stream=out.stdout) + (f" · {reason}" if reason else "")


@app.command("list")
def list_(ctx: typer.Context, quiet: options.Quiet = False) -> None:
    """List functions

    lamb list
    lamb list -q | xargs -n1 lamb delete --yes
    lamb list --json | jq '.Functions[].FunctionArn'
    """
    session: Session = ctx.obj
    functions = [redacted(function) for function in session.client.list()]
    if session.as_json:
        session.out.json({"Functions": functions})
        return
    if quiet:
        for function in functions:
            session.out.line(function["FunctionName"])
        return
    session.out.table(
        ("name", "runtime", "handler", "memory", "timeout", "code", "modified"),
        [_summary(function) for function in functions],
    )
    if not functions and session.out.attended:
        session.out.note("no functions yet")
        session.out.hint("`lamb create hello --file hello.py`")


def _summary(function: Document) -> tuple[Any, ...]:
    return (
        function["FunctionName"],
        function.get("Runtime"),
        function.get("Handler"),
        f"{function['MemorySize']} MB",
        f"{function['Timeout']} s",
        size(function["CodeSize"]),
        moment(function["LastModified"]),
    )


def moment(stamp: str) -> str:
    """`2026-01-02 03:04:05` of AWS's LastModified."""
    return stamp[:19].replace("T", " ")


@app.command("delete")
def delete(
    ctx: typer.Context,
    function: options.Reference,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete a function and all its versions, or one version

    lamb delete hello
    lamb delete hello:3 --yes
    lamb delete hello --yes --ignore-not-found  # in scripts
    """
    session: Session = ctx.obj
    try:
        loss = describe_loss(session, function)
        if dry_run:
            session.out.json({"WouldDelete": loss}) if session.as_json else session.out.line(loss)
            return
        if not (yes or agreed(session, loss)):
            raise typer.Abort
        session.client.delete(function)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{function} does not exist", "·")
        return
    if session.as_json:
        session.out.json({"Deleted": function})
    session.out.receipt(f"deleted {loss}")


def describe_loss(session: Session, function: str) -> str:
    """What a delete would remove. Raises ResourceNotFound when there is nothing."""
    document = session.client.get(function)["Configuration"]
    name = document["FunctionName"]
    if document["FunctionArn"].rpartition(":")[2] != name:
        return f"version {document['Version']} of {name}"
    versions = sum(1 for _ in session.client.versions(name)) - 1
    aliases = [alias["Name"] for alias in session.client.alias_list(name)]
    parts = [f"{name}, its code and configuration"]
    if versions:
        parts.append(f"{versions} published version{'' if versions == 1 else 's'}")
    if aliases:
        parts.append(f"the alias{'' if len(aliases) == 1 else 'es'} {', '.join(aliases)}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def agreed(session: Session, loss: str) -> bool:
    """Ask on a terminal. Raises Refusal, which says what would be lost, where nobody can be asked."""
    if not (session.stdin.isatty() and session.out.attended):
        raise Refusal(f"This would delete {loss}", hint="`--yes` does it without asking")
    session.out.stderr.write(f"Delete {loss}? [y/N] ")
    session.out.stderr.flush()
    return session.stdin.readline().strip().lower() in {"y", "yes"}
