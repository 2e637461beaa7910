"""What the entries become together: the tree that lies at /var/task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lamb.packages import links
from lamb.packages.entries import Entry, Listing
from lamb.packages.finding import Finding, error, warning

# lamb's own bound on the text of all directory paths: a few MB of deep names could imply gigabytes of them.
_DIRECTORY_TEXT_MAX = 16_000_000

_REBUILD = "build the archive anew, for instance with `lamb package build`"


@dataclass(slots=True)
class Layout:
    """Members by path, the last of duplicates; and every directory, also those that only a path implies."""

    members: dict[str, Entry] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    directory_entries: dict[str, Entry] = field(default_factory=dict)
    duplicates: list[Entry] = field(default_factory=list)
    """The later ones, which win."""
    overflowed: bool = False

    @property
    def links(self) -> dict[str, Entry]:
        return {path: entry for path, entry in self.members.items() if entry.kind == "link"}

    @property
    def clashes(self) -> list[str]:
        """Paths that are a file or a link and a directory as well."""
        return sorted(self.directories & self.members.keys())


def arrange(listing: Listing) -> Layout:
    """Arrange the entries into a tree. Never fails; memory is bounded, `overflowed` says that it was cut."""
    layout = Layout()
    room = _DIRECTORY_TEXT_MAX
    for entry in listing.entries:
        path = entry.path
        if entry.kind == "directory":
            layout.directory_entries[path] = entry
        else:
            if path in layout.members:
                layout.duplicates.append(entry)
            layout.members[path] = entry
            path = path.rpartition("/")[0]
        while path and path not in layout.directories and not layout.overflowed:
            layout.directories.add(path)
            room -= len(path) + 1
            layout.overflowed = room < 0
            path = path.rpartition("/")[0]
    return layout


def check(data: bytes, layout: Layout) -> Iterator[Finding]:
    """Findings about entries that get in each other's way, and about links."""
    if layout.overflowed:
        yield error("too-many-directories", "", "The archive implies too many directories", _REBUILD)
        return
    for entry in layout.duplicates:
        yield warning(
            "duplicate", entry.name, "is there more than once; the last one counts", "store it once"
        )
    for path in layout.clashes:
        what = (
            "is a link with entries below it"
            if layout.members[path].kind == "link"
            else "is a file and a directory"
        )
        yield error("clash", layout.members[path].name, what, _REBUILD)
    yield from _case(layout)
    yield from links.check(data, layout.links, layout.directories | layout.members.keys())


def _case(layout: Layout) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for path in sorted(layout.directories | layout.members.keys()):
        first = seen.setdefault(path.casefold(), path)
        if first != path and first.rpartition("/")[0] == path.rpartition("/")[0]:
            yield warning("case", path, f"differs from {first!r} only by case", "rename one of the two")
