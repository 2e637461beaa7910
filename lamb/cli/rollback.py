"""`lamb rollback`: the way back."""

from __future__ import annotations

import typer

from lamb.cli import options
from lamb.cli.session import Session
from lamb.cli.version import routes

app = typer.Typer()


@app.command("rollback")
def rollback(ctx: typer.Context, name: options.Function, alias: options.AliasName) -> None:
    """Point an alias back at the version before

    lamb rollback hello prod
    """
    session: Session = ctx.obj
    document = session.client.rollback(name, alias)
    if session.as_json:
        session.out.json(document)
    else:
        session.out.line(document["FunctionVersion"])
    session.out.receipt(f"{name}:{alias} is back on {routes(document)}")
