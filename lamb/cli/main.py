"""The `lamb` command."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave at once: taking the interpreter apart costs a fifth of a command."""
    # A command is short, and looking for cycles while its modules load costs a tenth of it.
    gc.set_threshold(100_000)
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 0
    os._exit(code)


def run(arguments: list[str]) -> int:
    """The exit code. What shells ask on every key press, and scripts ask first, costs no Typer."""
    if arguments == ["--version"]:
        from lamb import __version__  # noqa: PLC0415

        sys.stdout.write(f"lamb {__version__}\n")
        return 0
    if arguments[:1] == ["_complete"]:
        from lamb.cli.names import complete  # noqa: PLC0415

        return complete(arguments[1:])
    from lamb.cli import app  # noqa: PLC0415

    return app.run(arguments)


if __name__ == "__main__":
    main()
