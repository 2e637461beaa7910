"""`lamb permission …`: who besides you may invoke a function, version or alias."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.grants import statement_id
from lamb.cli.session import Session
from lamb.model.errors import ResourceConflict, ResourceNotFound

app = typer.Typer(
    name="permission",
    help="""The resource policy of a function: which services and accounts may invoke it

    lamb permission add hello --principal s3.amazonaws.com --source-arn arn:aws:s3:::pictures
    lamb permission list hello
    lamb permission remove hello s3-5f0c
    """,
)


@app.command("add")
def add(
    ctx: typer.Context,
    function: options.Reference,
    principal: Annotated[
        str,
        typer.Option("--principal", metavar="WHO", help="`sns.amazonaws.com`, an account, an ARN or *"),
    ],
    source_arn: Annotated[
        str | None, typer.Option("--source-arn", metavar="ARN", help="Only for this bucket, topic, rule, …")
    ] = None,
    source_account: Annotated[
        str | None, typer.Option("--source-account", metavar="ACCOUNT", help="Only for what this account has")
    ] = None,
    action: Annotated[
        str, typer.Option("--action", metavar="ACTION", help="What may be done")
    ] = "lambda:InvokeFunction",
    sid: Annotated[
        str | None, typer.Option("--statement-id", metavar="ID", help="A name for it; else one is made up")
    ] = None,
    if_not_exists: options.IfNotExists = False,
) -> None:
    """Let somebody invoke a function, and print the statement's id

    lamb permission add hello --principal s3.amazonaws.com --source-arn arn:aws:s3:::pictures
    lamb permission add hello:prod --principal events.amazonaws.com --statement-id nightly
    lamb permission add hello --principal 111122223333 --if-not-exists
    """
    session: Session = ctx.obj
    name = sid or _name(principal, action, source_arn, source_account)
    given = {"SourceArn": source_arn, "SourceAccount": source_account}
    body = {"StatementId": name, "Action": action, "Principal": principal}
    body.update((member, value) for member, value in given.items() if value is not None)
    try:
        statement = session.client.permissions.add(function, body)
    except ResourceConflict as error:
        if not if_not_exists:
            error.hint = error.hint or "`--if-not-exists` leaves it as it is"
            raise
        statement = {"Sid": name}
    if session.as_json:
        session.out.json(statement)
    else:
        session.out.line(name)
    session.out.receipt(f"{principal} may invoke {function}" + (f" for {source_arn}" if source_arn else ""))


@app.command("list")
def list_(ctx: typer.Context, function: options.Reference, quiet: options.Quiet = False) -> None:
    """List who may invoke a function, version or alias

    lamb permission list hello
    lamb permission list hello:prod -q
    """
    session: Session = ctx.obj
    statements = _statements(session, function)
    if session.as_json:
        session.out.json({"Statement": statements})
    elif quiet:
        for statement in statements:
            session.out.line(statement["Sid"])
    else:
        rows = [
            (s["Sid"], _principal(s["Principal"]), s["Action"], _condition(s.get("Condition", {})))
            for s in statements
        ]
        session.out.table(("statement", "principal", "action", "only if"), rows)


@app.command("remove")
def remove(
    ctx: typer.Context,
    function: options.Reference,
    sid: Annotated[str, typer.Argument(metavar="STATEMENT", help="Its id", show_default=False)],
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """Take a permission away

    lamb permission remove hello s3-5f0c
    lamb permission remove hello:prod nightly --ignore-not-found
    """
    session: Session = ctx.obj
    try:
        session.client.permissions.remove(function, sid)
    except ResourceNotFound as error:
        if not ignore_not_found:
            error.hint = error.hint or f"`lamb permission list {function}` lists those that are there"
            raise
        session.out.receipt("there is no such permission", "·")
        return
    if session.as_json:
        session.out.json({"Removed": sid})
    session.out.receipt(f"removed {sid} from {function}")


def _statements(session: Session, function: str) -> list[dict[str, Any]]:
    try:
        return session.client.permissions.list(function)
    except ResourceNotFound:
        # AWS says the same of a function without a policy and of none at all.
        session.client.get(function)
        return []


def _name(principal: str, *rest: str | None) -> str:
    """The same for the same permission: adding it twice is a conflict and not two statements."""
    digest = hashlib.sha256("\n".join((principal, *(part or "" for part in rest))).encode()).hexdigest()
    return statement_id(principal.removesuffix(".amazonaws.com")[:60].replace("*", "all"), digest[:4])


def _principal(principal: str | Mapping[str, str]) -> str:
    return principal if isinstance(principal, str) else next(iter(principal.values()))


def _condition(condition: Mapping[str, Mapping[str, str]]) -> str:
    """`AWS:SourceArn=arn:aws:s3:::pictures`"""
    return " ".join(f"{key}={value}" for keys in condition.values() for key, value in keys.items())
