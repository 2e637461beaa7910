"""Runs a program and writes down what it does to a database's files, and what it answers: in one order.

    python recorder.py RECORD DATABASE COMMAND…

    ← {"armed": true}
      … the program runs; its end is the end …
    ← {"steps": 812}

RECORD becomes one JSON document a line; `file` is a number for each file that was ever made:

    {"step": "made", "name": "lamb.sqlite3-wal", "file": 2}    an entry of the directory is there, or gone
    {"step": "gone", "name": "lamb.sqlite3-journal"}
    {"step": "write", "file": 2, "at": 32, "data": "hex"}      done
    {"step": "size", "file": 2, "size": 0}                     done
    {"step": "sync", "file": 2, "since": 17}                   what was done to it before step 17 is durable;
                                                               file 0 is the directory
    {"step": "answer", "ids": ["…"]}                           about to leave: events are accepted

An answer counts from the moment before it is sent, a write from the moment after it is done, and a sync
covers what was done before it began: whatever the order of two threads really was, the record is no kinder.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

# A program of its own: its directory is where Python looks first.
import executioner

ENTRY, EXIT = 1, 2
O_CREAT = 0o100
AT_FDCWD = 0xFFFFFF9C
HEAD_BYTES = 2048
DIRECTORY = 0
ACCEPTED = re.compile(rb"HTTP/1\.1 202 .*?x-amzn-requestid: ([0-9a-f-]+)", re.DOTALL)

CALLS = {
    "x86_64": {
        1: "write", 2: "open", 18: "pwrite64", 20: "writev", 44: "sendto", 46: "sendmsg", 74: "sync",
        75: "sync", 77: "ftruncate", 82: "rename", 85: "creat", 87: "unlink", 257: "openat", 263: "unlinkat",
        264: "renameat", 285: "fallocate", 316: "renameat",
    },
    "aarch64": {
        35: "unlinkat", 38: "renameat", 46: "ftruncate", 47: "fallocate", 56: "openat", 64: "write",
        66: "writev", 68: "pwrite64", 82: "sync", 83: "sync", 206: "sendto", 211: "sendmsg", 276: "renameat",
    },
}  # fmt: skip

Step = dict[str, Any]
Finish = Callable[[int], "Step | None"]
"""What a call that returned this has done."""


class Recorder(executioner.Tracer):
    """Stops at every system call, and never kills."""

    def __init__(self, pid: int, database: Path, out: TextIO) -> None:
        super().__init__(pid, {"at": 0, "calls": "all", "family": False})
        self.names = {f"{database.name}{suffix}" for suffix in ("", "-wal", "-journal")}
        self.folder = str(database.parent)
        self.out = out
        self.count = 0
        self.under_way: dict[int, Finish] = {}
        self.living: dict[str, int] = {}
        self.made = 0
        self.memory = -1

    def step(self, thread: int) -> bool:
        info = ctypes.create_string_buffer(88)
        executioner.ptrace(executioner.GET_SYSCALL_INFO, thread, len(info), info)
        if info.raw[0] == ENTRY:
            number, *arguments = struct.unpack_from("7Q", info.raw, 24)
            name = CALLS[platform.machine()].get(number)
            begun = name and getattr(self, f"begin_{name}")(*arguments)
            if begun:
                self.under_way[thread] = begun
        elif info.raw[0] == EXIT and (finish := self.under_way.pop(thread, None)):
            result, failed = struct.unpack_from("qB", info.raw, 24)
            if not failed and (done := finish(result)):
                self.note(done)
        return False

    def note(self, step: Step) -> None:
        self.out.write(json.dumps(step) + "\n")
        self.count += 1

    # what is in the process

    def read(self, address: int, size: int) -> bytes:
        if self.memory < 0:
            self.memory = os.open(f"/proc/{self.pid}/mem", os.O_RDONLY)
        with suppress(OSError):
            return os.pread(self.memory, size, address)
        return b""

    def text(self, address: int) -> str:
        return self.read(address, 4096).partition(b"\0")[0].decode("utf-8", "replace")

    def vectors(self, address: int, count: int, most: int) -> bytes:
        """The bytes that an array of iovecs names, up to so many."""
        pairs = struct.iter_unpack("2Q", self.read(address, 16 * min(count, 64)))
        return b"".join(self.read(base, min(size, most)) for base, size in pairs)[:most]

    def path(self, fd: int) -> str:
        with suppress(OSError):
            return str(Path(f"/proc/{self.pid}/fd/{ctypes.c_int(fd).value}").readlink())
        return ""

    def entry(self, path: str) -> str | None:
        """The name of one of the database's files; None for any other path."""
        folder, _, name = path.rpartition("/")
        return name if folder == self.folder and name in self.names else None

    def file(self, fd: int) -> int | None:
        name = self.entry(self.path(fd))
        return None if name is None else self.living[name]

    # what is done to files

    def begin_pwrite64(self, fd: int, address: int, size: int, at: int, *_: int) -> Finish | None:
        file = self.file(fd)
        if file is None:
            return None
        data = self.read(address, size)
        return lambda done: {"step": "write", "file": file, "at": at, "data": data[:done].hex()}

    def begin_write(self, fd: int, address: int, size: int, *_: int) -> Finish | None:
        if self.file(fd) is not None:
            position = Path(f"/proc/{self.pid}/fdinfo/{fd}").read_text().split()[1]
            return self.begin_pwrite64(fd, address, size, int(position))
        return self.answer(self.read(address, min(size, HEAD_BYTES)))

    def begin_ftruncate(self, fd: int, size: int, *_: int) -> Finish | None:
        file = self.file(fd)
        return None if file is None else lambda _: {"step": "size", "file": file, "size": size}

    def begin_fallocate(self, fd: int, *_: int) -> Finish | None:
        assert self.file(fd) is None, "SQLite does not do that here"
        return None

    def begin_sync(self, fd: int, *_: int) -> Finish | None:
        file = DIRECTORY if self.path(fd) == self.folder else self.file(fd)
        since = self.count
        return None if file is None else lambda _: {"step": "sync", "file": file, "since": since}

    # what is done to the directory

    def begin_openat(self, _folder: int, _path: int, flags: int, *_: int) -> Finish | None:
        return self.opened if flags & O_CREAT else None

    def begin_open(self, _path: int, flags: int, *_: int) -> Finish | None:
        return self.opened if flags & O_CREAT else None

    def begin_creat(self, *_: int) -> Finish:
        return self.opened

    def opened(self, fd: int) -> Step | None:
        name = self.entry(self.path(fd))
        if name is None or name in self.living:
            return None
        self.made += 1
        self.living[name] = self.made
        return {"step": "made", "name": name, "file": self.made}

    def begin_unlink(self, path: int, *_: int) -> Finish | None:
        name = self.entry(self.text(path))

        def gone(_: int) -> Step:
            del self.living[name or ""]
            return {"step": "gone", "name": name}

        return None if name is None else gone

    def begin_unlinkat(self, folder: int, path: int, *_: int) -> Finish | None:
        return self.begin_unlink(path) if folder & 0xFFFFFFFF == AT_FDCWD else None

    def begin_rename(self, path: int, to: int, *_: int) -> Finish | None:
        assert {self.entry(self.text(path)), self.entry(self.text(to))} == {None}, "SQLite does not do that"
        return None

    def begin_renameat(self, _folder: int, path: int, _other: int, to: int, *_: int) -> Finish | None:
        return self.begin_rename(path, to)

    # what is answered

    def begin_writev(self, _fd: int, vectors: int, count: int, *_: int) -> None:
        self.answer(self.vectors(vectors, count, HEAD_BYTES))

    def begin_sendto(self, _fd: int, address: int, size: int, *_: int) -> None:
        self.answer(self.read(address, min(size, HEAD_BYTES)))

    def begin_sendmsg(self, _fd: int, message: int, *_: int) -> None:
        # struct msghdr: name, length of it, vectors, count, …
        _, _, vectors, count = struct.unpack("4Q", self.read(message, 32))
        self.answer(self.vectors(vectors, count, HEAD_BYTES))

    def answer(self, head: bytes) -> None:
        ids = [found.decode() for found in ACCEPTED.findall(head)]
        if ids:
            self.note({"step": "answer", "ids": ids})


def main() -> None:
    record, database, *command = sys.argv[1:]
    executioner.libc.prctl(executioner.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    pid, go = executioner.begin(command)
    with Path(record).open("w", encoding="ascii") as out:
        recorder = Recorder(pid, Path(database), out)
        recorder.seize()
        os.close(go)
        executioner.say({"armed": True})
        recorder.follow()
    executioner.say({"steps": recorder.count})
    executioner.left_behind()


if __name__ == "__main__":
    main()
