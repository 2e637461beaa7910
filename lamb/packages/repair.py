"""A repaired copy of a package: what can be put right is, and what cannot is refused, never dropped."""

from __future__ import annotations

import stat

from lamb.model.errors import InvalidParameterValue
from lamb.packages import archive, content, entries, layout, modes
from lamb.packages import handler as handlers
from lamb.packages.entries import Entry
from lamb.packages.writer import Member, write

_TYPES = {"file": stat.S_IFREG, "directory": stat.S_IFDIR, "link": stat.S_IFLNK}
_LINK_MODE = 0o777

# Errors that disappear when the archive is written anew.
_REPAIRABLE = frozenset(
    {
        "mode-unreadable",
        "mode-not-executable",
        "name-backslash",
        "name-absolute",
        "local-size",
        "handler-not-at-root",
    }
)
# Errors that are no fault of the archive's make: the caller says or decides what to do about them.
_NOT_OURS = frozenset({"handler-missing", "handler-malformed", "zipped-too-large"})


def repaired(data: bytes, handler: str | None, runtime: str | None) -> bytes:
    """The package with the expected modes, plain relative names, no duplicates and no bytes around it.

    A folder that holds the handler which belongs to the root is unfolded, where nothing lies beside it. Times
    are kept. The same input always gives the same bytes, and repairing the result changes nothing. Raises
    InvalidParameterValue with the first error that cannot be repaired.
    """
    for finding in archive.inspect(data, handler=handler, runtime=runtime):
        if finding.severity == "error" and finding.code not in _REPAIRABLE | _NOT_OURS:
            subject = f"Entry '{finding.entry}' {finding.message}" if finding.entry else finding.message
            raise InvalidParameterValue(f"The package cannot be repaired: {subject}")
    tree = layout.arrange(entries.read(data))
    nested = handlers.folder(tree, handler, runtime)
    chosen: dict[str, Entry] = {}
    for entry in [*_worthwhile_directories(tree), *tree.members.values()]:
        path = _plain(entry.path)
        if nested is not None:
            lifted = handlers.lifted(path, nested)
            if lifted is None:
                raise InvalidParameterValue(
                    f"The package cannot be repaired: '{path}' lies beside the folder '{nested}'"
                )
            path = lifted
        if path in chosen:
            raise InvalidParameterValue(f"The package cannot be repaired: two entries would be '{path}'")
        if path:
            chosen[path] = entry
    repaired = write(_member(data, path, entry, runtime) for path, entry in chosen.items())
    _verify(repaired)
    return repaired


def _worthwhile_directories(tree: layout.Layout) -> list[Entry]:
    """Directories with an entry of their own and nothing in them: all others are implied by their
    contents."""
    parents = {path.rpartition("/")[0] for path in tree.directories | tree.members.keys()}
    return [entry for path, entry in tree.directory_entries.items() if path not in parents]


def _plain(path: str) -> str:
    """Backslashes become the separators they were meant to be, and absolute names relative, as `unzip`
    does."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in {"", "."}]
    while len(parts) > 1 and len(parts[0]) == 2 and parts[0][1] == ":":  # a drive: `C:`
        parts = parts[1:]
    return "/".join(parts)


def _member(data: bytes, path: str, entry: Entry, runtime: str | None) -> Member:
    if entry.kind == "directory":
        return Member(path, b"", stat.S_IFDIR | modes.DIRECTORY_MODE, entry.dos_time)
    bits = _LINK_MODE if entry.kind == "link" else modes.expected_mode(entry, runtime)
    return Member(path, content.whole(data, entry), _TYPES[entry.kind] | bits, entry.dos_time)


def _verify(repaired: bytes) -> None:
    r"""What was put right may uncover something new: `a\..`, or a link that lay elsewhere before."""
    for finding in archive.inspect(repaired):
        if finding.severity == "error" and finding.code not in _NOT_OURS:
            subject = f"Entry '{finding.entry}' {finding.message}" if finding.entry else finding.message
            raise InvalidParameterValue(f"The package cannot be repaired: {subject}")
