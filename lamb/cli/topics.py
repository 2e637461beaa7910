"""`lamb help …`: help by command, and topics that belong to none."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli.exit_codes import MEANINGS
from lamb.cli.faults import UsageFault
from lamb.cli.output import nearest
from lamb.cli.session import Session

app = typer.Typer()


@app.command("help")
def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND...|exit-codes]", show_default=False)
    ] = None,
) -> None:
    """Explain a command, or the exit codes

    lamb help exit-codes
    lamb help invoke
    lamb help alias create
    """
    session: Session = ctx.obj
    if words == ["exit-codes"]:
        if session.as_json:
            session.out.json({str(code): meaning for code, meaning in MEANINGS.items()})
        else:
            session.out.table(("code", "meaning"), MEANINGS.items())
        return
    text = _help_of(ctx.find_root(), words or [])
    if session.as_json:
        session.out.json({"Help": text})
    else:
        session.out.line(text)


def _help_of(context: Any, words: list[str]) -> str:
    """Walks down the tree as the words say."""
    for word in words:
        names = context.command.list_commands(context) if hasattr(context.command, "list_commands") else []
        if word not in names:
            raise UsageFault(
                f"There is no help on `{' '.join(words)}`", hint=nearest(word, [*names, "exit-codes"])
            )
        command = context.command.get_command(context, word)
        context = type(context)(command, info_name=word, parent=context)
    return str(context.get_help())
