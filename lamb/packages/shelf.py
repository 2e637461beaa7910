"""Packages at rest: each zip once, under the SHA-256 of its bytes, and unpacked beside it.

    zips/<hex>.zip     the very bytes that were uploaded
    trees/<hex>/       the same package as /var/task is to look; or several, laid over each other for /opt
    aside/             work in progress; whatever lies here without a living owner is swept

Nothing half-made is ever visible: everything is built aside and renamed. Any number of threads and processes
may use one shelf. It does not know which packages are in use: whoever calls `discard` does.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lamb.model.errors import HomeUnusable, InvalidParameterValue, ServiceFailure
from lamb.packages import archive, tree
from lamb.packages.content import Damaged
from lamb.packages.entries import NotAnArchive

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CONVERSION_FAILED = (
    "Layer conversion failed: Lambda layer conversion failed. For advice on resolving this issue, see the "
    "Troubleshoot deployment issues in Lambda page in the Lambda User Guide."
)


class Shelf:
    """All packages of one home."""

    def __init__(self, root: Path) -> None:
        """Opens the shelf below `root`, and sweeps what a killed process left. Raises HomeUnusable."""
        self._root = root
        self._zips = root / "zips"
        self._trees = root / "trees"
        self._aside = root / "aside"
        with _usable(root):
            root.mkdir(parents=True, exist_ok=True)
            for place, mode in ((self._zips, 0o700), (self._trees, 0o755), (self._aside, 0o700)):
                place.mkdir(exist_ok=True)
                if place.stat().st_mode & 0o777 != mode:
                    place.chmod(mode)
            self._forget_trees_of_another_boot()
            self._sweep()

    def put(self, data: bytes, *, uploaded: bool = True) -> str:
        """Keep a package and return its CodeSha256 (base64). Idempotent.

        Raises what `archive.refuse_unusable` raises, before anything is stored, and HomeUnusable.
        """
        archive.refuse_size(data, uploaded=uploaded)
        digest = hashlib.sha256(data)
        place = self._zip(digest.hexdigest())
        with _usable(place):
            # Compared in full, so that another upload heals a file that the disk has damaged.
            if not _holds(place, data):
                archive.refuse_unusable(data, uploaded=uploaded)
                with self._workplace() as workplace:
                    _write_through(workplace / "zip", data)
                    (workplace / "zip").rename(place)
                    _sync_directory(self._zips)
        return base64.b64encode(digest.digest()).decode("ascii")

    def open(self, code_sha256: str) -> bytes:
        """The very bytes that were put. Raises HomeUnusable when they are gone or damaged."""
        digest = _hex(code_sha256)
        place = self._zip(digest)
        with _usable(place):
            data = place.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise HomeUnusable(f"The package {place} is damaged on disk; upload the function's code again")
        return data

    def size(self, code_sha256: str) -> int:
        """Bytes of the zip. Raises HomeUnusable."""
        place = self._zip(_hex(code_sha256))
        with _usable(place):
            return place.stat().st_size

    def unpack(self, code_sha256: str) -> Path:
        """The directory that holds the unpacked package; built on the first call. Raises HomeUnusable."""
        place = self._trees / _hex(code_sha256)

        def fill(empty: Path) -> None:
            try:
                tree.unpack(self.open(code_sha256), empty)
            except (NotAnArchive, Damaged) as problem:
                # Only packages that passed the checks are here.
                raise ServiceFailure(f"The package {place.name} cannot be unpacked: {problem}") from problem

        self._make(place, fill)
        return place

    def combine(self, code_sha256s: Sequence[str]) -> Path | None:
        """The directory that holds these packages laid over each other, later ones on top; None for none.

        Built on the first call. Raises HomeUnusable, and InvalidParameterValue where one has a file and
        another a directory of the same name.
        """
        sources = [self.unpack(code_sha256) for code_sha256 in code_sha256s]
        if len(sources) < 2:
            return sources[0] if sources else None
        place = self._trees / _combination(code_sha256s)

        def fill(empty: Path) -> None:
            try:
                for source in sources:
                    tree.lay_over(source, empty)
            except tree.Clash as clash:
                raise InvalidParameterValue(f"{_CONVERSION_FAILED} {clash}") from None

        self._make(place, fill)
        return place

    def has_unpacked(self, packages: Sequence[str]) -> bool:
        """Whether there is nothing to do for `unpack` of the first, and `combine` of the others."""
        names = {_hex(code_sha256) for code_sha256 in packages}
        if len(packages) > 2:
            names.add(_combination(packages[1:]))
        return all((self._trees / name).is_dir() for name in names)

    def _make(self, place: Path, fill: Callable[[Path], None]) -> None:
        """A directory at `place`, filled aside; nothing when it is there already."""
        with _usable(place):
            if place.is_dir():
                return
            with self._workplace() as workplace:
                (workplace / "tree").mkdir()
                fill(workplace / "tree")
                try:
                    (workplace / "tree").rename(place)
                except OSError:
                    # Somebody else was faster; a directory that is not empty is never replaced.
                    if not place.is_dir():
                        raise

    def discard(self, keep: set[str], combinations: Iterable[Sequence[str]] = ()) -> int:
        """Remove every package whose CodeSha256 is not in `keep`, and every combination of them that is not
        in `combinations`; returns how many.

        The caller makes sure that nobody puts a package between reading `keep` and this, or runs one that is
        not in it.
        """
        kept = {_hex(code_sha256) for code_sha256 in keep}
        kept |= {_combination(combination) for combination in combinations if len(combination) > 1}
        with _usable(self._root):
            held = {place.stem for place in self._zips.iterdir()} | {
                place.name for place in self._trees.iterdir()
            }
            for digest in held - kept:
                with suppress(FileNotFoundError), self._workplace() as workplace:
                    (self._trees / digest).rename(workplace / "tree")
                self._zip(digest).unlink(missing_ok=True)
        return len(held - kept)

    def _zip(self, digest: str) -> Path:
        return self._zips / f"{digest}.zip"

    @contextmanager
    def _workplace(self) -> Iterator[Path]:
        """A directory of one's own below `aside`, locked as long as its owner lives, removed at the end."""
        while True:
            workplace = Path(tempfile.mkdtemp(dir=self._aside))
            descriptor = os.open(workplace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A sweep may have come between making and locking.
            if workplace.is_dir():
                break
            os.close(descriptor)
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
            os.close(descriptor)

    def _sweep(self) -> None:
        for leftover in self._aside.iterdir():
            try:
                descriptor = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover, ignore_errors=True)
            except BlockingIOError:
                pass  # its owner is alive
            finally:
                os.close(descriptor)

    def _forget_trees_of_another_boot(self) -> None:
        """A zip is synced, a tree of thousands of files is not: after a power failure it may hold empty
        files.

        Trees cost a fraction of a second to unpack again, so those of an earlier boot are not trusted.
        """
        boot = self._root / "boot"
        try:
            now = _BOOT_ID.read_text(encoding="ascii")
        except OSError:
            return
        if boot.exists() and boot.read_text(encoding="ascii", errors="replace") == now:
            return
        for place in self._trees.iterdir():
            place.rename(Path(tempfile.mkdtemp(dir=self._aside)) / "tree")
        boot.write_text(now, encoding="ascii")


@contextmanager
def _usable(place: Path) -> Iterator[None]:
    """Turns what the disk refuses into a clear error: a full or read-only disk, missing rights, a lost
    file."""
    try:
        yield
    except FileNotFoundError as problem:
        raise HomeUnusable(
            f"{problem.filename or place} is gone from lamb's home; upload the function's code again"
        ) from None
    except OSError as problem:
        raise HomeUnusable(
            f"lamb cannot use {place}: {problem.strerror}. Make room or set the permissions there, "
            "or point LAMB_HOME to another place"
        ) from None


def _hex(code_sha256: str) -> str:
    try:
        digest = base64.b64decode(code_sha256, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise ServiceFailure(f"{code_sha256!r} is not a CodeSha256")
    return digest.hex()


def _combination(code_sha256s: Sequence[str]) -> str:
    """The name of these packages laid over each other in this order."""
    return hashlib.sha256(" ".join(map(_hex, code_sha256s)).encode()).hexdigest()


def _holds(place: Path, data: bytes) -> bool:
    try:
        with place.open("rb", buffering=0) as file:
            return os.fstat(file.fileno()).st_size == len(data) and file.read() == data
    except FileNotFoundError:
        return False


def _write_through(place: Path, data: bytes) -> None:
    with place.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
