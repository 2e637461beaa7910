"""A directory or a single file becomes a package: same input, same bytes, on any machine.

Modes are normalised (0644, and 0755 for what anybody may execute), times and owners left out, links that stay
inside kept as links. `lamb.packages.writer` says how far "any machine" goes, `lamb.packages.ignore` what is
left out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from lamb.model.errors import InvalidParameterValue
from lamb.model.limits import UNZIPPED_MAX_BYTES
from lamb.packages import links, modes, names
from lamb.packages.finding import shown
from lamb.packages.ignore import IGNORE_FILE, BadPattern, Ignore
from lamb.packages.writer import Member, write


def build(source: Path, *, leave_out: Collection[Path] = ()) -> bytes:
    """The zip of a directory's contents, or of one file at the root of the package.

    `leave_out`: files that are not to be packed, such as an earlier archive in the same directory. Raises
    InvalidParameterValue, naming the path, for what is missing, empty, unreadable, too large or cannot be
    packed.
    """
    try:
        walk = _Walk(_ignore(source), frozenset(map(_identity, leave_out)))
        if not source.is_dir():
            return write([walk.file(source, _utf8(source.name, source))])
        members = list(walk.members(source, ""))
    except OSError as problem:
        raise _unpackable(source, problem) from None
    if not any(stat.S_ISREG(member.mode) for member in members):
        raise InvalidParameterValue(f"{_shown(source)} holds no file to pack")
    _check_links(source, members)
    return write(members)


def fingerprint(source: Path) -> str:
    """Another one as soon as `build` would find something changed in a directory; cheap, for nothing is read.

    Raises as `build`.
    """
    digest = hashlib.sha256()
    try:
        walk = _Walk(_ignore(source), frozenset())
        for _, path, status in sorted(walk.places(source, ""), key=lambda found: found[1]):
            # A new inode tells an editor that writes aside and renames, within one tick of the clock.
            told = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)
            digest.update(f"{path}\0{told}\0".encode("utf-8", "surrogateescape"))
    except OSError as problem:
        raise _unpackable(source, problem) from None
    return digest.hexdigest()


@dataclass(slots=True)
class _Walk:
    """One pass over a directory. Names on disk are bytes: they are UTF-8 here, whatever the locale."""

    ignore: Ignore
    left_out: frozenset[tuple[int, int]]
    size: int = 0

    def members(self, folder: Path, prefix: str) -> Iterator[Member]:
        """Everything below `folder`; `prefix` is its path in the package, with a slash at the end."""
        for place, path, status in self.places(folder, prefix):
            if stat.S_ISLNK(status.st_mode):
                yield Member(path, os.fsencode(place.readlink()), stat.S_IFLNK | 0o777)
            elif stat.S_ISDIR(status.st_mode):
                yield Member(path, b"", stat.S_IFDIR | modes.DIRECTORY_MODE)
            else:
                yield self.file(place, path)

    def places(self, folder: Path, prefix: str) -> Iterator[tuple[Path, str, os.stat_result]]:
        """Where each member is, its path in the package, and what `lstat` says of it."""
        if prefix.count("/") > names.DEPTH_MAX:
            raise InvalidParameterValue(f"{_shown(folder)} lies deeper than {names.DEPTH_MAX} directories")
        children = list(folder.iterdir())
        if prefix and not children:
            yield folder, prefix.removesuffix("/"), folder.lstat()
        for child in children:
            path = prefix + _utf8(child.name, child)
            status = child.lstat()
            is_directory = stat.S_ISDIR(status.st_mode)
            if self.ignore.leaves_out(path, is_directory=is_directory):
                continue
            if (status.st_dev, status.st_ino) in self.left_out:
                continue
            if not is_directory:
                yield child, path, status
            # A virtual environment, whatever its name: its interpreter and its links belong to this machine.
            elif not (child / "pyvenv.cfg").exists():
                yield from self.places(child, path + "/")

    def file(self, place: Path, path: str) -> Member:
        # A fifo is not waited for, and a socket cannot be opened at all.
        if not stat.S_ISREG(place.stat().st_mode):
            raise InvalidParameterValue(
                f"{_shown(place)} is a device, a fifo or a socket and cannot be packed"
            )
        with os.fdopen(os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            self.size += status.st_size
            if self.size >= UNZIPPED_MAX_BYTES:
                raise InvalidParameterValue(
                    f"Unzipped size must be smaller than {UNZIPPED_MAX_BYTES} bytes; with {_shown(place)} "
                    f"({status.st_size} bytes) it is {self.size}. "
                    f"Name what the function does not need in {IGNORE_FILE}"
                )
            mode = modes.EXECUTABLE_MODE if status.st_mode & 0o111 else modes.FILE_MODE
            return Member(path, file.read(), stat.S_IFREG | mode)


def _unpackable(source: Path, problem: OSError) -> InvalidParameterValue:
    place = source if problem.filename is None else problem.filename
    return InvalidParameterValue(f"{_shown(place)} cannot be packed: {problem.strerror}")


def _ignore(source: Path) -> Ignore:
    place = source / IGNORE_FILE
    try:
        return Ignore(place.read_text(encoding="utf-8").splitlines())
    except (FileNotFoundError, NotADirectoryError):
        return Ignore()
    except UnicodeDecodeError:
        raise InvalidParameterValue(f"{_shown(place)} is not UTF-8") from None
    except BadPattern as problem:
        raise InvalidParameterValue(
            f"{_shown(place)} has a pattern that means nothing: {shown(str(problem))}"
        ) from None


def _check_links(source: Path, members: list[Member]) -> None:
    """Links out of the package would be broken at run time, and AWS would take them without a word."""
    found = [member for member in members if stat.S_ISLNK(member.mode)]
    places = {member.path: source / os.fsdecode(member.name) for member in found}
    targets = {member.path: _utf8(os.fsdecode(member.data), places[member.path]) for member in found}
    route = links.Route(targets)
    for path, target in targets.items():
        try:
            route.destination(path)
        except (links.Escapes, links.Endless):
            raise InvalidParameterValue(
                f"{_shown(places[path])} is a link to {target!r}, which is not in the package. "
                f"Put the file itself in its place, or leave it out in {IGNORE_FILE}"
            ) from None


def _utf8(name: str | Path, place: Path) -> str:
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameterValue(f"{_shown(place)} has a name that is not UTF-8") from None


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, -1
    return status.st_dev, status.st_ino


def _shown(path: Path | bytes | str) -> str:
    return shown(os.fsencode(path).decode("utf-8", "backslashreplace"))
