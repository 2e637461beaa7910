"""The log on disk: for each log group a few files of JSON lines, the oldest dropped first.

Appending is cheap: entries are kept in memory for some milliseconds and written together. All of it
runs on the daemon's event loop; readers (`follow.py`, `chunks.py`) go by position and never miss what was
written. What is to be forgotten is blanked where it stands (`erasure.py`), so that positions hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from lamb.model.errors import HomeUnusable

_FLUSH_AFTER_S = 0.02
_SEGMENTS = 4
# A home may have thousands of groups, and a daemon has a thousand descriptors.
_KEPT_OPEN = 64
_ABOUT = "about.json"


class Group(NamedTuple):
    """A log group of one account and region."""

    account: str
    region: str
    name: str


class Entry(NamedTuple):
    timestamp_ms: int
    stream: str
    request_id: str | None
    message: str
    """Empty where there is nothing to show: an entry that only says that it is the last."""
    last: bool = False
    """Nothing comes after it of its invocation."""
    ingested_ms: int | None = None
    """When it was taken, of entries that bring a time of their own (PutLogEvents)."""


class About(NamedTuple):
    """What is known of a group that has a folder."""

    created_ms: int
    size_bytes: int


class Position(NamedTuple):
    """Where a reader has come to: a segment's number and an offset in bytes."""

    segment: int
    offset: int


Placed = tuple[Position, Entry]


class Journal:
    def __init__(self, root: Path, max_bytes: int) -> None:
        """`max_bytes` bounds each group on disk."""
        self._root = root
        self._segment_bytes = max(max_bytes // _SEGMENTS, 1)
        self._open: dict[Group, _Tail] = {}
        self._waiting: dict[Group, set[asyncio.Future[None]]] = {}
        self._dirty: set[Group] = set()
        self._begun: dict[Group, int] = {}
        """Groups whose segments were removed → the number of the next one: positions are not used twice."""
        self._flush_due = False

    def append(self, group: Group, entry: Entry) -> None:
        self._tail(group).pending.append(entry)
        self._dirty.add(group)
        if group in self._waiting:
            self._wake(group)
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_later(_FLUSH_AFTER_S, self.flush)

    def flush(self) -> None:
        """Write what is pending; a disk that refuses loses log lines, never invocations."""
        self._flush_due = False
        for group in self._dirty:
            tail = self._tail(group)
            tail.write(self._segment_bytes)
            if len(self._open) > _KEPT_OPEN:
                tail.close()
        self._dirty.clear()

    def put(self, group: Group, entries: Sequence[Entry]) -> None:
        """Write entries at once, behind what is pending. Raises HomeUnusable where the disk refuses."""
        tail = self._tail(group)
        tail.write(self._segment_bytes)
        tail.pending += entries
        written = tail.write(self._segment_bytes)
        self._wake(group)
        if not written:
            raise HomeUnusable(
                f"The log group {group.name} has no room to grow", hint="free space on its disk"
            )

    def sync(self, group: Group) -> None:
        """Make durable what was put; may be called from any thread. Raises HomeUnusable."""
        try:
            for number in self.segments(group)[-2:]:
                with self.path(group, number).open("rb") as file:
                    os.fsync(file.fileno())
        except FileNotFoundError:
            pass  # the group was deleted meanwhile
        except OSError as error:
            raise HomeUnusable(f"The log group {group.name} cannot be written: {error.strerror}") from error

    def read(self, group: Group, position: Position, limit: int = 1 << 18) -> tuple[list[Entry], Position]:
        """Entries from `position` on, at most about `limit` bytes of them, and the next position."""
        placed, position = self.lines(group, position, limit)
        return [entry for _, entry in placed], position

    def lines(self, group: Group, position: Position, limit: int = 1 << 18) -> tuple[list[Placed], Position]:
        """The same, each entry with the position where it begins."""
        if group in self._dirty:
            self._tail(group).write(self._segment_bytes)
        segments = self.segments(group)
        for number in segments:
            if number < position.segment:
                continue
            offset = position.offset if number == position.segment else 0
            data = _complete_lines(self.path(group, number), offset, limit)
            if data:
                return list(_placed(data, number, offset)), Position(number, offset + len(data))
        return [], position

    def groups(self, account: str, region: str) -> list[str]:
        """Names of the groups that have anything written, in order."""
        try:
            folders = list((self._root / account / region).iterdir())
        except OSError:
            return []
        return sorted(name for folder in folders if (name := _group_name(folder)))

    def about(self, group: Group) -> About | None:
        """None of a group that nothing was ever written to."""
        folder = self._folder(group)
        if not folder.is_dir():
            return None
        sizes = [self.path(group, number).stat().st_size for number in self.segments(group)]
        return About(_created_ms(folder), sum(sizes))

    def drop(self, group: Group, numbers: Collection[int]) -> None:
        """Remove segments in which nothing is left; what comes next begins a new one."""
        tail = self._open.get(group)
        if tail is not None and tail.number in numbers:
            tail.close()
            tail.number += 1
        if numbers:
            self._begun[group] = max(numbers) + 1
        for number in numbers:
            self.path(group, number).unlink(missing_ok=True)

    def end(self, group: Group) -> Position:
        """The position behind everything that was written."""
        if group in self._dirty:
            self._tail(group).write(self._segment_bytes)
        numbers = self.segments(group)
        if not numbers:
            return Position(self._begun.get(group, 0), 0)
        return Position(numbers[-1], self.path(group, numbers[-1]).stat().st_size)

    def segments(self, group: Group) -> list[int]:
        """Numbers of the files that are there, oldest first."""
        try:
            names = [path.name for path in self._folder(group).iterdir()]
        except OSError:
            return []
        return sorted(int(name[:8]) for name in names if name.endswith(".ndjson"))

    async def wait(self, group: Group, timeout_s: float) -> None:
        """Until something is appended to `group`, or `timeout_s` has passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(group, set()).add(future)
        try:
            await asyncio.wait_for(future, timeout_s)
        except (asyncio.TimeoutError, TimeoutError):
            pass
        finally:
            waiting = self._waiting.get(group)
            if waiting is not None:
                waiting.discard(future)
                if not waiting:
                    del self._waiting[group]

    def delete(self, group: Group) -> None:
        self._dirty.discard(group)
        self._begun[group] = self.end(group).segment + 1
        tail = self._open.pop(group, None)
        if tail is not None:
            tail.close()
        shutil.rmtree(self._folder(group), ignore_errors=True)

    def close(self) -> None:
        self.flush()
        for tail in self._open.values():
            tail.close()
        self._open.clear()

    def _wake(self, group: Group) -> None:
        for future in self._waiting.get(group, ()):
            if not future.done():
                future.set_result(None)

    def _tail(self, group: Group) -> _Tail:
        tail = self._open.get(group)
        if tail is None:
            numbers = self.segments(group)
            number = numbers[-1] if numbers else self._begun.get(group, 0)
            tail = self._open[group] = _Tail(self._folder(group), group.name, number)
        return tail

    def _folder(self, group: Group) -> Path:
        return self._root / group.account / group.region / _folder_name(group.name)

    def path(self, group: Group, number: int) -> Path:
        """The file of a segment."""
        return self._folder(group) / f"{number:08d}.ndjson"


class _Tail:
    """The file of a group that is being written."""

    def __init__(self, folder: Path, name: str, number: int) -> None:
        self.pending: list[Entry] = []
        self.number = number
        self._folder = folder
        self._name = name
        self._fd = -1
        self._size = 0

    def write(self, segment_bytes: int) -> bool:
        """What is pending; False where the disk refused some of it, which is lost then."""
        if not self.pending:
            return True
        first_ms = self.pending[0].ingested_ms or self.pending[0].timestamp_ms
        data = "".join(map(_line, self.pending)).encode("utf-8", "replace")
        self.pending.clear()
        try:
            if self._fd < 0:
                self._open_file(first_ms)
            if self._size and self._size + len(data) > segment_bytes:
                self._next_file(first_ms)
            written = os.write(self._fd, data)
            self._size += written
        except OSError:
            written = 0
        if written < len(data):
            self.close()  # tried again, from the start, with the next entries
        return written == len(data)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open_file(self, now_ms: int) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            about = json.dumps({"name": self._name, "createdMs": now_ms})
            (self._folder / _ABOUT).write_text(about, encoding="utf-8")
        path = self._folder / f"{self.number:08d}.ndjson"
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size
        # Half a line is what a full disk or a loss of power leaves: the next one must not be lost with it.
        if self._size and os.pread(self._fd, 1, self._size - 1) != b"\n":
            self._size += os.write(self._fd, b"\n")

    def _next_file(self, now_ms: int) -> None:
        self.close()
        oldest = self._folder / f"{self.number + 1 - _SEGMENTS:08d}.ndjson"
        oldest.unlink(missing_ok=True)  # first, since that is what makes room on a full disk
        self.number += 1
        self._open_file(now_ms)


def _folder_name(group: str) -> str:
    """Of any group name: up to 512 characters, slashes and leading dots among them."""
    name = quote(group, safe="")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > 200:
        # No quoted name has a dot behind a percent sign: these cannot meet.
        name = f"{name[:128]}%.{hashlib.sha256(group.encode()).hexdigest()[:32]}"
    return name


def _group_name(folder: Path) -> str:
    """What `_folder_name` was told: of long names only the group's own file knows; nothing if it is gone."""
    if "%." not in folder.name:
        return unquote(folder.name)
    return str(_read_about(folder).get("name", ""))


def _created_ms(folder: Path) -> int:
    """When the group got its first entry; of folders that do not say, when their oldest file was written."""
    known = _read_about(folder).get("createdMs")
    if isinstance(known, int):
        return known
    return min(path.stat().st_mtime_ns for path in (folder, *folder.iterdir())) // 1_000_000


def _read_about(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / _ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _line(entry: Entry) -> str:
    """The entry as a JSON array; spelled out, because `json.dumps` takes five times as long."""
    request_id = "null" if entry.request_id is None else _quoted(entry.request_id)
    last = ",true" if entry.last else ""
    if entry.ingested_ms is not None:
        last = f",{'true' if entry.last else 'false'},{entry.ingested_ms}"
    return f"[{entry.timestamp_ms},{_quoted(entry.stream)},{request_id},{_quoted(entry.message)}{last}]\n"


def _complete_lines(path: Path, offset: int, limit: int) -> bytes:
    """Bytes from `offset` up to the last newline within `limit`, or to the end of a longer line."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(limit)
            if data and not data.endswith(b"\n"):
                data += file.readline()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def _placed(data: bytes, segment: int, offset: int) -> Iterator[Placed]:
    for line in data.splitlines(keepends=True):
        try:
            entry = Entry(*json.loads(line))
        except (ValueError, TypeError):
            pass  # half a line, from a machine that lost power, or what was erased
        else:
            if isinstance(entry.message, str):
                yield Position(segment, offset), entry
        offset += len(line)
