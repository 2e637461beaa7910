from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from lamb.model.errors import HomeUnusable
from lamb.model.names import FunctionKey
from lamb.store import functions
from lamb.store.database import Database

KEY = FunctionKey("123456789012", "us-east-1", "f")


def keys(count: int) -> list[FunctionKey]:
    return [FunctionKey(KEY.account, KEY.region, f"f{number}") for number in range(count)]


def opened(file, clock) -> Database:
    return Database(f"sqlite:///{file}", clock)


def test_what_a_transaction_wrote_is_there_for_the_next_process(database, file, clock):
    with database.transaction() as tx:
        functions.add(tx, KEY, {"team": "a"})
    again = opened(file, clock)
    with again.reading() as tx:
        assert functions.find(tx, KEY).tags == {"team": "a"}
    again.close()


def test_an_exception_rolls_the_whole_transaction_back(database):
    def fail_half_way() -> None:
        with database.transaction() as tx:
            functions.add(tx, KEY, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.reading() as tx:
        assert functions.find(tx, KEY) is None


def test_a_transaction_carries_the_time_and_it_stands_still(database, clock):
    with database.transaction() as tx:
        clock.advance(seconds=5)
        assert tx.now_ms == clock.ms - 5000


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database):
    with database.reading() as reader:
        assert functions.find(reader, KEY) is None
        with database.transaction() as writer:
            functions.add(writer, KEY, {})
        assert functions.find(reader, KEY) is None


def test_readers_do_not_wait_for_a_writer(database):
    with database.transaction() as writer:
        functions.add(writer, KEY, {})
        with ThreadPoolExecutor(1) as pool:

            def look() -> object:
                with database.reading() as tx:
                    return functions.find(tx, KEY)

            assert pool.submit(look).result(timeout=5) is None


def test_writers_take_turns_and_lose_nothing(database):
    def add_to_counter(_: int) -> int:
        with database.transaction() as tx:
            return functions.next_number(tx, KEY)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(add_to_counter, range(100))) == list(range(1, 101))


def test_connections_wander_between_threads(database):
    with ThreadPoolExecutor(4) as pool:

        def write(key: FunctionKey) -> None:
            with database.transaction() as tx:
                functions.add(tx, key, {})

        list(pool.map(write, keys(20)))
    with database.reading() as tx:
        assert all(functions.find(tx, key) for key in keys(20))


def test_commits_are_durable_and_references_are_kept(database):
    with database.reading() as tx:

        def pragma(name: str) -> object:
            return tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)


def test_the_database_is_for_its_owner_only(database, file):
    with database.transaction() as tx:
        functions.add(tx, KEY, {})
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}


def test_no_error_shows_what_was_written(database):
    with database.transaction() as tx:
        functions.add(tx, KEY, {})
    with pytest.raises(Exception, match="UNIQUE") as raised, database.transaction() as tx:
        functions.add(tx, KEY, {"team": "swordfish"})
    assert "swordfish" not in str(raised.value)


# ------------------------------------------------------------------ trouble, in clear words


def test_a_file_that_is_no_database_is_named_with_the_fix(file, clock):
    file.parent.mkdir()
    file.write_bytes(b"this was a database once" * 100)
    with pytest.raises(HomeUnusable, match=f"{file} is damaged") as refused:
        opened(file, clock)
    assert "backup" in refused.value.hint


def test_a_damaged_page_is_named_with_the_fix(file, clock):
    database = opened(file, clock)
    for key in keys(300):
        with database.transaction() as tx:
            functions.add(tx, key, {"filler": "x" * 200})
    database.close()
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)

    def look() -> None:
        with closing(opened(file, clock)) as again, again.reading() as tx:
            functions.find(tx, KEY)

    with pytest.raises(HomeUnusable, match=f"{file} is damaged"):
        look()


def test_a_full_disk_is_named_and_leaves_everything_as_it_was(database, file):
    def fill_up() -> None:
        with database.transaction() as tx:
            pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for key in keys(300):
                functions.add(tx, key, {"filler": "x" * 200})

    with pytest.raises(HomeUnusable, match=f"{file} has no room to grow") as refused:
        fill_up()
    assert refused.value.hint == "free space on its disk"
    with database.reading() as tx:
        assert functions.find(tx, keys(1)[0]) is None


def test_a_place_where_nothing_can_be_made_is_named(tmp_path, clock):
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="cannot be made") as refused:
        opened(tmp_path / "file" / "lamb.sqlite3", clock)
    assert "LAMB_HOME" in refused.value.hint


def test_a_directory_in_place_of_the_file_is_named(tmp_path, clock):
    (tmp_path / "lamb.sqlite3").mkdir()
    with pytest.raises(HomeUnusable, match="cannot be opened"):
        opened(tmp_path / "lamb.sqlite3", clock)


def test_a_database_of_another_program_is_left_alone(file, clock):
    file.parent.mkdir()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE photographs (name)")
    other.close()
    with pytest.raises(HomeUnusable, match="not a database of lamb's"):
        opened(file, clock)


def test_a_bug_of_ours_is_not_called_trouble_of_the_home(database):
    with pytest.raises(Exception, match="no such table") as raised, database.reading() as tx:
        tx.connection.exec_driver_sql("SELECT * FROM photographs")
    assert not isinstance(raised.value, HomeUnusable)


def test_after_a_failure_the_database_is_used_as_before(database, file, monkeypatch):
    monkeypatch.setattr("lamb.store.database._BUSY_S", 0.1)
    again = Database(f"sqlite:///{file}", database._clock)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HomeUnusable, match=f"{file} is held by another process"), again.transaction():
            raise AssertionError("nobody is let in")
        with again.reading() as tx:  # readers have nothing to wait for
            assert functions.find(tx, KEY) is None
        other.execute("ROLLBACK")
    with again.transaction() as tx:
        functions.add(tx, KEY, {})
    again.close()
    with database.reading() as tx:
        assert functions.find(tx, KEY) is not None
