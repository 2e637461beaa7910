"""`lamb url …`: HTTP addresses of functions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from lamb.cli import options
from lamb.cli.grants import grant, revoke
from lamb.cli.session import Session
from lamb.model.errors import ResourceConflict, ResourceNotFound

app = typer.Typer(
    name="url",
    help="""Function URLs: HTTP addresses of functions and of their aliases

    lamb url create hello
    curl "$(lamb url show hello)"
    lamb url delete hello
    """,
)

_OPEN = (
    # With the ids that AWS's console gives them.
    {
        "StatementId": "FunctionURLAllowPublicAccess",
        "Action": "lambda:InvokeFunctionUrl",
        "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    },
    {
        "StatementId": "FunctionURLAllowInvokeAction",
        "Action": "lambda:InvokeFunction",
        "Principal": "*",
        "InvokedViaFunctionUrl": True,
    },
)


@app.command("create")
def create(
    ctx: typer.Context,
    function: options.Reference,
    auth: Annotated[
        Literal["none", "iam"], typer.Option("--auth", help="Open to everybody, or signed requests only")
    ] = "none",
    origins: Annotated[
        list[str] | None,
        typer.Option("--allow-origin", metavar="ORIGIN", help="CORS: pages from here may call it; or *"),
    ] = None,
    if_not_exists: options.IfNotExists = False,
) -> None:
    """Give a function or an alias a URL, and print it

    lamb url create hello
    lamb url create hello:prod --allow-origin http://localhost:3000

    With --auth none, everybody is let in by the function's resource policy, too, as AWS's console does it.
    """
    session: Session = ctx.obj
    body: dict[str, Any] = {"AuthType": "NONE" if auth == "none" else "AWS_IAM"}
    if origins:
        body["Cors"] = {"AllowOrigins": origins, "AllowMethods": ["*"], "AllowHeaders": ["*"]}
    try:
        document = session.client.urls.create(function, body)
    except ResourceConflict as error:
        if not if_not_exists:
            error.hint = error.hint or "`--if-not-exists` leaves it as it is"
            raise
        document = session.client.urls.get(function)
    except ResourceNotFound:
        session.client.get(function)  # names what is missing
        raise
    if auth == "none":
        for statement in _OPEN:
            grant(session, function, statement)
        session.out.receipt(f"everybody may invoke {function} through it (`lamb permission list {function}`)")
    _print(session, document)


@app.command("show")
def show(ctx: typer.Context, function: options.Reference) -> None:
    """Print the URL of a function or an alias

    lamb url show hello
    lamb url show hello:prod --json
    """
    session: Session = ctx.obj
    try:
        document = session.client.urls.get(function)
    except ResourceNotFound:
        raise _missing(session, function) from None
    _print(session, document)


@app.command("delete")
def delete(
    ctx: typer.Context, function: options.Reference, ignore_not_found: options.IgnoreNotFound = False
) -> None:
    """Take a URL away; it never comes back

    lamb url delete hello
    lamb url delete hello:prod --ignore-not-found
    """
    session: Session = ctx.obj
    try:
        session.client.urls.delete(function)
    except ResourceNotFound:
        if not ignore_not_found:
            raise _missing(session, function) from None
        session.out.receipt(f"{function} has no URL", "·")
        return
    for statement in _OPEN:
        revoke(session, function, str(statement["StatementId"]))
    if session.as_json:
        session.out.json({"Deleted": function})
    session.out.receipt(f"{function} has no URL any more")


def _print(session: Session, document: dict[str, Any]) -> None:
    if session.as_json:
        session.out.json(document)
    else:
        session.out.line(document["FunctionUrl"])
    if document["FunctionUrl"].endswith(".localhost/"):
        session.out.receipt("`lamb serve` opens the port that it is served on", "·")


def _missing(session: Session, function: str) -> ResourceNotFound:
    """AWS says the same of a function without a URL and of none at all."""
    session.client.get(function)
    return ResourceNotFound(f"{function} has no URL", hint=f"`lamb url create {function}` makes one")
