"""What a power cut leaves of a database's files, for every moment of a record (see recorder.py).

Durable is what was synced, and nothing else: files keep the writes that a sync of theirs covered, the
directory the entries that a sync of the directory covered. Of everything later, a disk may have taken any
part, in any order, and of each write any of its sectors.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512
DIRECTORY = 0
"""The number that a record gives the directory."""

Step = dict[str, Any]
Files = dict[str, bytes]
"""Name → content."""


@dataclass
class Disk:
    """Files by number, and the entries that name them: as they are after certain steps."""

    contents: dict[int, bytearray] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Disk:
        return Disk({file: bytearray(data) for file, data in self.contents.items()}, dict(self.entries))

    def take(self, step: Step) -> None:
        kind = step["step"]
        if kind == "made":
            self.entries[step["name"]] = step["file"]
        elif kind == "gone":
            self.entries.pop(step["name"], None)
        elif kind == "size":
            content = self.contents.setdefault(step["file"], bytearray())
            del content[step["size"] :]
            content.extend(bytes(step["size"] - len(content)))
        elif kind == "write":
            self.write(step["file"], step["at"], bytes.fromhex(step["data"]))

    def write(self, file: int, at: int, data: bytes) -> None:
        content = self.contents.setdefault(file, bytearray())
        content.extend(bytes(max(0, at - len(content))))
        content[at : at + len(data)] = data

    def files(self) -> Files:
        return {name: bytes(self.contents.get(file, b"")) for name, file in self.entries.items()}


@dataclass(frozen=True)
class Moment:
    """One at which the power may fail."""

    number: int
    durable: Disk
    pending: tuple[Step, ...]
    """What was done since, and may be lost."""
    answered: frozenset[str]
    """Request ids of the events that were accepted by then."""

    def everything(self) -> Files:
        """What is there where nothing fails."""
        return self._with(self.pending).files()

    def outcomes(self, draw: random.Random, random_ones: int) -> Iterator[Files]:
        """What the disk may hold afterwards: none, all, and some of what was pending, torn at sectors."""
        yield self.durable.files()
        if not self.pending:
            return
        yield self.everything()
        for _ in range(random_ones):
            yield self._with(_torn(self.pending[: draw.randrange(len(self.pending)) + 1], draw)).files()
            yield self._with(_some(self.pending, draw)).files()

    def _with(self, steps: Iterable[Step]) -> Disk:
        disk = self.durable.copy()
        for step in steps:
            disk.take(step)
        return disk


def read(record: Path) -> list[Step]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def boundaries(steps: list[Step]) -> list[int]:
    """After every step; of answers in a row, after the last: the disk is the same, and more was promised."""
    following = [step["step"] for step in steps[1:]] + ["end"]
    return [number for number, then in enumerate(following) if then != "answer"]


def moments(steps: list[Step], wanted: Collection[int]) -> Iterator[Moment]:
    """After each of these steps."""
    durable, answered = Disk(), set[str]()
    pending: list[tuple[int, Step]] = []
    for number, step in enumerate(steps):
        if step["step"] == "answer":
            answered.update(step["ids"])
        elif step["step"] == "sync":
            for _, done in (entry for entry in pending if _covers(step, *entry)):
                durable.take(done)
            pending = [entry for entry in pending if not _covers(step, *entry)]
        else:
            pending.append((number, step))
        if number in wanted:
            yield Moment(number, durable.copy(), tuple(each for _, each in pending), frozenset(answered))


def _covers(sync: Step, number: int, step: Step) -> bool:
    of = step["file"] if step["step"] in ("write", "size") else DIRECTORY
    return bool(of == sync["file"] and number < sync["since"])


def _torn(steps: tuple[Step, ...], draw: random.Random) -> list[Step]:
    """All of them but the end of the last, from some sector on."""
    last = steps[-1]
    if last["step"] != "write":
        return list(steps)
    first = last["at"] // SECTOR
    sectors = (last["at"] + len(last["data"]) // 2 - 1) // SECTOR - first + 1
    kept = max(0, (first + draw.randrange(sectors)) * SECTOR - last["at"])
    return [*steps[:-1], *([{**last, "data": last["data"][: 2 * kept]}] if kept else [])]


def _some(steps: tuple[Step, ...], draw: random.Random) -> Iterator[Step]:
    """Any of them, and of each write any of its sectors: a disk reorders what no sync has ordered."""
    for step in steps:
        if step["step"] == "write":
            yield from (part for part in _sectors(step) if draw.random() < 0.5)
        elif draw.random() < 0.5:
            yield step


def _sectors(step: Step) -> Iterator[Step]:
    data, at = step["data"], step["at"]
    while data:
        size = SECTOR - at % SECTOR
        yield {**step, "at": at, "data": data[: 2 * size]}
        data, at = data[2 * size :], at + size
