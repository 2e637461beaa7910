"""The Unix modes of entries: what the function will be allowed to do with its own files.

AWS runs a function as an unprivileged user while its files belong to root, so the bits of "others" count. The
rule: files 0644, directories and executables 0755. AWS repairs directories by itself, files it leaves as they
are.
"""

from __future__ import annotations

from collections.abc import Iterator

from lamb.packages.entries import Entry
from lamb.packages.finding import Finding, Severity, shown

FILE_MODE = 0o644
EXECUTABLE_MODE = DIRECTORY_MODE = 0o755

_REPAIR = "set it to {expected}, or let lamb repair the package (`lamb package check --fix`)"


def must_be_executable(entry: Entry, runtime: str | None) -> bool:
    """Whether the runtime starts this file as a program: `bootstrap` of custom runtimes."""
    return entry.path == "bootstrap" and (runtime or "").startswith("provided")


def expected_mode(entry: Entry, runtime: str | None = None) -> int:
    """The mode an entry should have. A recorded x bit, whoever's, says that a file is a program."""
    if entry.kind == "directory":
        return DIRECTORY_MODE
    program = (entry.mode or 0) & 0o111 or must_be_executable(entry, runtime)
    return EXECUTABLE_MODE if program else FILE_MODE


def effective_mode(entry: Entry) -> int:
    """The mode an entry is unpacked with: where none is recorded, AWS applies readable defaults."""
    if entry.mode is not None:
        return entry.mode
    return DIRECTORY_MODE if entry.kind == "directory" else FILE_MODE


def check(entry: Entry, runtime: str | None) -> Iterator[Finding]:
    """The gravest thing to say about the mode of a file or directory, if there is one."""
    verdict = _verdict(entry, runtime) if entry.kind in {"file", "directory"} else None
    if verdict is None:
        return
    severity, code, message = verdict
    expected = f"{expected_mode(entry, runtime):04o}"
    fix = "" if severity == "note" else _REPAIR.format(expected=expected)
    yield Finding(severity, code, shown(entry.name), entry.mode, expected, fix, message)


def _verdict(entry: Entry, runtime: str | None) -> tuple[Severity, str, str] | None:
    mode = entry.mode
    if must_be_executable(entry, runtime) and not effective_mode(entry) & 0o001:
        return "error", "mode-not-executable", "cannot be executed by the function's user"
    if mode is None:
        return "note", "mode-unrecorded", "carries no Unix mode; it will be readable, and not executable"
    if entry.kind == "directory":
        return _directory_verdict(mode)
    table: tuple[tuple[bool, Severity, str, str], ...] = (
        (not mode & 0o004, "error", "mode-unreadable", "cannot be read by the function's user"),
        (
            mode & 0o7000 != 0,
            "warning",
            "mode-special",
            "has the setuid, setgid or sticky bit, which is ignored",
        ),
        (mode & 0o002 != 0, "warning", "mode-world-writable", "can be written by everybody"),
        (not mode & 0o040, "warning", "mode-group-unreadable", "cannot be read by its group"),
        (
            mode & 0o111 != 0 and not mode & 0o001,
            "warning",
            "mode-not-executable",
            "is a program for its owner only; the function cannot execute it",
        ),
        (mode not in {FILE_MODE, EXECUTABLE_MODE}, "note", "mode-unusual", "has an unusual mode"),
    )
    return next((tuple_[1:] for tuple_ in table if tuple_[0]), None)


def _directory_verdict(mode: int) -> tuple[Severity, str, str] | None:
    if mode & 0o005 != 0o005:
        return (
            "warning",
            "mode-directory",
            "cannot be searched by the function's user; AWS and lamb force it to 0755",
        )
    if mode != DIRECTORY_MODE:
        return "note", "mode-unusual", "has an unusual mode"
    return None
