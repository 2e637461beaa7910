"""How failures reach the user: one line, a hint, an exit code; a bug leaves a report to send."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lamb import __version__
from lamb.cli import exit_codes
from lamb.cli.output import nearest
from lamb.model.errors import (
    HomeUnusable,
    InvalidRuntime,
    LambError,
    ResourceNotFound,
    SandboxRefused,
)

if TYPE_CHECKING:
    from lamb.cli.session import Session


class CommandFault(Exception):
    """The command cannot go on; raised on this side of the daemon"""

    exit_code = exit_codes.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        """`hint`: the next command to try, printed on a line of its own."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(CommandFault):
    """The command line asks for something that makes no sense"""

    exit_code = exit_codes.USAGE


class Refusal(CommandFault):
    """A precondition does not hold; what would have to change is in the message"""

    exit_code = exit_codes.CONFLICT


class WaitExpired(CommandFault):
    """Something did not happen in time"""

    exit_code = exit_codes.WAIT_EXPIRED


_HINTS: dict[type[LambError], str] = {
    SandboxRefused: "`lamb doctor` names each wall and its fix",
    InvalidRuntime: "`lamb runtimes` lists what was found, and how to add one",
    HomeUnusable: "`lamb config list --origin` says where the home comes from",
}


def report(error: Exception, session: Session) -> int:
    """Say what went wrong and return the exit code."""
    if isinstance(error, CommandFault):
        session.plain_out.error(_without_full_stop(error.message), error.hint)
        return error.exit_code
    if isinstance(error, LambError):
        return _report_expected(error, session)
    if isinstance(error, typer.TyperException):
        return _report_usage(error, session)
    if isinstance(error, (typer.Abort, EOFError)):
        return exit_codes.INTERRUPTED
    if isinstance(error, TimeoutError):
        session.plain_out.error("the daemon did not answer in time", "`lamb daemon logs` may say why")
        return exit_codes.WAIT_EXPIRED
    return _report_bug(error, session)


def _report_expected(error: LambError, session: Session) -> int:
    hint = error.hint or _HINTS.get(type(error), "")
    if not hint and isinstance(error, ResourceNotFound):
        hint = _similar_function(error, session)
    session.plain_out.error(_without_full_stop(error.message or error.code), hint)
    return exit_codes.of_error(error)


def _report_usage(error: typer.TyperException, session: Session) -> int:
    """Print what Typer found wrong with a command line."""
    message = _without_full_stop(error.format_message().strip())
    hint = ""
    # Typer's own suggestion is appended to the sentence; ours stands on the hint's line.
    possibilities = getattr(error, "possibilities", None)
    if possibilities:
        message = message.partition(" (Possible")[0].partition(" Did you mean")[0]
        hint = f"did you mean `{possibilities[0]}`?"
    context = getattr(error, "ctx", None)
    if context is not None and not hint:
        hint = f"`{context.command_path} --help` shows examples"
    session.plain_out.error(_without_full_stop(message), hint)
    return exit_codes.USAGE


def _report_bug(error: Exception, session: Session) -> int:
    """Save where it happened; nothing of what went through: payloads and variables may be secrets."""
    text = "\n".join(
        [f"lamb {__version__} · Python {sys.version.split()[0]} · {sys.platform}", *_trace(error)]
    )
    name = f"crash-{time.strftime('%Y%m%dT%H%M%S')}-{type(error).__name__}.txt"
    try:
        folder = session.settings.run
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
    except (OSError, LambError):
        path = None  # a home that cannot be written must not hide the bug
    where = f"the report is in `{path}`" if path else f"{type(error).__name__} at {_place(error)}"
    session.plain_out.error(f"this is a bug in lamb; {where}, please paste it in an issue")
    return exit_codes.FAILED


def _trace(error: BaseException) -> list[str]:
    """Types and places, from the cause to the effect, without any message or value."""
    lines = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        lines += [*_trace(cause), "which led to"]
    lines.append(type(error).__qualname__)
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}")
    return lines


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


def _without_full_stop(message: str) -> str:
    one_sentence = message.endswith(".") and ". " not in message
    return message[:-1] if one_sentence and not message.endswith("..") else message


def _similar_function(error: ResourceNotFound, session: Session) -> str:
    name = error.message.partition(":function:")[2].partition(":")[0]
    if not name:
        return ""
    try:
        known = session.client.complete("functions")
    except LambError:
        return ""
    if name in known:
        return f"`lamb versions {name}` and `lamb alias list {name}` show what there is"
    return nearest(name, known, "`lamb list` shows the functions of this home")
