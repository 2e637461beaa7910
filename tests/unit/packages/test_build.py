from __future__ import annotations

import hashlib
import io
import os
import socket
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lamb.model.errors import InvalidParameterValue
from lamb.packages.archive import inspect, refuse_unusable, repair
from lamb.packages.build import build

GOLDEN = "3a7c9bd1444facb19b8f1e9a29511a5577bc06233597c9cddfe1e5c13b7ca67d"


def members(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {member.filename: stat.filemode(member.external_attr >> 16) for member in archive.infolist()}


def lay(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def test_the_bytes_of_a_package_are_the_same_on_every_machine(tmp_path):
    lay(tmp_path, "app.py", "pkg/übung.py", "b/a", "b.a")
    (tmp_path / "run").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "link").symlink_to("pkg/übung.py")
    (tmp_path / "empty").mkdir()
    # When this number changes, every package that lamb builds gets another CodeSha256.
    assert hashlib.sha256(build(tmp_path)).hexdigest() == GOLDEN


def test_umask_time_locale_and_order_of_creation_do_not_matter(tmp_path):
    script = (
        "import sys, pathlib; from lamb.packages.build import build\n"
        "sys.stdout.buffer.write(build(pathlib.Path(sys.argv[1])))\n"
    )
    built = set()
    for number, (umask, locale) in enumerate([(0o077, "C"), (0o002, "C.UTF-8"), (0o022, "POSIX")]):
        names = ["a.py", "ü.py", "z/b.py"]
        root = tmp_path / str(number)
        root.mkdir()
        lay(root, *(names if number else reversed(names)))
        for path in root.rglob("*.py"):
            path.chmod(0o666 & ~umask)
            os.utime(path, (number * 10**6, number * 10**8))
        environment = {
            "LC_ALL": locale,
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONHASHSEED": str(number),
        }
        command = [sys.executable, "-c", script, str(root)]
        built.add(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    assert len(built) == 1


def test_a_built_package_has_no_findings_and_needs_no_repair(tmp_path):
    data = build(lay(tmp_path, "app.py", "pkg/x.py"))
    assert inspect(data, handler="app.handler", runtime="python3.12") == []
    assert repair(data) == data


def test_a_program_stays_a_program_whoever_may_run_it(tmp_path):
    lay(tmp_path, "a", "b", "c")
    for name, mode in {"a": 0o700, "b": 0o610, "c": 0o666}.items():
        (tmp_path / name).chmod(mode)
    assert members(build(tmp_path)) == {"a": "-rwxr-xr-x", "b": "-rwxr-xr-x", "c": "-rw-r--r--"}


def test_a_single_file_lies_at_the_root(tmp_path):
    lay(tmp_path, "deep/hello.py")
    assert members(build(tmp_path / "deep" / "hello.py")) == {"hello.py": "-rw-r--r--"}


def test_a_single_file_may_be_named_by_a_link(tmp_path):
    lay(tmp_path, "real.py")
    (tmp_path / "hello.py").symlink_to("real.py")
    assert members(build(tmp_path / "hello.py")) == {"hello.py": "-rw-r--r--"}


def test_links_that_stay_inside_or_point_to_opt_are_kept(tmp_path):
    lay(tmp_path, "d/a")
    (tmp_path / "l").symlink_to("d/a")
    (tmp_path / "d" / "up").symlink_to("../l")
    (tmp_path / "layer").symlink_to("/opt/lib")
    assert [name for name, mode in members(build(tmp_path)).items() if mode[0] == "l"] == [
        "d/up",
        "l",
        "layer",
    ]


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "d/../../x"])
def test_a_link_out_of_the_directory_is_refused_by_name(tmp_path, target):
    lay(tmp_path, "d/a")
    (tmp_path / "l").symlink_to(target)
    with pytest.raises(InvalidParameterValue, match=f"{tmp_path}/l is a link to"):
        build(tmp_path)


def test_caches_version_control_and_virtual_environments_are_left_out(tmp_path):
    lay(
        tmp_path,
        "app.py", "__pycache__/app.pyc", "pkg/__pycache__/x", "x.pyc", ".git/config", ".venv/bin/python",
        "env/pyvenv.cfg", "env/lib/x.py", ".lambignore", "lamb.toml", "sub/lamb.toml", ".DS_Store",
    )  # fmt: skip
    (tmp_path / ".lambignore").write_text("")
    assert list(members(build(tmp_path))) == ["app.py", "sub/lamb.toml"]


def test_lambignore_leaves_out_and_takes_back(tmp_path):
    lay(
        tmp_path,
        "app.py",
        "tests/t.py",
        "a.log",
        "keep.log",
        "old.pyc",
        "docs/a.md",
        "pkg/docs/b.md",
        "build/x",
    )
    (tmp_path / ".lambignore").write_text("# comment\n\ntests/\n*.log\n!keep.log\n!*.pyc\n/docs\nbuild/**\n")
    assert list(members(build(tmp_path))) == ["app.py", "keep.log", "old.pyc", "pkg/docs/b.md"]


def test_a_pattern_that_means_nothing_is_refused_by_name(tmp_path):
    lay(tmp_path, "app.py")
    (tmp_path / ".lambignore").write_text("[z-a]\n")
    with pytest.raises(
        InvalidParameterValue, match=r"\.lambignore has a pattern that means nothing: \[z-a\]"
    ):
        build(tmp_path)


def test_an_earlier_archive_in_the_same_directory_can_be_left_out(tmp_path):
    lay(tmp_path, "app.py", "out.zip")
    assert list(members(build(tmp_path, leave_out=[tmp_path / "out.zip", tmp_path / "gone"]))) == ["app.py"]


def test_a_package_is_stored_below_50_mb_and_deflated_beyond(tmp_path):
    (tmp_path / "zeros").write_bytes(bytes(1_000_000))
    assert len(build(tmp_path)) > 1_000_000
    (tmp_path / "zeros").write_bytes(bytes(60_000_000))
    data = build(tmp_path)
    assert len(data) < 100_000
    assert refuse_unusable(data) == 60_000_000


def test_a_directory_beyond_250_mib_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(
        InvalidParameterValue, match=r"^Unzipped size must be smaller than 262144000 bytes.*huge"
    ):
        build(tmp_path)


def test_what_cannot_be_packed_is_refused_by_name(tmp_path):
    with pytest.raises(
        InvalidParameterValue, match=f"{tmp_path}/gone cannot be packed: No such file or directory"
    ):
        build(tmp_path / "gone")
    with pytest.raises(InvalidParameterValue, match=f"{tmp_path} holds no file to pack"):
        build(tmp_path)
    lay(tmp_path, "app.py")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InvalidParameterValue, match=f"{tmp_path}/fifo is a device"):
        build(tmp_path)
    with pytest.raises(InvalidParameterValue, match=f"{tmp_path}/fifo is a device"):
        build(tmp_path / "fifo")


def test_a_socket_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, "app.py")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(InvalidParameterValue, match="/socket is a device, a fifo or a socket"):
            build(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"a\xff")).touch()
    with pytest.raises(InvalidParameterValue, match=r"a\\xff has a name that is not UTF-8"):
        build(tmp_path)


def test_a_file_that_may_not_be_read_is_refused_by_name(tmp_path):
    lay(tmp_path, "app.py", "secret")
    (tmp_path / "secret").chmod(0)
    tmp_path.chmod(0o755)
    script = (
        "import os, sys, pathlib; from lamb.packages.build import build\n"
        "from lamb.model.errors import InvalidParameterValue\n"
        "root = pathlib.Path(sys.argv[1]); os.chdir(root)\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: build(pathlib.Path('.'))\n"
        "except InvalidParameterValue as refused: print(refused)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert told.stdout == "secret cannot be packed: Permission denied\n"
