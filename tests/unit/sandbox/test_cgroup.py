"""A cgroup as files: folders that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamb.sandbox.cgroup import Cgroup
from lamb.sandbox.spec import Order

FILES = {
    2: {
        "memory.current": "9000000\n",
        "memory.stat": "file 999\nanon 1234567\nanon_thp 888\nshmem 777\n",
        "memory.events": "low 0\nhigh 0\nmax 5\noom 1\noom_kill {kills}\noom_group_kill 0\n",
    },
    1: {
        "memory.usage_in_bytes": "9000000\n",
        "memory.stat": "cache 999\nrss 1234567\nrss_huge 888\ntotal_rss 777\n",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n",
    },
}


def group(folder: Path, version: int, kills: int = 0) -> Cgroup:
    folders = tuple(folder / name for name in ((".",) if version == 2 else ("memory", "pids", "cpu")))
    for each in folders:
        each.mkdir(exist_ok=True)
    for name, text in FILES[version].items():
        (folders[0] / name).write_text(text.format(kills=kills))
    return Cgroup(folders, folders[0], version)


def order(memory_mb: int = 128, tmp_mb: int = 512) -> Order:
    known = {"task": "t", "handler": "a.h", "environ": {}, "network": "host", "memory_by_cgroup": True}
    return Order(**known, tmp_mb=tmp_mb, memory_mb=memory_mb)  # type: ignore[arg-type]


each_version = pytest.mark.parametrize("version", [1, 2])


@each_version
def test_memory_is_what_no_file_backs(tmp_path: Path, version: int):
    assert group(tmp_path, version).memory_used() == 1_234_567


@each_version
def test_more_memory_than_a_limit_is_seen_and_files_are_none_of_it(tmp_path: Path, version: int):
    one = group(tmp_path, version)
    assert one.uses_more_than(1_234_566)
    assert not one.uses_more_than(1_234_567)
    assert not one.uses_more_than(9_000_001)


@each_version
@pytest.mark.parametrize("kills", [0, 1, 17])
def test_it_tells_how_often_the_kernel_killed_for_memory(tmp_path: Path, version: int, kills: int):
    assert group(tmp_path, version, kills).out_of_memory_kills() == kills


def test_limits_of_version_two_are_memory_with_tmp_and_aws_processes(tmp_path: Path):
    group(tmp_path, 2).limit(order(memory_mb=1769))
    assert (tmp_path / "memory.max").read_text() == str((1769 + 512) << 20)
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    assert (tmp_path / "pids.max").read_text() == "1025"
    assert (tmp_path / "cpu.weight").read_text() == "100"


def test_limits_of_version_one_are_the_same(tmp_path: Path):
    group(tmp_path, 1).limit(order())
    assert (tmp_path / "memory" / "memory.limit_in_bytes").read_text() == str((128 + 512) << 20)
    assert (tmp_path / "pids" / "pids.max").read_text() == "1025"
    assert (tmp_path / "cpu" / "cpu.shares").read_text() == "74"


@pytest.mark.parametrize(("memory_mb", "weight"), [(128, 7), (10_240, 579)])
def test_the_share_of_the_processors_is_in_proportion_to_memory(tmp_path: Path, memory_mb: int, weight: int):
    group(tmp_path, 2).limit(order(memory_mb=memory_mb))
    assert (tmp_path / "cpu.weight").read_text() == str(weight)


def test_a_group_that_still_has_processes_is_removed_later(tmp_path: Path):
    folder = tmp_path / "group"
    folder.mkdir()
    busy = Cgroup((folder,), folder, 2)
    (folder / "child").mkdir()  # rmdir refuses, as it does for processes
    assert not busy.remove()
    (folder / "child").rmdir()
    assert busy.remove()
    assert busy.remove()
