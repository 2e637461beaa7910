"""A checked package unpacked on disk, as `/var/task` is to look.

Permissions are those that AWS's sandbox user would have: the bits of "others", for everybody. A file of mode
0600 is unreadable even to its owner, so a bad mode bites wherever lamb runs. Nobody may write; `/var/task` is
read-only.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lamb.packages import content, entries, layout, modes
from lamb.packages.entries import Entry

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Clash(Exception):
    """A file of one package has the name of a directory of another; the message names it."""


def unpack(data: bytes, into: Path) -> None:
    """Fill the new, empty directory `into`. `data` has passed `archive.refuse_unusable`: no entry leaves the
    package, lies below a link or has two natures. Raises OSError, entries.NotAnArchive or content.Damaged."""
    tree = layout.arrange(entries.read(data))
    root = os.open(into, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fchmod(root, modes.DIRECTORY_MODE)
        # Names go to the kernel as bytes: the locale has no say in them.
        for path in sorted(tree.directories):
            os.mkdir(path.encode(), dir_fd=root)
            os.chmod(path.encode(), modes.DIRECTORY_MODE, dir_fd=root)  # whatever the umask
        for path, entry in tree.members.items():
            times = (entry.modified_s, entry.modified_s)
            if entry.kind == "link":
                os.symlink(content.whole(data, entry), path.encode(), dir_fd=root)
                os.utime(path.encode(), times, dir_fd=root, follow_symlinks=False)
            else:
                _write(data, entry, root)
        for path, entry in tree.directory_entries.items():
            os.utime(path.encode() or b".", (entry.modified_s, entry.modified_s), dir_fd=root)
    finally:
        os.close(root)


def _write(data: bytes, entry: Entry, root: int) -> None:
    descriptor = os.open(entry.path.encode(), _NEW_FILE, 0o600, dir_fd=root)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for piece in content.stream(data, entry):
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) :]
        os.fchmod(descriptor, (modes.effective_mode(entry) & 0o005) * 0o111)
        os.utime(descriptor, (entry.modified_s, entry.modified_s))


def lay_over(source: Path, target: Path) -> None:
    """All of an unpacked package into `target`, in place of what has the same name there.

    Files are shared where the disk can do that. Raises Clash, OSError.
    """
    target.chmod(modes.DIRECTORY_MODE)  # whatever the umask
    for entry in source.iterdir():
        place = target / entry.name
        is_directory = _is_directory(entry)
        if os.path.lexists(place) and _is_directory(place) != is_directory:
            raise Clash(f"`{entry.name}` is a directory in one of the layers and none in another")
        if is_directory:
            place.mkdir(exist_ok=True)
            lay_over(entry, place)
        else:
            place.unlink(missing_ok=True)
            _share(entry, place)
    modified_ns = source.stat().st_mtime_ns
    os.utime(target, ns=(modified_ns, modified_ns))


def _is_directory(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _share(source: Path, place: Path) -> None:
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:  # not every file system has links
        if source.is_symlink():
            place.symlink_to(source.readlink())
            return
        # What its owner cannot read, the function cannot either: nobody will miss its content.
        if os.access(source, os.R_OK):
            shutil.copyfile(source, place)
        else:
            place.touch()
        status = source.stat()
        os.utime(place, ns=(status.st_mtime_ns, status.st_mtime_ns))
        place.chmod(status.st_mode & 0o777)
