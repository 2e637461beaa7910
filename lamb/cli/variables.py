"""Environment variables as a command line and a `.env` file spell them. None is ever dropped silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lamb.cli.faults import UsageFault
from lamb.model import settings

Lookup = Callable[[str], "str | None"]

_LINE = re.compile(
    r"""
    [ \t]* (?:export[ \t]+)? (?P<key>[^\s=\#]+) [ \t]*
    (?: = [ \t]* (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>[^\n]*?) ) )?
    [ \t]* (?:(?:^|(?<=\s))\#[^\n]*)? (?:\r?\n|\Z)
    """,
    re.VERBOSE,
)
_BLANK = re.compile(r"[ \t]*(?:\#[^\n]*)?(?:\r?\n|\Z)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def collect(
    pairs: Sequence[str] | None, files: Iterable[Path] | None, lookup: Lookup = settings.variable
) -> dict[str, str] | None:
    """What `-E` and `--env-file` give together; `-E` wins. None when neither was given.

    Raises UsageFault, which names the place but never a value.
    """
    if not pairs and not files:
        return None
    variables: dict[str, str] = {}
    for path in files or ():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UsageFault(f"`{path}` cannot be read: {reason}") from None
        variables.update(parse_file(text, str(path), lookup))
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        variables[key] = value if equals else _passed_on(key, "-E", lookup)
    return variables


def parse_file(text: str, name: str, lookup: Lookup = settings.variable) -> dict[str, str]:
    """`KEY=VALUE` lines: `export`, `#` comments, quotes (over several lines, too), KEY alone passes on."""
    variables: dict[str, str] = {}
    at = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank is not None and blank.end() > at:
            at = blank.end()
            continue
        line = _LINE.match(text, at)
        if line is None or line.end() == at:
            number = text.count("\n", 0, at) + 1
            raise UsageFault(
                f"`{name}`, line {number}, is not KEY=VALUE", hint="quote a value with blanks or quotes"
            )
        variables[line["key"]] = _value(line, name, lookup)
        at = line.end()
    return variables


def _value(line: re.Match[str], name: str, lookup: Lookup) -> str:
    if line["double"] is not None:
        return re.sub(
            r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), line["double"], flags=re.DOTALL
        )
    if line["single"] is not None:
        return line["single"]
    if line["bare"] is not None:
        return line["bare"]
    return _passed_on(line["key"], name, lookup)


def _passed_on(key: str, origin: str, lookup: Lookup) -> str:
    value = lookup(key)
    if value is None:
        raise UsageFault(
            f"`{key}` is to be passed on by {origin}, but it is not set",
            hint=f"`export {key}=…`, or `-E {key}=…`",
        )
    return value


def pairs_of(texts: Sequence[str] | None, flag: str) -> dict[str, str]:
    """`K=V` flags such as tags."""
    pairs = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageFault(f"`{flag} {text}` is not KEY=VALUE")
        pairs[key] = value
    return pairs
