"""Files of a home that were damaged, lost or exposed: a clear error with the fix, and never garbage."""

from __future__ import annotations

import os
import random
import shutil

import pytest

from faults import book
from faults.talk import Refused, Talk, package

SQLITE_PAGE = 4096
COMMANDS = (
    ("list",),
    ("show", "f"),
    ("versions", "f"),
    ("alias", "list", "f"),
    ("env", "list", "f"),
    ("invoke", "f:live"),
)


@pytest.fixture(scope="module")
def original(lamb_of_module):
    """A home with a function of two versions, an alias, variables and a log, and no daemon."""
    lamb = lamb_of_module
    lamb.write("f.zip", package("one"))
    lamb.write("g.zip", package("two"))
    lamb.run("create", "f", "--zip", "f.zip", "--handler", "app.handler", "-E", "MM=secret", "--publish")
    lamb.run("update", "f", "--zip", "g.zip", "--publish")
    lamb.run("alias", "create", "f", "live", "--version", "1")
    lamb.run("invoke", "f:live")
    lamb.stop_daemon()
    return lamb


@pytest.fixture
def furnished(original, lamb):
    """A copy of it."""
    lamb.furnish()
    leave = shutil.ignore_patterns("runtime", "*.sock")
    shutil.copytree(original.home, lamb.home, ignore=leave, dirs_exist_ok=True)
    shutil.copytree(original.work, lamb.work, dirs_exist_ok=True)
    return lamb


def _read(lamb):
    if lamb.health() is None:
        lamb.run("list")
    talk = Talk(lamb)
    try:
        return book.read(talk)
    finally:
        talk.close()


def _try_all(lamb, file):
    """Each command works, or says which file is damaged and what to do. How many of them failed."""
    failed = 0
    for command in COMMANDS:
        done = lamb.run(*command, check=False)
        if done.returncode:
            failed += 1
            assert done.returncode == 1, (command, done.stderr)
            assert str(file) in done.stderr, (command, done.stderr)
            assert "hint: " in done.stderr, (command, done.stderr)
    return failed


def _database_with_damage(lamb, damage):
    """Commands over a database that `damage` was done to; then over what it was before."""
    database = lamb.home / "lamb.sqlite3"
    assert sorted(lamb.home.glob("lamb.sqlite3*")) == [database], "a clean end leaves one file"
    whole = _read(lamb)
    lamb.stop_daemon()
    kept = database.read_bytes()
    damage(database)
    failed = _try_all(lamb, database)
    lamb.run("daemon", "stop", check=False)
    for left in lamb.home.glob("lamb.sqlite3-*"):
        left.unlink()
    database.write_bytes(kept)
    assert _read(lamb) == whole
    lamb.stop_daemon()
    return failed


def _garble(page, draw):
    def damage(database):
        with database.open("r+b") as file:
            file.seek(page * SQLITE_PAGE)
            file.write(draw.randbytes(SQLITE_PAGE))

    return damage


def _pages(lamb):
    return (lamb.home / "lamb.sqlite3").stat().st_size // SQLITE_PAGE


def test_a_damaged_page_of_the_database_is_named_with_the_fix(furnished):
    draw = random.Random(1)
    pages = _pages(furnished)
    assert sum(_database_with_damage(furnished, _garble(page, draw)) for page in (0, pages // 2)) > 0


@pytest.mark.soak
def test_every_damaged_page_of_the_database_is_named_with_the_fix(furnished, tell):
    draw = random.Random(2)
    failed = [_database_with_damage(furnished, _garble(page, draw)) for page in range(_pages(furnished))]
    tell(f"{len(failed)} pages garbled one by one: failed commands {failed}")


def test_a_database_cut_short_is_named_with_the_fix(furnished):
    half = _pages(furnished) // 2 * SQLITE_PAGE
    assert _database_with_damage(furnished, lambda database: os.truncate(database, half)) > 0


# ------------------------------------------------------------------ the log of the database


def _with_wal_cut(lamb, keep):
    """What the home shows when a kill and a disk left this share of the database's log."""
    wal = lamb.home / "lamb.sqlite3-wal"
    lamb.run("list")
    lamb.run("update", "f", "--zip", "f.zip", "--publish")
    lamb.kill_daemon()
    os.truncate(wal, round(wal.stat().st_size * keep))
    return _read(lamb)


@pytest.mark.parametrize("keep", [0.3, 0.99])
def test_a_truncated_log_of_the_database_leaves_an_earlier_state_and_no_mixture(furnished, keep):
    before = _read(furnished)
    furnished.stop_daemon()
    after = _with_wal_cut(furnished, keep)
    published = book.published(after)
    assert {label: published[label] for label in book.published(before)} == book.published(before)
    assert len(published) in (2, 3)
    assert furnished.run("invoke", "f:live").returncode == 0
    furnished.run("update", "f", "--zip", "g.zip")


# ------------------------------------------------------------------ the key


def _change_one_digit(key):
    text = key.read_text()
    key.write_text(text[:8] + ("A" if text[8] != "A" else "B") + text[9:])


WRONG_KEYS = {
    "lost": (lambda key: key.unlink(), ("missing", "restore the keyring")),
    "another": (_change_one_digit, ("another key", "restore the keyring")),
    "damaged": (lambda key: os.truncate(key, 20), ("damaged", "restore the keyring")),
    "exposed": (lambda key: key.chmod(0o644), ("0644", "chmod 600")),
}


def _variables_are_unreadable(lamb, words):
    """Everything but the variables works; what needs them says why and what to do, and shows nothing."""
    assert lamb.run("list").stdout.startswith("f")
    for command in (("env", "list", "f"), ("invoke", "f")):
        done = lamb.run(*command, check=False)
        assert done.returncode == 1, done
        assert "secret" not in done.stdout + done.stderr
        for word in (str(lamb.home / "keys" / "keyring"), *words):
            assert word in done.stderr, (word, done.stderr)
    # Nothing is sealed with a key that did not seal the rest.
    assert lamb.run("create", "g", "--zip", "f.zip", "-E", "MM=x", check=False).returncode == 1


@pytest.mark.parametrize("loss", WRONG_KEYS)
def test_a_key_that_is_not_right_gives_an_error_with_the_fix_and_never_garbage(furnished, loss):
    key = furnished.home / "keys" / "keyring"
    before = _read(furnished)
    damage, words = WRONG_KEYS[loss]
    aside = shutil.copy2(key, key.with_name("aside"))
    damage(key)
    _variables_are_unreadable(furnished, words)
    furnished.stop_daemon()
    _variables_are_unreadable(furnished, words)
    aside.replace(key)
    assert _read(furnished) == before
    furnished.run("invoke", "f:live")


# ------------------------------------------------------------------ packages


def test_a_package_that_was_lost_is_named_and_comes_back_with_its_code(furnished):
    for package_ in (furnished.home / "packages" / "zips").iterdir():
        package_.unlink()
    furnished.run("invoke", "f:live")
    talk = Talk(furnished)
    with pytest.raises(Refused, match="upload the function"):
        book.read(talk)
    talk.close()
    furnished.run("update", "f", "--zip", "f.zip")
    furnished.run("update", "f", "--zip", "g.zip")
    _read(furnished)
