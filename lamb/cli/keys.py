"""`lamb keys …`: access keys, which requests to a served port are signed with."""

from __future__ import annotations

from typing import Annotated

import typer

from lamb.cli import options
from lamb.cli.function import agreed
from lamb.cli.session import Session
from lamb.model.errors import ResourceNotFound

app = typer.Typer(
    name="keys",
    help="""Access keys for boto3, the AWS CLI and Terraform

    lamb keys create
    lamb keys list
    lamb keys delete AKIAIOSFODNN7EXAMPLE
    """,
)


@app.command("create")
def create(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Option("--account", metavar="12-DIGITS", help="Another account than the home's")
    ] = None,
    description: options.Description = None,
) -> None:
    """Create a key; its secret is shown now, and never again

    lamb keys create
    lamb keys create --account 111122223333 --description 'the other team'
    lamb keys create --json | jq -r .SecretAccessKey
    """
    session: Session = ctx.obj
    made = session.client.access.create(account, description)
    if session.as_json:
        session.out.json(made)
    else:
        session.out.pairs(made.items())
    session.out.receipt(f"created the key {made['AccessKeyId']}; its secret is not shown again")


@app.command("list")
def list_(ctx: typer.Context, quiet: options.Quiet = False) -> None:
    """List access keys, without their secrets

    lamb keys list
    lamb keys list --json
    """
    session: Session = ctx.obj
    found = session.client.access.keys()
    if session.as_json:
        session.out.json({"AccessKeys": found})
    elif quiet:
        for key in found:
            session.out.line(key["AccessKeyId"])
    else:
        rows = [(key["AccessKeyId"], key["Account"], key["CreateDate"], key["Description"]) for key in found]
        session.out.table(("key", "account", "created", "description"), rows)
        if not found and session.out.attended:
            session.out.note("no keys yet")
            session.out.hint('`eval "$(lamb env)"` makes one and sets it in this shell')


@app.command("delete")
def delete(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY-ID", help="AKIA…", show_default=False)],
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """Delete a key: nothing that is signed with it is taken any more

    lamb keys delete AKIAIOSFODNN7EXAMPLE --yes
    """
    session: Session = ctx.obj
    loss = f"the access key {key}"
    if not (yes or agreed(session, loss)):
        raise typer.Abort
    try:
        session.client.access.delete(key)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{key} does not exist", "·")
        return
    if session.as_json:
        session.out.json({"Deleted": key})
    session.out.receipt(f"deleted {loss}")
