"""The command tree. A command's module is imported when the command is used, not before."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_group

from lamb import __version__
from lamb.cli.faults import UsageFault, report
from lamb.cli.help import write_help
from lamb.cli.output import nearest
from lamb.cli.session import Session

# Section of `lamb --help` → command → the module of lamb.cli that holds it.
SECTIONS = {
    "Functions": {
        "create": "create",
        "update": "create",
        "configure": "function",
        "show": "function",
        "list": "function",
        "delete": "function",
    },
    "Versions": {"publish": "version", "versions": "version", "alias": "alias", "rollback": "rollback"},
    "Invocations": {"invoke": "invoke", "logs": "logs", "stats": "stats", "concurrency": "concurrency"},
    "Events": {"events": "events", "async": "asynchronous", "wait": "wait", "clock": "clock"},
    "Access": {"role": "role", "permission": "permission", "url": "url", "keys": "keys"},
    "Queues and topics": {"queue": "queue", "topic": "topic", "mapping": "mapping"},
    "Secrets": {"env": "env", "key": "key"},
    "Packages and host": {"package": "package", "layer": "layer", "runtimes": "host", "doctor": "host"},
    "lamb itself": {
        "serve": "serve",
        "daemon": "daemon",
        "config": "config",
        "completion": "completions",
        "help": "topics",
    },
}
MODULES = {name: module for section in SECTIONS.values() for name, module in section.items()}


class Command(TyperCommand):
    """A command whose help starts with its examples."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write_help(self, ctx, formatter)


class Group(TyperGroup):
    """A noun with verbs of its own."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        write_help(self, ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        alone = self.invoke_without_command
        return super().parse_args(ctx, args if alone else args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise UsageFault(
                f"`{ctx.command_path}` has no command `{args[0]}`",
                hint=nearest(args[0], self.list_commands(ctx), f"`{ctx.command_path} --help` lists them"),
            )
        return super().resolve_command(ctx, args)


class Root(Group):
    """`lamb`: knows every command's module, and loads the one that is used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- the signature is Typer's
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- as above
        if cmd_name not in self.commands and cmd_name in MODULES:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for section, names in SECTIONS.items():
            rows = [(name, self.get_command(ctx, name).get_short_help_str(100)) for name in names]
            with formatter.section(section):
                formatter.write_dl(rows, col_spacing=3)


HELP = """AWS Lambda on your own machine, behind real walls

lamb create hello --file hello.py
lamb invoke hello -e '{"name": "you"}'
lamb publish hello && lamb alias create hello prod --version 1
lamb logs hello -f
"""


def root() -> Root:
    """The whole tree, with nothing loaded yet."""
    return Root(name="lamb", params=[*_shared_options(), _version_option()], help=HELP)


def _load(name: str) -> TyperCommand | TyperGroup:
    app: typer.Typer = import_module(f"lamb.cli.{MODULES[name]}").app
    for info in app.registered_commands:
        info.cls = Command
    if app.info.name == name:
        app.info.cls = Group
        group = get_group(app)
        for command in group.commands.values():
            command.params.extend(_shared_options())
        group.params.extend(_shared_options())
        return group
    info = next(info for info in app.registered_commands if info.name == name)
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    command.params.extend(_shared_options())
    return command  # type: ignore[return-value]  # our own class, set above


def _shared_options() -> list[Any]:
    """What every command understands, wherever it stands on the line."""

    def flag(name: str) -> Callable[[Any, Any, Any], None]:
        def remember(ctx: Any, _: Any, value: Any) -> None:
            if value:
                setattr(ctx.find_object(Session), name, True)

        return remember

    def setting(ctx: Any, param: Any, value: Any) -> None:
        if value is not None:
            ctx.find_object(Session).flags[param.name] = value
        if param.name == "color" and value in {"always", "never"}:
            ctx.color = value == "always"  # Typer itself would take colours out of a pipe

    # Eager: `--help` itself obeys --color.
    quiet: dict[str, Any] = {"expose_value": False, "show_default": False, "is_eager": True}
    return [
        TyperOption(
            param_decls=["as_json", "--json"],
            is_flag=True,
            callback=flag("as_json"),
            help="Print JSON, with AWS's own keys",
            **quiet,
        ),
        TyperOption(
            param_decls=["verbose", "-v", "--verbose"],
            is_flag=True,
            callback=flag("verbose"),
            help="Receipts also where stderr is no terminal",
            **quiet,
        ),
        TyperOption(
            param_decls=["color", "--color"],
            callback=setting,
            metavar="WHEN",
            help="auto, always or never",
            **quiet,
        ),
        TyperOption(
            param_decls=["home", "--home"],
            callback=setting,
            metavar="DIR",
            help="Keep everything here instead of LAMB_HOME",
            **quiet,
        ),
    ]


def _version_option() -> TyperOption:
    def show(ctx: Any, _: Any, value: Any) -> None:
        if value:
            sys.stdout.write(f"lamb {__version__}\n")
            ctx.exit()

    return TyperOption(
        param_decls=["version", "--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the version of lamb",
    )


def run(arguments: list[str], session: Session | None = None) -> int:
    """Carry out one command line and return its exit code."""
    session = Session() if session is None else session
    _make_tolerant(sys.stdout, sys.stderr)
    # Typer's own `main` would answer a closed pipe with exit code 1, and errors in its own words.
    try:
        with root().make_context("lamb", arguments, obj=session, max_content_width=110) as context:
            context.command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as leave:
        return leave.exit_code
    except BrokenPipeError:
        # The reader has seen enough (`lamb list | head -1`): that is no failure, and nothing to say.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
    except Exception as error:  # noqa: BLE001 -- the last resort is a report to send, not a traceback
        return report(error, session)
    finally:
        session.close()
    return session.exit_code


def _make_tolerant(*streams: TextIO) -> None:
    """Each line goes out at once, also into a pipe; and no character is a reason to fail."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
