"""`--help`: what a command does, examples, then its arguments and options."""

from __future__ import annotations

import inspect
import re
from typing import Any

from lamb.cli.output import Output


def parts(docstring: str) -> tuple[str, list[str], list[str]]:
    """(first line, examples: the lines that start with `lamb `, every other line)."""
    about, *rest = inspect.cleandoc(docstring).splitlines() or [""]
    examples = [line.strip() for line in rest if line.strip().startswith("lamb ")]
    return about, examples, [line.strip() for line in rest if line.strip() and line.strip() not in examples]


def write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Fill Typer's formatter; the docstring of a command is its help."""
    about, examples, more = parts(command.help or "")
    formatter.write(f"{about}\n")
    if examples:
        formatter.write("\nExamples:\n")
        column = max(len(example.partition("  #")[0]) for example in examples)
        for example in examples:
            line, mark, remark = example.partition("  #")
            formatter.write(f"  {line:<{column}}  #{remark}\n" if mark else f"  {line}\n")
    formatter.write_paragraph()
    command.format_usage(ctx, formatter)
    if more:
        formatter.write_paragraph()
        formatter.write("".join(f"{line}\n" for line in more))
    command.format_options(ctx, formatter)
    formatter.buffer[:] = [_polished("".join(formatter.buffer), ctx.find_root().obj.plain_out)]


def _polished(text: str, out: Output) -> str:
    """Typer's braces and remarks say what the usage line says already."""
    text = re.sub(r"\{([A-Z][A-Z.=]*)\}", r"\1", text).replace(
        "Show this message and exit.", "Show this help"
    )
    text = re.sub(r"  \[required\]$", "", text, flags=re.MULTILINE)

    def bold(heading: re.Match[str]) -> str:
        return out.style(heading[0], "bold", stream=out.stdout)

    return re.sub(r"^(?:[A-Za-z][\w ]*:$|Usage:)", bold, text, flags=re.MULTILINE)
