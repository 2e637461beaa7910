"""The log on disk: for each log group a few files of JSON lines, the oldest dropped first.

Appending is cheap: entries are kept in memory for some milliseconds and written together. All of it
runs on the daemon's event loop; readers (`follow.py`) go by position and never miss what was written.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

_FLUSH_AFTER_S = 0.02
_SEGMENTS = 4
# A home may have thousands of groups, and a daemon has a thousand descriptors.
_KEPT_OPEN = 64


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


class Position(NamedTuple):
    """Where a reader has come to: a segment's number and an offset in bytes."""

    segment: int
    offset: int


class Journal:
    def __init__(self, root: Path, max_bytes: int) -> None:
        """`max_bytes` bounds each group on disk."""
        self._root = root
        self._segment_bytes = max(max_bytes // _SEGMENTS, 1)
        self._open: dict[Group, _Tail] = {}
        self._waiting: dict[Group, set[asyncio.Future[None]]] = {}
        self._dirty: set[Group] = set()
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

    def read(self, group: Group, position: Position, limit: int = 1 << 18) -> tuple[list[Entry], Position]:
        """Entries from `position` on, at most about `limit` bytes of them, and the next position."""
        if group in self._dirty:
            self._tail(group).write(self._segment_bytes)
        segments = self.segments(group)
        for number in segments:
            if number < position.segment:
                continue
            offset = position.offset if number == position.segment else 0
            data = _complete_lines(self._path(group, number), offset, limit)
            if data:
                return list(_entries(data)), Position(number, offset + len(data))
        return [], position

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
            tail = self._open[group] = _Tail(self._folder(group), numbers[-1] if numbers else 0)
        return tail

    def _folder(self, group: Group) -> Path:
        return self._root / group.account / group.region / _folder_name(group.name)

    def _path(self, group: Group, number: int) -> Path:
        return self._folder(group) / f"{number:08d}.ndjson"


class _Tail:
    """The file of a group that is being written."""

    def __init__(self, folder: Path, number: int) -> None:
        self.pending: list[Entry] = []
        self._folder = folder
        self._number = number
        self._fd = -1
        self._size = 0

    def write(self, segment_bytes: int) -> None:
        if not self.pending:
            return
        data = "".join(map(_line, self.pending)).encode("utf-8", "replace")
        self.pending.clear()
        try:
            if self._fd < 0:
                self._open_file()
            if self._size and self._size + len(data) > segment_bytes:
                self._next_file()
            written = os.write(self._fd, data)
            self._size += written
        except OSError:
            written = 0
        if written < len(data):
            self.close()  # tried again, from the start, with the next entries

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open_file(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{self._number:08d}.ndjson"
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size
        # Half a line is what a full disk or a loss of power leaves: the next one must not be lost with it.
        if self._size and os.pread(self._fd, 1, self._size - 1) != b"\n":
            self._size += os.write(self._fd, b"\n")

    def _next_file(self) -> None:
        self.close()
        oldest = self._folder / f"{self._number + 1 - _SEGMENTS:08d}.ndjson"
        oldest.unlink(missing_ok=True)  # first, since that is what makes room on a full disk
        self._number += 1
        self._open_file()


def _folder_name(group: str) -> str:
    """Of any group name: up to 512 characters, slashes and leading dots among them."""
    name = quote(group, safe="")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > 200:
        # No quoted name has a dot behind a percent sign: these cannot meet.
        name = f"{name[:128]}%.{hashlib.sha256(group.encode()).hexdigest()[:32]}"
    return name


def _line(entry: Entry) -> str:
    """The entry as a JSON array; spelled out, because `json.dumps` takes five times as long."""
    request_id = "null" if entry.request_id is None else _quoted(entry.request_id)
    last = ",true" if entry.last else ""
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


def _entries(data: bytes) -> Iterator[Entry]:
    for line in data.splitlines():
        try:
            entry = Entry(*json.loads(line))
        except (ValueError, TypeError):
            continue  # half a line, from a machine that lost power
        if isinstance(entry.message, str):
            yield entry
