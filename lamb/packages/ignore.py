"""What `build` leaves out: a short list of its own, and the patterns of a `.lambignore`.

The patterns are those of `.gitignore`: `#` comments, `!` takes back, a trailing `/` means directories only, a
`/` elsewhere ties the pattern to the root, `*`, `?`, `[a-z]` and `**`. The last match decides. As in git,
nothing can be taken back below a directory that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

IGNORE_FILE = ".lambignore"

DEFAULTS = (
    # version control
    ".git", ".hg", ".svn",
    # what Python writes beside the sources; the function could not use it, `/var/task` is read-only
    "__pycache__/", "*.py[co]", ".venv/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/",
    ".DS_Store",
    # lamb's own
    "/.lambignore", "/lamb.toml",
)  # fmt: skip


class BadPattern(ValueError):
    """A line of the ignore file cannot be understood; the message is the line."""


class Ignore:
    """Decides by relative path. Later patterns win over earlier ones."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """`lines`: of a `.lambignore`, applied after DEFAULTS. Raises BadPattern."""
        parsed = (_parse(line) for line in (*DEFAULTS, *lines))
        self._patterns = [pattern for pattern in parsed if pattern is not None]

    def leaves_out(self, path: str, *, is_directory: bool) -> bool:
        for regex, left_out, directories_only in reversed(self._patterns):
            if (is_directory or not directories_only) and regex.fullmatch(path):
                return left_out
        return False


def _parse(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    """The pattern, whether it leaves out (or takes back), whether it means directories only."""
    text = line.rstrip("\r\n").rstrip(" ")
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text.removeprefix("!")
    directories_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    text = text.removeprefix("/")
    if not text:
        return None
    try:
        regex = re.compile(("" if anchored else "(?:.*/)?") + _translate(text), re.DOTALL)
    except re.error:
        raise BadPattern(line.strip()) from None
    return regex, not takes_back, directories_only


_TOKEN = re.compile(
    r"(?P<up>\*\*/)|(?P<all>\*\*)|(?P<any>\*)|(?P<one>\?)|(?P<set>\[[!^]?\]?[^\]/]*\])|\\?(?P<char>.)",
    re.DOTALL,
)


def _translate(pattern: str) -> str:
    parts = []
    for token in _TOKEN.finditer(pattern):
        if token["up"]:
            parts.append("(?:.*/)?")
        elif token["all"]:
            parts.append(".*")
        elif token["any"]:
            parts.append("[^/]*")
        elif token["one"]:
            parts.append("[^/]")
        elif token["set"]:
            body = re.sub(r"([\\[\]])", r"\\\1", token["set"][1:-1])
            parts.append("[" + ("^" + body[1:] if body[0] in "!^" else body) + "]")
        else:
            parts.append(re.escape(token["char"]))
    return "".join(parts)
