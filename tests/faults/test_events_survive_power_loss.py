"""The power fails at any moment: every event whose 202 had been sent is there when it is back.

A run is recorded system call by system call (recorder.py); from the record, disks are made as a power cut at
each moment may leave them (disk.py), and lamb's own store opens every one.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults import crowd, disk
from faults.ledger import Ledger
from faults.scene import Aside
from faults.talk import Talk
from lamb.model.clock import ManualClock
from lamb.model.errors import HomeUnusable
from lamb.model.names import Place
from lamb.model.queue import QueueKey
from lamb.store import events as rows
from lamb.store import messages, queues
from lamb.store.database import Database

HERE = Path(__file__).parent
SENDERS = (["works", "works:live"], ["fails"], ["works", "fails"])
MOST = 1 << 30


class Bench:
    """Where the disks that a power cut leaves are looked at, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "lamb.sqlite3"
        self.looked_at = 0

    def events(self, files: disk.Files) -> tuple[dict[str, str], dict[str, Counter[str]]]:
        """Request id → state, and queue → how many messages tell of each. Raises HomeUnusable."""
        for old in self.file.parent.iterdir():
            old.unlink()
        for name, content in files.items():
            (self.file.parent / name).write_bytes(content)
        self.looked_at += 1
        database = Database(f"sqlite:///{self.file}", ManualClock())
        try:
            with database.reading() as tx:
                found = rows.page(tx, Place(), MOST, MOST, name=None, state=None)
                letters = {name: Counter(_letters(tx, name)) for name, _ in crowd.LETTERS}
        finally:
            database.close()
        return {view.event.request_id: view.state for _, view in found}, letters


def _letters(tx, name):
    queue = queues.find(tx, QueueKey(Place().account, Place().region, name))
    for message in messages.first(tx, queue.id, MOST) if queue else []:
        about = message.attributes.get("RequestID")
        yield about["StringValue"] if about else json.loads(message.body)["requestContext"]["requestId"]


@pytest.fixture
def bench():
    """In memory where there is room: nothing here has to outlive anything."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Bench(Path(folder))


@contextmanager
def recorded(record, database, *command, **popen):
    """The command runs, and is over at the end."""
    program = [sys.executable, HERE / "recorder.py", record, database, *command]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, **popen) as process:
        assert json.loads(process.stdout.readline()) == {"armed": True}
        yield process
        process.stdout.read()
        assert process.wait(60) == 0


def promised(steps, sent):
    """The same without the answers to other requests."""
    return [
        {**step, "ids": [r for r in step["ids"] if r in sent]} if step["step"] == "answer" else step
        for step in steps
    ]


def cuts(steps, draw, random_ones, most):
    """Moments, and for each what the disk may hold; nothing twice.

    Just after an answer is when most was promised and least may be durable: of those none is left out. Of
    all others there are at most so many.
    """
    every = disk.boundaries(steps)
    wanted = {number for number in every if steps[number]["step"] == "answer"}
    others = [number for number in every if number not in wanted]
    wanted.update(others if len(others) <= most else draw.sample(others, most))
    seen = set()
    for moment in disk.moments(steps, wanted):
        for files in moment.outcomes(draw, random_ones):
            state = hash((tuple(sorted(files.items())), moment.answered))
            if state not in seen:
                seen.add(state)
                yield moment, files


# ------------------------------------------------------------------ the daemon


def send_some(talk, names, count):
    sent = {}
    for number in range(count):
        name = names[number % len(names)]
        sent[crowd.send(talk, name, {"n": number, "padding": "x" * 2000})] = name
    return sent


def record_daemon(lamb, record, count):
    """A daemon's whole life, from a home that is not there yet to its end. Request id → as sent to."""
    start = (str(lamb.user.python), "-m", "lamb.daemon", "--home", str(lamb.home))
    sent = {}
    with Ledger() as ledger, recorded(record, lamb.home / "lamb.sqlite3", *start, env=lamb.env) as process:
        while lamb.health() is None:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.02)
        talk = Talk(lamb)
        crowd.furnish(talk, ledger)
        sending = [Aside(send_some, Talk(lamb), names, count) for names in SENDERS]
        for one in sending:
            sent.update(one.result(600))
        for name in crowd.FUNCTIONS_SENT_TO:
            crowd.wait_empty(talk, name)
        lamb.run("daemon", "stop")
    return sent


def prove(lamb, record, bench, count, random_ones, most):
    """What was answered is there, and what an event's end leads to came with its end."""
    sent = record_daemon(lamb, record, count)
    steps, draw, told = promised(disk.read(record), sent), random.Random(7), Counter()
    assert {r for step in steps if step["step"] == "answer" for r in step["ids"]} == sent.keys()
    (database,) = {
        step["file"] for step in steps if step["step"] == "made" and step["name"] == bench.file.name
    }
    kinds = Counter((step["step"], step.get("file") == database) for step in steps)
    assert kinds["write", True], "the log was never moved into the database: more events are needed"
    for moment, files in cuts(steps, draw, random_ones, most):
        there, letters = bench.events(files)
        assert moment.answered <= there.keys(), f"lost at step {moment.number}"
        assert there.keys() <= sent.keys()
        for queue, name in crowd.LETTERS:
            over = [r for r, state in there.items() if sent[r] == name and state != "queued"]
            assert letters[queue] == Counter(over), f"half an end at step {moment.number}"
        told["disks"] += 1
        told["with events that were not over"] += "queued" in there.values()
    (last,) = disk.moments(steps, {len(steps) - 1})
    assert last.everything() == {bench.file.name: (lamb.home / bench.file.name).read_bytes()}
    return {"events": len(sent), "steps": len(steps), **told}


def test_an_accepted_event_is_there_after_a_power_cut_at_any_moment(new_lamb, bench, tmp_path):
    prove(new_lamb(LAMB_RETRY_BASE_S="0"), tmp_path / "record", bench, count=70, random_ones=1, most=80)


@pytest.mark.soak
def test_very_many_accepted_events_are_there_after_a_power_cut_at_any_moment(new_lamb, bench, tmp_path, tell):
    lamb = new_lamb(LAMB_RETRY_BASE_S="0")
    told = prove(lamb, tmp_path / "record", bench, count=400, random_ones=2, most=1000)
    tell(f"power cuts: {told}")


# ------------------------------------------------------------------ whether a loss would be seen


def losses(synchronous, bench, folder, count=60):
    """Of events that were told as accepted with the database synced like this: how often some were lost."""
    database, record = folder / "home" / bench.file.name, folder / "record"
    database.parent.mkdir()
    sender = (sys.executable, HERE / "bare_sender.py", database, synchronous, str(count))
    with recorded(record, database, *sender):
        pass
    found = 0
    steps = disk.read(record)
    assert sum(len(step["ids"]) for step in steps if step["step"] == "answer") == count
    for moment, files in cuts(steps, random.Random(3), 1, 50):
        try:
            found += not moment.answered <= bench.events(files)[0].keys()
        except HomeUnusable:
            found += 1
    assert bench.looked_at > count
    return found


def test_the_model_sees_no_loss_where_every_commit_is_synced(bench, tmp_path):
    assert losses("FULL", bench, tmp_path) == 0


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_model_sees_a_loss_where_commits_are_not_synced(synchronous, bench, tmp_path):
    assert losses(synchronous, bench, tmp_path) > 0
