"""`lamb alias …` and `lamb rollback`: names for versions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.faults import UsageFault
from lamb.cli.function import agreed
from lamb.cli.session import Session
from lamb.cli.version import routes
from lamb.model.errors import ResourceNotFound

app = typer.Typer(
    name="alias",
    help="""Names for versions, with weights

    lamb alias create hello prod --version 3
    lamb alias update hello prod --weight 4=0.1
    lamb alias list hello
    """,
)

Version = Annotated[str | None, typer.Option("--version", metavar="VERSION", help="A number, or $LATEST")]
Weight = Annotated[
    str | None,
    typer.Option(
        "--weight", metavar="VERSION=SHARE", help="Send this share (0.0 to 1.0) to a second version"
    ),
]


@app.command("create")
def create(
    ctx: typer.Context,
    name: options.Function,
    alias: options.AliasName,
    version: Annotated[str, typer.Option("--version", metavar="VERSION", help="A number, or $LATEST")],
    weight: Weight = None,
    description: options.Description = None,
) -> None:
    """Name a version and print the alias's ARN

    lamb alias create hello prod --version 3
    lamb alias create hello prod --version 3 --weight 4=0.1  # a tenth of the calls go to 4
    """
    body = _body(version, weight, description)
    _print(ctx.obj, ctx.obj.client.alias_create(name, {**body, "Name": alias}))


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Function,
    alias: options.AliasName,
    version: Version = None,
    weight: Weight = None,
    no_weight: Annotated[
        bool, typer.Option("--no-weight", help="Send everything to one version again")
    ] = False,
    description: options.Description = None,
    revision_id: options.RevisionId = None,
) -> None:
    """Point an alias elsewhere, or change its weights

    lamb alias update hello prod --weight 4=0.1
    lamb alias update hello prod --version 4 --no-weight
    """
    body = _body(version, weight, description)
    if no_weight:
        if weight is not None:
            raise UsageFault("--weight and --no-weight contradict each other")
        body["RoutingConfig"] = {"AdditionalVersionWeights": {}}
    if revision_id is not None:
        body["RevisionId"] = revision_id
    _print(ctx.obj, ctx.obj.client.alias_update(name, alias, body))


@app.command("get")
def get(ctx: typer.Context, name: options.Function, alias: options.AliasName) -> None:
    """Show an alias

    lamb alias get hello prod
    lamb alias get hello prod --json | jq -r .FunctionVersion
    """
    session: Session = ctx.obj
    document = session.client.alias_get(name, alias)
    if session.as_json:
        session.out.json(document)
        return
    rows = [
        ("name", document["Name"]),
        ("arn", document["AliasArn"]),
        ("routes", routes(document)),
        ("description", document["Description"]),
        ("revision", document["RevisionId"]),
    ]
    session.out.pairs(rows)


@app.command("list")
def list_(ctx: typer.Context, name: options.Function, quiet: options.Quiet = False) -> None:
    """List a function's aliases

    lamb alias list hello
    lamb alias list hello -q
    """
    session: Session = ctx.obj
    aliases = list(session.client.alias_list(name))
    if session.as_json:
        session.out.json({"Aliases": aliases})
    elif quiet:
        for alias in aliases:
            session.out.line(alias["Name"])
    else:
        session.out.table(
            ("alias", "routes", "description"),
            [(alias["Name"], routes(alias), alias["Description"]) for alias in aliases],
        )


@app.command("delete")
def delete(
    ctx: typer.Context,
    name: options.Function,
    alias: options.AliasName,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """Delete an alias; the versions behind it stay

    lamb alias delete hello prod
    lamb alias delete hello prod --yes --ignore-not-found
    """
    session: Session = ctx.obj
    try:
        # AWS deletes what is not there without a word; a person should know.
        document = session.client.alias_get(name, alias)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{name}:{alias} does not exist", "·")
        return
    if not (yes or agreed(session, f"the alias {alias} of {name} ({routes(document)})")):
        raise typer.Abort
    session.client.alias_delete(name, alias)
    if session.as_json:
        session.out.json({"Deleted": document["AliasArn"]})
    session.out.receipt(f"deleted the alias {alias} of {name}")


def _body(version: str | None, weight: str | None, description: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"FunctionVersion": version, "Description": description}
    body = {member: value for member, value in body.items() if value is not None}
    if weight is not None:
        second, _, share = weight.partition("=")
        try:
            body["RoutingConfig"] = {"AdditionalVersionWeights": {second: float(share)}}
        except ValueError:
            raise UsageFault(f"`--weight {weight}` is no weight", hint="e.g. `--weight 4=0.1`") from None
    return body


def _print(session: Session, document: dict[str, Any]) -> None:
    if session.as_json:
        session.out.json(document)
    else:
        session.out.line(document["AliasArn"])
    session.out.receipt(f"{document['Name']} → {routes(document)}")
