from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamb.sandbox import landlock

pytestmark = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")

PREPARE = """
import errno, os, signal, socket, sys
from lamb.sandbox import landlock, syscalls
readable, writable, outside = sys.argv[1:4]
def code(step, *args):
    try:
        step(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
def read(path): open(path).read()
def write(path): open(path, "a").write("x")
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
landlock.restrict([readable, sys.prefix, sys.base_prefix, "/usr", "/no/such/path"], [writable])
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("readable", "writable", "outside")]
    for folder in made:
        folder.mkdir()
        (folder / "file").write_text("there")
    return made


def behind_the_wall(folders: list[Path], steps: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{PREPARE}\nprint({steps})", *map(str, folders)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_what_is_readable_can_be_read_and_not_changed(folders: list[Path]):
    steps = (
        "code(read, readable + '/file'), code(os.listdir, readable), code(write, readable + '/file'), "
        "code(os.unlink, readable + '/file'), code(os.mkdir, readable + '/new'), "
        "code(write, readable + '/new')"
    )
    assert behind_the_wall(folders, steps) == ["done", "done", *["EACCES"] * 4]
    assert (folders[0] / "file").read_text() == "there"


def test_what_is_writable_can_be_changed(folders: list[Path]):
    steps = (
        "code(write, writable + '/file'), code(os.mkdir, writable + '/new'), "
        "code(os.rename, writable + '/file', writable + '/new/file'), "
        "code(os.truncate, writable + '/new/file', 0), "
        "code(os.unlink, writable + '/new/file')"
    )
    assert behind_the_wall(folders, steps) == ["done"] * 5


def test_nothing_else_can_be_read_or_changed_even_by_root(folders: list[Path]):
    steps = (
        "code(read, outside + '/file'), code(os.listdir, outside), code(write, outside + '/file'), "
        "code(os.unlink, outside + '/file'), code(read, '/etc/passwd')"
    )
    assert behind_the_wall(folders, steps) == ["EACCES"] * 5


def test_nothing_can_be_moved_or_linked_over_the_wall(folders: list[Path]):
    steps = (
        "code(os.rename, outside + '/file', writable + '/stolen'), "
        "code(os.link, outside + '/file', writable + '/stolen'), "
        "code(os.link, readable + '/file', writable + '/writable-now')"
    )
    assert set(behind_the_wall(folders, steps)) <= {"EACCES", "EXDEV"}
    assert sorted(path.name for path in folders[1].iterdir()) == ["file"]


@pytest.mark.skipif(landlock.abi() < 6, reason="scopes came with Landlock 6")
def test_neither_signals_nor_abstract_sockets_reach_outside(folders: list[Path]):
    import socket  # noqa: PLC0415 - one test needs it

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0lamb-test-{os.getpid()}")
        listener.listen()
        name = f"'\\0lamb-test-{os.getpid()}'"
        steps = f"code(os.kill, os.getppid(), 0), code(socket.socket(socket.AF_UNIX).connect, {name})"
        assert behind_the_wall(folders, steps) == ["EPERM", "EPERM"]


def test_children_stay_behind_the_wall(folders: list[Path]):
    steps = "os.system('cat ' + outside + '/file 2>/dev/null') != 0"
    assert behind_the_wall(folders, steps) == ["True"]
