"""A full disk, and homes that cannot be written: a clear error, nothing lost, and all well when mended."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress

import pytest

from faults import book
from faults.small_disk import fill, free, mounted
from faults.talk import Refused, Talk, package


@pytest.fixture
def small(lamb):
    """A lamb whose home is a disk of 128 MB, with a function of two versions in it."""
    with mounted(lamb):
        _furnish(lamb)
        yield lamb


def _furnish(lamb):
    lamb.write("f.zip", package("one"))
    lamb.write("g.zip", package("two"))
    lamb.write("h.zip", package("three"))
    lamb.run("create", "f", "--zip", "f.zip", "--handler", "app.handler", "-E", "MM=secret", "--publish")
    lamb.run("update", "f", "--zip", "g.zip", "--publish")
    lamb.run("alias", "create", "f", "live", "--version", "1")
    assert lamb.run("invoke", "f:live").returncode == 0


CHANGES = (
    ("update", "f", "--zip", "h.zip", "--publish"),
    ("env", "set", "f", "MM=other"),
    ("configure", "f", "--memory", "256"),
    ("publish", "f"),
    ("key", "rotate"),
    ("create", "g", "--zip", "h.zip", "--handler", "app.handler", "-E", "MM=x"),
    ("alias", "update", "f", "live", "--version", "2"),
    ("delete", "f:1", "--yes"),
)


def _state(lamb):
    """What the home shows, once what was stored has come into force: by itself, within a second or so."""
    if lamb.health() is None:
        lamb.run("list")
    talk = Talk(lamb)
    try:
        for _ in range(5):
            with suppress(Refused):
                talk.settle("f")
                return book.read(talk)
        raise AssertionError("the last change never comes into force")
    finally:
        talk.close()


@pytest.mark.parametrize("left", [0, 8192, 65536])
def test_on_a_full_disk_a_change_fails_as_a_whole_and_names_it(small, left):
    for change in CHANGES:
        before = _state(small)
        fill(small, left)
        done = small.run(*change, check=False)
        free(small)
        after = _state(small)
        if done.returncode:
            assert str(small.home) in done.stderr, (change, done.stderr)
            assert "No space left" in done.stderr or "no room" in done.stderr, (change, done.stderr)
            assert after == before or "is stored" in done.stderr, change
            if after == before:
                small.run(*change)
    assert small.run("invoke", "f").returncode == 0


def test_a_full_disk_does_not_stop_what_needs_no_room(small):
    before = _state(small)
    fill(small, 0)
    assert small.run("list").stdout.startswith("f")
    assert small.run("invoke", "f:live").returncode == 0
    small.run("daemon", "stop")
    done = small.run("invoke", "f:live", check=False)  # may or may not start where nothing can be written
    assert done.returncode == 0 or str(small.home) in done.stderr, done.stderr
    free(small)
    assert small.run("invoke", "f:live").returncode == 0
    assert _state(small) == before


# ------------------------------------------------------------------ homes that cannot be used


@contextmanager
def _unwritable(lamb):
    """The home as nobody may change it: root needs a file system that says so, others only its mode."""
    if os.getuid() == 0 and lamb.user.uid == 0:
        remount = ("mount", "-o", "remount,bind", lamb.home)
        bind = subprocess.run(
            ("mount", "--bind", lamb.home, lamb.home), capture_output=True, text=True, check=False
        )
        if bind.returncode:
            pytest.skip(f"this user may not mount: {bind.stderr.strip()}")
        subprocess.run((*remount[:2], "remount,bind,ro", lamb.home), check=True)
        try:
            yield
        finally:
            subprocess.run(("umount", "--lazy", lamb.home), check=True)
    else:
        folders = [lamb.home, *(path for path in lamb.home.rglob("*") if path.is_dir())]
        modes = {path: path.stat().st_mode & 0o7777 for path in folders}
        for path in reversed(folders):
            path.chmod(0o555)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)


@pytest.mark.each_user
def test_a_home_that_cannot_be_written_is_named_and_works_again_when_it_can(lamb):
    _furnish(lamb)
    before = _state(lamb)
    lamb.run("daemon", "stop")
    with _unwritable(lamb):
        for command in (("list",), ("invoke", "f"), ("create", "g", "--zip", "h.zip")):
            done = lamb.run(*command, check=False)
            assert done.returncode in (0, 1), done
            if done.returncode:
                assert str(lamb.home) in done.stderr, done.stderr
                assert "bug" not in done.stderr, done.stderr
            else:
                lamb.run("daemon", "stop")
    assert _state(lamb) == before
    assert lamb.run("invoke", "f:live").returncode == 0


@pytest.mark.each_user
def test_a_new_home_that_cannot_be_made_is_named(lamb):
    lamb.furnished = False
    lamb.home.parent.chmod(0o555)
    place = lamb.home if lamb.user.uid else lamb.home / "below"
    if not lamb.user.uid:
        lamb.home.write_text("a file, since root may write everywhere")
    try:
        done = lamb.run("--home", str(place), "list", check=False)
    finally:
        lamb.home.parent.chmod(0o700)
        lamb.home.unlink(missing_ok=True)
    assert done.returncode == 1
    assert str(place) in done.stderr
    assert lamb.run("list").stdout == ""


@pytest.mark.each_user
def test_a_home_that_is_a_file_is_named_and_left_alone(lamb):
    lamb.home.write_text("precious")
    done = lamb.run("list", check=False)
    assert done.returncode == 1
    assert str(lamb.home) in done.stderr
    assert lamb.home.read_text() == "precious"
    lamb.home.unlink()
    lamb.run("list")
