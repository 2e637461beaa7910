"""`lamb key …`: the key that seals environment variables."""

from __future__ import annotations

import typer

from lamb.cli.session import Session

app = typer.Typer(
    name="key",
    help="""The key that encrypts environment variables

    lamb key show
    lamb key rotate
    """,
)


@app.command("show")
def show(ctx: typer.Context) -> None:
    """Show which key is in use; never the key itself

    lamb key show
    lamb key show --json
    """
    _print(ctx.obj, ctx.obj.client.key_show())


@app.command("rotate")
def rotate(ctx: typer.Context) -> None:
    """Make a new key and seal everything with it, in one step

    lamb key rotate

    Safe to interrupt at any point: either all is sealed with the new key or all with the old one.
    """
    session: Session = ctx.obj
    document = session.client.key_rotate()
    _print(session, document)
    session.out.receipt("everything is sealed with the new key")


def _print(session: Session, document: dict[str, object]) -> None:
    if session.as_json:
        session.out.json(document)
    else:
        session.out.pairs(document.items())
