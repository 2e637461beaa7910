"""Symbolic links of a package: where they lead at run time, when the package lies at /var/task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamb.packages import content
from lamb.packages.entries import Entry
from lamb.packages.finding import Finding, error, warning

TARGET_MAX_BYTES = 4095
# lamb's own bounds, so that links to links cannot take minutes to follow.
LINKS_MAX = 10_000
_STEPS_MAX = 1_000_000
_HOPS_MAX = 40  # as the kernel: ELOOP

_KEEP_INSIDE = "link to a file of the package by a relative path, to /opt, or store the file itself"


class Escapes(Exception):
    """The link leads out of the package, and not into /opt."""


class Endless(Exception):
    """The link leads back to itself, or over too many others."""


class Route:
    """Follows links as the kernel would, on names alone."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        """`targets`: path of each link → its target as stored."""
        self._targets = targets
        self._steps = 0

    def destination(self, path: str) -> str | None:
        """Where the link at `path` leads: a path of the package (empty: its root), or None for a place in
        /opt.

        Raises Escapes or Endless.
        """
        if self._steps > _STEPS_MAX:
            raise Endless
        place = path.split("/")[:-1]
        ahead = _reversed_parts(self._targets[path])
        hops = 1
        place = _departure(ahead, place)
        while ahead:
            self._steps += 1 + len(place)
            if hops > _HOPS_MAX or self._steps > _STEPS_MAX:
                raise Endless
            place = _step(place, ahead.pop())
            target = self._targets.get("/".join(place))
            if target is not None:
                hops += 1
                self._steps += len(target)
                ahead += _reversed_parts(target)
                place = _departure(ahead, place[:-1])
        return None if place[:1] == ["/opt"] else "/".join(place)


def _reversed_parts(target: str) -> list[str]:
    parts = [part for part in target.split("/") if part not in {"", "."}]
    if target.startswith("/"):
        parts.insert(0, "/")
    return parts[::-1]


def _departure(ahead: list[str], place: list[str]) -> list[str]:
    """The place a target starts from; takes the beginning of an absolute one off `ahead`."""
    if ahead[-1:] != ["/"]:
        return place
    if ahead[-2:] == ["opt", "/"]:
        del ahead[-2:]
        return ["/opt"]
    if ahead[-3:] == ["task", "var", "/"]:
        del ahead[-3:]
        return []
    raise Escapes


def _step(place: list[str], part: str) -> list[str]:
    if part != "..":
        return [*place, part]
    # `/opt/..` is the root of the file system; the package's own `..` is /var.
    if not place or place == ["/opt"]:
        raise Escapes
    return place[:-1]


def targets(data: bytes, links: Mapping[str, Entry]) -> Iterator[tuple[str, str | Finding]]:
    """Each link's path with its target, or with the finding that says why it has none."""
    for path, entry in links.items():
        if entry.size > TARGET_MAX_BYTES:
            yield path, error("link-target", entry.name, "is a link with an overlong target", _KEEP_INSIDE)
            continue
        try:
            target = content.whole(data, entry).decode("utf-8")
        except (content.Damaged, UnicodeDecodeError):
            target = ""
        if not target or "\0" in target:
            yield path, error("link-target", entry.name, "is a link without a usable target", _KEEP_INSIDE)
        else:
            yield path, target


def check(data: bytes, links: Mapping[str, Entry], places: set[str]) -> Iterator[Finding]:
    """Findings about every link. `places`: all paths of the package, directories included."""
    if len(links) > LINKS_MAX:
        yield error("link-count", "", f"The archive has more than {LINKS_MAX} symbolic links", _KEEP_INSIDE)
        return
    known: dict[str, str] = {}
    for path, target in targets(data, links):
        if isinstance(target, Finding):
            yield target
        else:
            known[path] = target
    route = Route(known)
    for path, target in known.items():
        name = links[path].name
        try:
            destination = route.destination(path)
        except Escapes:
            yield error("link-escapes", name, f"is a link out of the package, to {target!r}", _KEEP_INSIDE)
        except Endless:
            yield error("link-endless", name, f"is a link in a circle, to {target!r}", _KEEP_INSIDE)
        else:
            if destination and destination not in places:
                yield warning(
                    "link-dangling",
                    name,
                    f"is a link to {target!r}, which is not in the package",
                    _KEEP_INSIDE,
                )
