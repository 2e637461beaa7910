"""`lamb env`: a shell's variables for AWS tools; `lamb env …`: those of functions, hidden unless asked."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lamb.cli import exports, options
from lamb.cli.create import settle
from lamb.cli.faults import Refusal, UsageFault
from lamb.cli.session import Session
from lamb.cli.variables import collect

app = typer.Typer(
    name="env",
    invoke_without_command=True,
    help="""Environment variables of a function, encrypted at rest; alone: what AWS tools need to talk to lamb

    lamb env  # in a shell: eval "$(lamb env)"; then boto3, the AWS CLI and Terraform talk to lamb
    lamb env set shop STAGE=prod -E API_TOKEN --env-file .env
    lamb env list shop
    lamb env unset shop STAGE
    """,
)


@app.callback()
def env(
    ctx: typer.Context,
    shell: Annotated[
        Literal["bash", "zsh", "fish"] | None,
        typer.Option("--shell", help="Whose words to print; yours by default"),
    ] = None,
) -> None:
    if ctx.invoked_subcommand is not None:
        return
    session: Session = ctx.obj
    given = exports.variables(session)
    if session.as_json:
        session.out.json(given)
        return
    for line in exports.lines(given, shell or exports.own_shell()):
        session.out.line(line)
    if session.out.terminal:
        session.out.hint('`eval "$(lamb env)"` sets these in this shell')


@app.command("list")
def list_(
    ctx: typer.Context,
    function: options.Reference,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show values, too")] = False,
) -> None:
    """List a function's variables by name

    lamb env list shop
    lamb env list shop:3 --reveal
    lamb env list shop --json --reveal | jq -r .Variables.STAGE
    """
    session: Session = ctx.obj
    variables = session.client.environment(function)
    if session.as_json:
        shown = variables if reveal else dict.fromkeys(variables, "***")
        session.out.json({"Variables": dict(sorted(shown.items()))})
    elif reveal:
        session.out.pairs(sorted(variables.items()))
    else:
        for name in sorted(variables):
            session.out.line(name)


@app.command("set")
def set_(
    ctx: typer.Context,
    name: options.Function,
    pairs: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE...", show_default=False)] = None,
    env: options.Variables = None,
    env_file: options.EnvFile = None,
    no_wait: options.NoWait = False,
) -> None:
    """Set variables; the others stay

    lamb env set shop STAGE=prod LEVEL=debug
    lamb env set shop -E API_TOKEN  # passes yours on, out of the shell's history
    lamb env set shop --env-file .env

    Published versions keep what they were published with.
    """
    for pair in pairs or ():
        if "=" not in pair:
            raise UsageFault(f"`{pair}` is not KEY=VALUE", hint=f"`-E {pair}` passes your own {pair} on")
    given = collect([*(pairs or ()), *(env or ())], env_file)
    if not given:
        raise UsageFault("No variables were given", hint="`lamb env set --help` shows how")
    change(ctx.obj, name, given, (), wait=not no_wait)


@app.command("unset")
def unset(
    ctx: typer.Context,
    name: options.Function,
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", show_default=False)],
    ignore_not_found: options.IgnoreNotFound = False,
    no_wait: options.NoWait = False,
) -> None:
    """Remove variables; the others stay

    lamb env unset shop STAGE
    lamb env unset shop STAGE LEVEL --ignore-not-found
    """
    session: Session = ctx.obj
    known = session.client.environment(name)
    missing = [key for key in keys if key not in known]
    if missing and not ignore_not_found:
        raise Refusal(
            f"{name} has no variable {', '.join(missing)}", hint=f"`lamb env list {name}` shows the names"
        )
    change(session, name, {}, tuple(keys), wait=not no_wait)


def change(
    session: Session, name: str, given: dict[str, str], removed: tuple[str, ...], *, wait: bool
) -> None:
    """AWS replaces all variables at once: read, change, and write only if nobody wrote in between."""
    revision = session.client.get(name)["Configuration"]["RevisionId"]
    before = session.client.environment(name)
    after = {key: value for key, value in {**before, **given}.items() if key not in removed}
    if after != before:
        session.client.configure(name, {"Environment": {"Variables": after}, "RevisionId": revision})
        if wait:
            settle(session, name)
    if session.as_json:
        session.out.json({"Variables": dict.fromkeys(sorted(after), "***")})
    count = len(after)
    session.out.receipt(f"{name} has {count} variable{'' if count == 1 else 's'}")
