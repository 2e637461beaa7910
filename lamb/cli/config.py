"""`lamb config …`: settings, and where each value came from. Needs no daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lamb.cli.faults import UsageFault
from lamb.cli.output import nearest
from lamb.cli.session import Session
from lamb.model.settings import KEYS

app = typer.Typer(
    name="config",
    help="""Settings of lamb, and where they come from

    lamb config list --origin
    lamb config get region

    flag > LAMB_* > lamb.toml found upwards > [tool.lamb] in pyproject.toml > user config > default
    """,
)


@app.command("list")
def list_(
    ctx: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from")] = False,
) -> None:
    """List every setting with its value

    lamb config list --origin
    lamb config list --json | jq -r .home
    """
    session: Session = ctx.obj
    rows = flat(session)
    if session.as_json:
        with_origin = {key: {"Value": value, "Origin": place} for key, value, place in rows}
        session.out.json(with_origin if origin else {key: value for key, value, _ in rows})
        return
    columns = ("key", "value", "origin") if origin else ("key", "value")
    session.out.table(columns, [row[: len(columns)] for row in rows])


@app.command("get")
def get(ctx: typer.Context, key: Annotated[str, typer.Argument(metavar="KEY", show_default=False)]) -> None:
    """Print one setting's value

    lamb config get region
    """
    session: Session = ctx.obj
    values = {name: value for name, value, _ in flat(session)}
    if key not in values and key not in KEYS:
        raise UsageFault(
            f"There is no setting `{key}`", hint=nearest(key, KEYS, "`lamb config list` shows them")
        )
    value = values.get(key)
    if session.as_json:
        session.out.json({key: value})
    elif value is not None:
        session.out.line(str(value))


def flat(session: Session) -> list[tuple[str, Any, str]]:
    """(key, value, origin); tables as `runtimes.NAME`."""
    resolved = session.resolved
    rows: list[tuple[str, Any, str]] = []
    for key in KEYS:
        value = getattr(resolved.settings, key)
        if key == "runtimes":
            rows += [
                (f"{key}.{name}", path, resolved.origins[f"{key}.{name}"]) for name, path in value.items()
            ]
        else:
            rows.append((key, str(value) if isinstance(value, Path) else value, resolved.origins[key]))
    return rows
