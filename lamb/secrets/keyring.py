"""The keys that seal environment variables: a file outside the database, for its owner's eyes only."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
import threading
from pathlib import Path

from lamb.model.errors import HomeUnusable, KMSNotFound

KEY_BYTES = 32
_RESTORE = "restore the keyring from a backup; without its key nobody can read what is sealed"


class Keyring:
    """The keys of one home, by version; the newest one seals.

    The file is the truth: it is read when a key is first needed, so that a home without sealed variables
    never asks for it, and again whenever it has changed, so that losing or restoring it shows at once.
    Any number of threads, one process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[int, bytes] = {}
        self._seen: tuple[int, ...] = ()
        # What somebody read before a rotation is opened after it: as long as this process lives.
        self._retired: dict[int, bytes] = {}
        self._lock = threading.RLock()

    def versions(self) -> list[int]:
        """The versions at hand, oldest first; none where there is no file. Raises HomeUnusable."""
        with self._lock:
            return sorted(self._current())

    def key(self, version: int) -> bytes:
        """Raises KMSNotFound for a version that is not at hand, HomeUnusable for an unusable file."""
        with self._lock:
            found = self._retired.get(version) or self._current().get(version)
            if found is None:
                missing = f"holds no version {version} of the key" if self._seen else "is missing"
                raise KMSNotFound(f"{KMSNotFound.__doc__} KMS Message: {self.path} {missing}", hint=_RESTORE)
            return found

    def add(self) -> int:
        """Make a key that seals from now on; it is durable when this returns. Raises HomeUnusable."""
        with self._lock:
            keys = self._current()
            version = max((*keys, *self._retired, 0)) + 1
            _write(self.path, {**keys, version: secrets.token_bytes(KEY_BYTES)})
            return version

    def forget_before(self, version: int) -> None:
        """Remove older keys from the file, once nothing is sealed with them. Raises HomeUnusable."""
        with self._lock:
            keys = self._current()
            _write(self.path, {number: key for number, key in keys.items() if number >= version})
            self._retired |= {number: key for number, key in keys.items() if number < version}

    def _current(self) -> dict[int, bytes]:
        try:
            found = self.path.lstat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        except (FileNotFoundError, NotADirectoryError):
            self._keys, self._seen = {}, ()
        except OSError as error:
            raise _unusable(self.path, f"cannot be reached: {error.strerror}", _RESTORE) from error
        else:
            if seen != self._seen:
                self._keys = _read(self.path)
                self._seen = seen
        return self._keys


def _read(path: Path) -> dict[int, bytes]:
    """The keys of a file that only its owner can reach; none where there is no file."""
    try:
        file = open(path, "rb", opener=_no_link)  # noqa: SIM115 - Path.open takes no opener
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}", _RESTORE) from error
    with file:
        _refuse_exposed(path.parent, path.parent.stat(), 0o700)
        _refuse_exposed(path, os.fstat(file.fileno()), 0o600)
        try:
            document = json.loads(file.read())
            keys = {int(version): base64.b64decode(key, validate=True) for version, key in document.items()}
        except (ValueError, AttributeError, TypeError, OSError) as error:
            raise _unusable(path, "is damaged", _RESTORE) from error
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise _unusable(path, "is damaged", _RESTORE)
    return keys


def _no_link(path: str, flags: int) -> int:
    # A pipe in its place would keep us waiting.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _refuse_exposed(path: Path, found: os.stat_result, mode: int) -> None:
    right_kind = stat.S_ISDIR if mode == 0o700 else stat.S_ISREG
    if not right_kind(found.st_mode):
        raise _unusable(path, "is not a plain file", _RESTORE)
    if found.st_uid != os.geteuid():
        raise _unusable(
            path,
            f"belongs to user {found.st_uid}, but lamb runs as user {os.geteuid()}",
            f"run lamb as that user, or `chown {os.geteuid()} {path}`",
        )
    if found.st_mode & 0o077:
        have = stat.S_IMODE(found.st_mode)
        raise _unusable(path, f"can be reached by others: its mode is {have:04o}", f"`chmod {mode:o} {path}`")


def _write(path: Path, keys: dict[int, bytes]) -> None:
    """Replace the file as a whole, durably: a kill leaves the old one or the new one."""
    document = {str(version): base64.b64encode(key).decode() for version, key in sorted(keys.items())}
    aside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_exposed(path.parent, path.parent.stat(), 0o700)
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(descriptor)
        aside.rename(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        fix = "make room, or set the permissions there"
        raise _unusable(path, f"cannot be written: {error.strerror}", fix) from error


def _unusable(path: Path, problem: str, fix: str) -> HomeUnusable:
    return HomeUnusable(f"The keyring {path} {problem}", hint=fix)
