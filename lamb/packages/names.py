"""The names of entries, and what they do to a file system."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamb.packages.entries import Entry
from lamb.packages.finding import Finding, error, note, warning

# NAME_MAX of Linux file systems, and PATH_MAX with its NUL and `/var/task/` taken off.
COMPONENT_MAX_BYTES = 255
PATH_MAX_BYTES = 4096 - 1 - len("/var/task/")
# lamb's own bound: deeper trees cannot be removed with the standard library's recursion.
DEPTH_MAX = 128

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_REBUILD = "build the archive anew, for instance with `lamb package build`"


def check(entry: Entry) -> Iterator[Finding]:
    """Everything to say about one name."""
    name = entry.name
    if entry.decoded == "broken":
        yield error("name-broken", name, "is marked as UTF-8 but is not UTF-8", _REBUILD)
    if _ABSOLUTE.match(name):
        yield error("name-absolute", name, "has an absolute name", "store it under a relative name")
    if ".." in re.split(r"[/\\]", name):
        yield error("name-traversal", name, "leaves the package through `..`", "store it under its real name")
    if "\0" in name:
        yield error("name-nul", name, "has a NUL in its name", _REBUILD)
    if not entry.path and entry.kind != "directory":
        yield error("name-empty", name, "has no name", _REBUILD)
    parts = entry.path.encode("utf-8").split(b"/")
    if max(map(len, parts)) > COMPONENT_MAX_BYTES:
        yield error(
            "name-too-long", name, f"has a component of more than {COMPONENT_MAX_BYTES} bytes", "shorten it"
        )
    elif sum(map(len, parts)) + len(parts) - 1 > PATH_MAX_BYTES or len(parts) > DEPTH_MAX:
        text = f"has a path of more than {PATH_MAX_BYTES} bytes or {DEPTH_MAX} levels"
        yield error("name-too-long", name, text, "shorten it")
    yield from _portability(entry)


def _portability(entry: Entry) -> Iterator[Finding]:
    name = entry.name
    if "\\" in name:
        text = "has a backslash in its name, which Linux does not take for a separator"
        yield error(
            "name-backslash", name, text, "use `/`, or let lamb repair it (`lamb package check --fix`)"
        )
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in name.replace("\0", "")):
        yield error("name-control", name, "has control characters in its name", "rename it")
    if entry.path != name.removesuffix("/") and not name.startswith("/"):
        yield warning(
            "name-unnormalised",
            name,
            "has empty or `.` components in its name",
            "store it as shown",
            entry.path,
        )
    if entry.decoded == "cp437":
        yield warning(
            "name-code-page", name, "has a name in an old code page, read as CP437", _REBUILD, "UTF-8"
        )
    elif entry.decoded == "utf-8 unmarked":
        yield note(
            "name-unmarked", name, "has a UTF-8 name that is not marked as such; other tools may misread it"
        )
