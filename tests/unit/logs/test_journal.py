from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamb.logs.journal import Entry, Group, Journal, Position

GROUP = Group("123456789012", "us-east-1", "/aws/lambda/f")
START = Position(0, 0)


def entry(message: str, number: int = 0) -> Entry:
    return Entry(1_700_000_000_000 + number, "2026/01/02/[$LATEST]0", "id", message)


def on_a_loop(work: Callable[[], None]) -> None:
    async def run() -> None:
        work()

    asyncio.run(run())


def append(journal: Journal, *messages: str, group: Group = GROUP) -> None:
    """Each message as a batch of its own, as if time had passed between them."""

    def work() -> None:
        for message in messages:
            journal.append(group, entry(message))
            journal.flush()

    on_a_loop(work)


def messages(journal: Journal, group: Group = GROUP, position: Position = START) -> list[str]:
    found = []
    while True:
        entries, position = journal.read(group, position)
        if not entries:
            return found
        found += [e.message for e in entries]


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.ndjson"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "logs", 1 << 20)
    yield made
    made.close()


def test_entries_are_read_as_they_were_written(journal: Journal):
    written = [
        entry("a\n", 1),
        Entry(2, "s", None, "zwei\nZeilen\r\n\u2028 \x00"),
        entry("", 3),
        Entry(4, "s", "id", "end\n", last=True),
    ]
    on_a_loop(lambda: [journal.append(GROUP, e) for e in written] and None)
    assert journal.read(GROUP, START)[0] == written


@given(st.lists(st.text(max_size=30), max_size=10))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]):
    journal = Journal(tmp_path_factory.mktemp("logs"), 1 << 20)
    append(journal, *texts)
    assert messages(journal) == [text.encode("utf-8", "replace").decode() for text in texts]
    journal.close()


def test_an_entry_can_be_read_before_it_is_flushed(journal: Journal):
    def work() -> None:
        journal.append(GROUP, entry("now"))
        assert messages(journal) == ["now"]

    on_a_loop(work)


def test_reading_goes_on_where_it_stopped(journal: Journal):
    append(journal, "one", "two")
    entries, position = journal.read(GROUP, START)
    append(journal, "three")
    assert [e.message for e in entries] == ["one", "two"]
    assert messages(journal, position=position) == ["three"]


def test_a_page_is_bounded_and_holds_whole_lines(journal: Journal):
    append(journal, *(str(n) * 100 for n in range(10)))
    entries, position = journal.read(GROUP, START, limit=300)
    assert 1 <= len(entries) <= 3
    assert [e.message for e in entries] + messages(journal, position=position) == [
        str(n) * 100 for n in range(10)
    ]


def test_a_line_longer_than_a_page_is_read_whole(journal: Journal):
    append(journal, "x" * 10_000)
    assert [len(e.message) for e in journal.read(GROUP, START, limit=10)[0]] == [10_000]


def test_groups_do_not_meet(journal: Journal):
    names = ["/aws/lambda/f", "/aws/lambda/f/", "%2Faws%2Flambda%2Ff", ".", "..", ".hidden", "a", "A"]
    groups = [Group(account, "r", name) for account in ("1", "2") for name in names]
    for number, group in enumerate(groups):
        append(journal, str(number), group=group)
    assert [messages(journal, group) for group in groups] == [[str(n)] for n in range(len(groups))]


def test_no_name_of_a_group_leads_out_of_the_logs(tmp_path: Path, journal: Journal):
    for name in ("..", "../../../x", "/etc/passwd", "."):
        append(journal, "m", group=Group("1", "r", name))
    assert {path.name for path in tmp_path.iterdir()} == {"logs"}
    assert {len(path.relative_to(tmp_path).parts) for path in files(tmp_path)} == {5}


def test_the_longest_names_of_groups_can_be_files(journal: Journal):
    groups = [Group("1", "r", f"{'/' * 511}{end}") for end in "ab"]
    for group in groups:
        append(journal, group.name[-1], group=group)
    assert [messages(journal, group) for group in groups] == [["a"], ["b"]]


def test_a_log_is_bounded_on_disk_and_keeps_what_is_newest(tmp_path: Path):
    journal = Journal(tmp_path, 40_000)
    append(journal, *(f"{n:05d}" + "x" * 500 for n in range(400)))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 40_000
    kept = [int(message[:5]) for message in messages(journal)]
    assert kept == list(range(kept[0], 400))
    assert len(kept) > 25
    journal.close()


def test_a_log_stays_bounded_over_restarts(tmp_path: Path):
    for start in range(0, 400, 20):
        journal = Journal(tmp_path, 40_000)
        append(journal, *(f"{n:05d}" + "x" * 500 for n in range(start, start + 20)))
        journal.close()
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 40_000
    assert messages(journal)[-1].startswith("00399")


def test_a_reader_that_is_slower_than_the_rotation_goes_on_with_what_is_left(tmp_path: Path):
    journal = Journal(tmp_path, 4_000)
    append(journal, "first")
    _, position = journal.read(GROUP, START)
    append(journal, *(f"{n:05d}" + "x" * 500 for n in range(100)))
    left = [int(message[:5]) for message in messages(journal, position=position)]
    assert left == list(range(left[0], 100))
    journal.close()


def test_a_position_survives_a_restart(tmp_path: Path):
    journal = Journal(tmp_path, 1 << 20)
    append(journal, "one")
    _, position = journal.read(GROUP, START)
    journal.close()
    journal = Journal(tmp_path, 1 << 20)
    append(journal, "two")
    assert messages(journal, position=position) == ["two"]
    journal.close()


@pytest.mark.parametrize("lost", [1, 5, 30])
def test_half_a_line_after_a_loss_of_power_costs_that_line_only(tmp_path: Path, lost: int):
    journal = Journal(tmp_path, 1 << 20)
    append(journal, "one", "two")
    journal.close()
    (file,) = files(tmp_path)
    os.truncate(file, file.stat().st_size - lost)
    journal = Journal(tmp_path, 1 << 20)
    assert messages(journal) == ["one"]
    append(journal, "three")
    # A line that lost but its newline is whole again.
    assert [m for m in messages(journal) if m != "two"] == ["one", "three"]
    journal.close()


def test_lines_of_garbage_are_passed_over(tmp_path: Path):
    journal = Journal(tmp_path, 1 << 20)
    append(journal, "one")
    journal.close()
    with files(tmp_path)[0].open("ab") as file:
        file.write(b'\n\x00\x00\x00\n[1]\n{"a":1}\n"x"\n[1,2,3,4,5]\n\xff\xfe\n')
    journal = Journal(tmp_path, 1 << 20)
    append(journal, "two")
    assert messages(journal) == ["one", "two"]
    journal.close()


@contextmanager
def files_no_larger_than(limit: int) -> Iterator[None]:
    """A full disk, as the kernel shows one to a single process (SIGXFSZ is ignored by Python)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_lines_and_nothing_else(journal: Journal):
    append(journal, "before")
    with files_no_larger_than(100):
        append(journal, "lost", "lost, too")
    append(journal, "after")
    kept = messages(journal)
    assert (kept[0], kept[-1]) == ("before", "after")


def test_an_unusable_directory_loses_lines_and_nothing_else(tmp_path: Path):
    journal = Journal(tmp_path / "logs", 1 << 20)
    (tmp_path / "logs").write_text("a file stands here")
    append(journal, "lost")
    assert messages(journal) == []
    (tmp_path / "logs").unlink()
    append(journal, "kept")
    assert messages(journal) == ["kept"]
    journal.close()


def test_a_directory_that_was_removed_under_it_is_made_again(tmp_path: Path):
    journal = Journal(tmp_path / "logs", 1 << 20)
    append(journal, "lost")
    journal.delete(GROUP)
    append(journal, "kept")
    assert messages(journal) == ["kept"]
    journal.close()


def test_thousands_of_groups_do_not_take_thousands_of_descriptors(journal: Journal):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(500):
        append(journal, "m", group=Group("1", "r", f"g{number}"))
    assert len(list(Path("/proc/self/fd").iterdir())) - before < 100
    append(journal, "again", group=Group("1", "r", "g499"))
    assert messages(journal, Group("1", "r", "g499")) == ["m", "again"]


def test_only_the_owner_can_read_a_log(tmp_path: Path, journal: Journal):
    append(journal, "secret")
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_file_is_json_lines(tmp_path: Path, journal: Journal):
    append(journal, "ä\n")
    on_a_loop(lambda: journal.append(GROUP, entry("b")._replace(last=True)))
    journal.flush()
    (file,) = files(tmp_path)
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert first == list(entry("ä\n")[:4])
    assert second == [*entry("b")[:4], True]


def test_what_is_pending_is_written_when_the_journal_closes(tmp_path: Path):
    journal = Journal(tmp_path, 1 << 20)

    def work() -> None:
        journal.append(GROUP, entry("last words"))
        journal.close()

    on_a_loop(work)
    assert messages(Journal(tmp_path, 1 << 20)) == ["last words"]
