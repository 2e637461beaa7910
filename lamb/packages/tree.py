"""A checked package unpacked on disk, as `/var/task` is to look.

Permissions are those that AWS's sandbox user would have: the bits of "others", for everybody. A file of mode
0600 is unreadable even to its owner, so a bad mode bites wherever lamb runs. Nobody may write; `/var/task` is
read-only.
"""

from __future__ import annotations

import os
from pathlib import Path

from lamb.packages import content, entries, layout, modes
from lamb.packages.entries import Entry

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
