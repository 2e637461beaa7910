"""`lamb create` and `lamb update`: code goes in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lamb.cli import options
from lamb.cli.destination import target_arn
from lamb.cli.faults import Refusal, UsageFault, WaitExpired
from lamb.cli.layer_names import arns
from lamb.cli.output import size
from lamb.cli.role_names import role_arn
from lamb.cli.session import Session
from lamb.cli.source import Source, checked, guess_handler, sensible_runtime
from lamb.cli.variables import collect, pairs_of
from lamb.model.errors import ResourceConflict

if TYPE_CHECKING:
    from lamb.client.client import Document

app = typer.Typer()


class Manner(NamedTuple):
    """How a change is carried out."""

    dry_run: bool = False
    wait: bool = True
    if_not_exists: bool = False
    fix_permissions: bool = False


def configuration(**given: Any) -> dict[str, Any]:
    """AWS's members for the flags of `create` and `configure`; what was not given is left out."""
    members = {
        "Runtime": given.get("runtime"),
        "Handler": given.get("handler"),
        "Role": given.get("role"),
        "Description": given.get("description"),
        "Publish": given.get("publish"),
        "MemorySize": given.get("memory"),
        "Timeout": given.get("timeout"),
        "EphemeralStorage": None if given.get("tmp") is None else {"Size": given["tmp"]},
        "LoggingConfig": _logging(given.get("log_format"), given.get("log_level")),
        "Layers": given.get("layers"),
        "Environment": None if given.get("variables") is None else {"Variables": given["variables"]},
        "Tags": given.get("tags"),
        "DeadLetterConfig": None if given.get("dead_letter") is None else {"TargetArn": given["dead_letter"]},
        "Lamb": None if given.get("network") is None else {"Network": given["network"]},
    }
    return {name: value for name, value in members.items() if value is not None}


def _logging(log_format: str | None, level: str | None) -> dict[str, str] | None:
    members = {}
    if log_format is not None:
        members["LogFormat"] = {"text": "Text", "json": "JSON"}[log_format]
    if level is not None:
        members["ApplicationLogLevel"] = level.upper()
    return members or None


@app.command("create")
def create(
    ctx: typer.Context,
    name: options.Function,
    zip_: options.Zip = None,
    dir_: options.Dir = None,
    file: options.File = None,
    s3: options.S3 = None,
    live: options.Live = None,
    runtime: options.Runtime = None,
    handler: options.Handler = None,
    memory: options.Memory = None,
    timeout: options.Timeout = None,
    tmp: options.Tmp = None,
    env: options.Variables = None,
    env_file: options.EnvFile = None,
    network: options.Network = None,
    role: options.Role = None,
    description: options.Description = None,
    layer: options.Layers = None,
    dead_letter: options.DeadLetter = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE")] = None,
    log_format: options.LogFormat = None,
    log_level: options.LogLevel = None,
    publish: options.Publish = False,
    if_not_exists: options.IfNotExists = False,
    fix_permissions: options.FixPermissions = False,
    dry_run: options.DryRun = False,
    no_wait: options.NoWait = False,
) -> None:
    """Create a function and print its ARN

    lamb create hello --file hello.py
    lamb create shop --dir build/ --handler shop.web.handler --runtime python3.12
    lamb create shop --zip shop.zip --memory 512 -E STAGE=dev -E DATABASE_URL --publish --if-not-exists
    lamb create shop --live src/ --layer tools  # edit, and the next invocation runs what was saved

    Runtime and handler are guessed where only one answer makes sense, and said on stderr.
    """
    session: Session = ctx.obj
    body = {"FunctionName": name} | configuration(
        runtime=runtime,
        handler=handler,
        memory=memory,
        timeout=timeout,
        tmp=tmp,
        network=network or _usual_network(session),
        role=role_arn(session, role or session.settings.default_role),
        description=description,
        layers=arns(session, layer),
        dead_letter=target_arn(session, dead_letter),
        log_format=log_format,
        log_level=log_level,
        publish=publish or None,
        variables=collect(env, env_file),
        tags=pairs_of(tag, "--tag") if tag else None,
    )
    manner = Manner(dry_run, not no_wait, if_not_exists, fix_permissions)
    carry_out_create(session, Source(zip_, dir_, file, s3, live), body, manner)


def _usual_network(session: Session) -> str | None:
    """The setting; None where it is the daemon's own default."""
    return None if session.settings.network == "host" else session.settings.network


def carry_out_create(session: Session, source: Source, body: dict[str, Any], manner: Manner) -> None:
    """Complete the request with code and guesses, send it, and wait until the function can run."""
    name, out = body["FunctionName"], session.out
    package = b"" if source.s3 else source.read()
    if "Handler" not in body:
        if source.s3:
            raise UsageFault("Nobody can look for the handler in S3", hint="--handler MODULE.FUNCTION")
        body["Handler"] = guess_handler(package)
        out.note(f"handler {out.style(body['Handler'], 'bold')} (found in the code)")
    if "Runtime" not in body:
        known = session.client.complete("runtimes")
        body["Runtime"] = sensible_runtime(known, sys.version_info[:2])
        out.note(f"runtime {out.style(body['Runtime'], 'bold')} (found on this host)")
    if source.uploaded:
        policy = session.settings.package_modes
        package = checked(package, body["Runtime"], policy, out, fix=manner.fix_permissions)
    if manner.dry_run:
        _show_wish(session, body, package)
        return
    try:
        code = {"ZipFile": package} if source.uploaded else source.place()
        document = session.client.create({**body, "Code": code})
    except ResourceConflict:
        if not manner.if_not_exists:
            raise
        document = session.client.get(name)["Configuration"]
        out.receipt(f"{name} exists already and stays as it is", "·")
        _print_function(session, document)
        return
    if manner.wait:
        document = settle(session, name, document["Version"])
    _print_function(session, document)
    out.receipt(f"created {describe(session, document)}")


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Function,
    zip_: options.Zip = None,
    dir_: options.Dir = None,
    file: options.File = None,
    s3: options.S3 = None,
    live: options.Live = None,
    publish: options.Publish = False,
    fix_permissions: options.FixPermissions = False,
    revision_id: options.RevisionId = None,
    dry_run: options.DryRun = False,
    no_wait: options.NoWait = False,
) -> None:
    """Replace a function's code and print its ARN

    lamb update hello --file hello.py
    lamb update shop --zip shop.zip --publish
    lamb update shop --dir build/ --dry-run
    lamb update shop --s3 s3://artifacts/shop.zip

    Published versions stay as they are.
    """
    body: dict[str, Any] = {"Publish": publish, "DryRun": dry_run}
    if revision_id is not None:
        body["RevisionId"] = revision_id
    manner = Manner(dry_run, not no_wait, fix_permissions=fix_permissions)
    carry_out_update(ctx.obj, name, Source(zip_, dir_, file, s3, live), body, manner)


def carry_out_update(
    session: Session, name: str, source: Source, body: dict[str, Any], manner: Manner
) -> None:
    """Send the code; the answer describes the new version when one is published."""
    code = code_of(session, source, fix=manner.fix_permissions)
    document = session.client.update_code(name, {**body, **code})
    if manner.wait and not manner.dry_run:
        document = settle(session, name, document["Version"])
    _print_function(session, document)
    session.out.receipt(("could update " if manner.dry_run else "updated ") + describe(session, document))


def code_of(session: Session, source: Source, *, fix: bool) -> dict[str, Any]:
    """AWS's members for the code: a checked package, or the place where the daemon finds it."""
    if not source.uploaded:
        return dict(source.place())
    return {"ZipFile": checked(source.read(), None, session.settings.package_modes, session.out, fix=fix)}


def settle(session: Session, name: str, version: str = "$LATEST") -> Document:
    """Wait for a pending change; the configuration then. Raises WaitExpired, or Refusal when it failed."""
    if not session.client.settled(name):
        raise WaitExpired(f"{name} has not settled yet", hint=f"`lamb show {name}` says how far it is")
    written = name if version == "$LATEST" else f"{name}:{version}"
    document: Document = session.client.get(written)["Configuration"]
    for status, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
        if document.get(status) == "Failed":
            raise Refusal(f"{name} could not be made ready: {document.get(reason, 'no reason is known')}")
    return document


def _show_wish(session: Session, body: dict[str, Any], package: bytes) -> None:
    shown = redacted(body)
    if session.as_json:
        session.out.json({**shown, "CodeSize": len(package)})
    session.out.receipt(f"could create {describe(session, {**shown, 'CodeSize': len(package)})}")


def _print_function(session: Session, document: Mapping[str, Any]) -> None:
    if session.as_json:
        session.out.json(redacted(document))
    else:
        session.out.line(document["FunctionArn"])


def redacted(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which no environment variable shows its value."""
    environment = document.get("Environment")
    if not environment or "Variables" not in environment:
        return dict(document)
    hidden = dict.fromkeys(environment["Variables"], "***")
    return {**document, "Environment": {**environment, "Variables": hidden}}


def describe(session: Session, document: Mapping[str, Any]) -> str:
    """`hello:3 · python3.12 · hello.handler · 128 MB · 3 s · 412 B`."""
    name = document["FunctionName"]
    if document.get("Version", "$LATEST") != "$LATEST":
        name += f":{document['Version']}"
    parts = [session.out.style(name, "bold"), document.get("Runtime", ""), document.get("Handler", "")]
    if "MemorySize" in document:
        parts.append(f"{document['MemorySize']} MB")
    if "Timeout" in document:
        parts.append(f"{document['Timeout']} s")
    parts.append(size(document.get("CodeSize", 0)))
    return session.out.style(" · ", "dim").join(part for part in parts if part)
