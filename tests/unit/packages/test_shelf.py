from __future__ import annotations

import base64
import errno
import hashlib
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from unit.packages.zip_forge import Forged, file, folder, forge, link

from lamb.model.errors import HomeUnusable, InvalidParameterValue, RequestTooLarge, ServiceFailure
from lamb.packages.shelf import Shelf

GOOD = forge(file("app.py", b"x = 1\n"))


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "packages")


def modes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): stat.filemode(path.lstat().st_mode) for path in sorted(root.rglob("*"))
    }


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_package_is_kept_under_the_sha256_of_its_very_bytes(shelf):
    sha256 = shelf.put(GOOD)
    assert sha256 == base64.b64encode(hashlib.sha256(GOOD).digest()).decode()
    assert shelf.open(sha256) == GOOD
    assert shelf.size(sha256) == len(GOOD)


def test_a_package_is_stored_once(shelf, tmp_path):
    assert shelf.put(GOOD) == shelf.put(GOOD)
    assert len(list((tmp_path / "packages" / "zips").iterdir())) == 1


def test_what_came_from_a_bucket_may_still_be_too_large_to_upload(shelf, monkeypatch):
    monkeypatch.setattr("lamb.packages.archive.ZIP_MAX_BYTES", len(GOOD))
    sha256 = shelf.put(GOOD, uploaded=False)
    with pytest.raises(RequestTooLarge):
        shelf.put(GOOD)
    assert shelf.put(GOOD, uploaded=False) == sha256


def test_an_unusable_package_leaves_nothing(shelf, tmp_path):
    before = everything(tmp_path)
    with pytest.raises(InvalidParameterValue):
        shelf.put(forge(file("../evil")))
    assert everything(tmp_path) == before


def test_a_file_gets_for_everybody_what_others_may_do(shelf):
    entries = [
        file(f"{mode:04o}", mode=mode) for mode in (0o600, 0o640, 0o644, 0o744, 0o755, 0o4755, 0o666, 0o777)
    ]
    unpacked = shelf.unpack(shelf.put(forge(*entries)))
    assert modes(unpacked) == {
        "0600": "----------",
        "0640": "----------",
        "0644": "-r--r--r--",
        "0666": "-r--r--r--",
        "0744": "-r--r--r--",
        "0755": "-r-xr-xr-x",
        "0777": "-r-xr-xr-x",
        "4755": "-r-xr-xr-x",
    }


def test_every_directory_can_be_searched_and_its_entries_deleted_by_the_owner(shelf):
    unpacked = shelf.unpack(shelf.put(forge(folder("d/", 0o000), file("d/e/a"))))
    assert modes(unpacked) == {"d": "drwxr-xr-x", "d/e": "drwxr-xr-x", "d/e/a": "-r--r--r--"}
    assert stat.filemode(unpacked.stat().st_mode) == "drwxr-xr-x"


def test_an_archive_without_modes_is_readable(shelf):
    unpacked = shelf.unpack(shelf.put(forge(Forged("a", creator=0, mode=None))))
    assert modes(unpacked) == {"a": "-r--r--r--"}


def test_the_umask_does_not_matter(tmp_path):
    before = os.umask(0o077)
    try:
        shelf = Shelf(tmp_path / "packages")
        unpacked = shelf.unpack(shelf.put(forge(file("d/a", mode=0o755))))
    finally:
        os.umask(before)
    assert modes(unpacked) == {"d": "drwxr-xr-x", "d/a": "-r-xr-xr-x"}


def test_contents_links_and_times_are_kept(shelf):
    text = "ü" * 300_000
    data = forge(
        file("d/ü.txt", text.encode(), dos_time=0x5A21_6000),
        link("d/l", "ü.txt"),
        link("layer", "/opt/lib", dos_time=0x5A21_6000),
        Forged("d/", b"", stat.S_IFDIR | 0o755, dos_time=0x5A21_6000),
        file("broken-time", dos_time=0xFFFF_FFFF),
        file("unix-time", extra=b"UT\x05\x00\x01\x10\x00\x00\x00"),
    )
    unpacked = shelf.unpack(shelf.put(data))
    assert (unpacked / "d" / "l").read_text("utf-8") == text
    assert (unpacked / "layer").readlink() == Path("/opt/lib")
    noon = 1_735_732_800
    for path in ("d", "d/ü.txt", "layer"):
        assert (unpacked / path).lstat().st_mtime == noon
    assert (unpacked / "broken-time").stat().st_mtime == 315_532_800
    assert (unpacked / "unix-time").stat().st_mtime == 16


def test_of_duplicates_the_last_wins(shelf):
    unpacked = shelf.unpack(shelf.put(forge(file("a", b"1"), file("./a", b"2"))))
    assert (unpacked / "a").read_bytes() == b"2"


def test_unpacking_twice_gives_the_same_directory(shelf):
    sha256 = shelf.put(GOOD)
    first = shelf.unpack(sha256)
    inode = first.stat().st_ino
    assert shelf.unpack(sha256).stat().st_ino == inode


def test_many_threads_unpack_one_package_once(tmp_path):
    data = forge(*[file(f"d{n % 7}/f{n}") for n in range(200)])
    shelves = [Shelf(tmp_path) for _ in range(4)]
    start = threading.Barrier(16)

    def use(number: int) -> Path:
        start.wait()
        shelf = shelves[number % 4]
        return shelf.unpack(shelf.put(data))

    with ThreadPoolExecutor(16) as pool:
        places = set(pool.map(use, range(16)))
    assert len(places) == 1
    assert len([path for path in places.pop().rglob("*") if path.is_file()]) == 200
    assert list((tmp_path / "aside").iterdir()) == []


def test_a_shelf_opened_meanwhile_does_not_sweep_what_is_being_made(tmp_path):
    shelf = Shelf(tmp_path)
    with shelf._workplace() as workplace:
        Shelf(tmp_path)
        assert workplace.is_dir()
    assert not workplace.exists()


def test_the_leftovers_of_a_killed_process_are_swept(tmp_path):
    script = (
        "import os, sys, signal, pathlib; from lamb.packages.shelf import Shelf\n"
        "with Shelf(pathlib.Path(sys.argv[1]))._workplace() as place:\n"
        "    (place / 'tree' / 'd').mkdir(parents=True); (place / 'tree' / 'd' / 'f').touch(0)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(everything(tmp_path / "aside")) == 4
    Shelf(tmp_path)
    assert everything(tmp_path / "aside") == []


def _put_and_unpack_until_killed(root: str, ready: multiprocessing.synchronize.Event) -> None:
    shelf = Shelf(Path(root))
    for number in range(10_000):
        shelf.unpack(shelf.put(forge(*[file(f"d/{name}", str(number).encode()) for name in range(30)])))
        ready.set()


def kill_in_the_middle(root: Path, delay_s: float) -> None:
    ready = multiprocessing.get_context("spawn").Event()
    process = multiprocessing.get_context("spawn").Process(
        target=_put_and_unpack_until_killed, args=(str(root), ready)
    )
    process.start()
    assert ready.wait(30)
    process.join(delay_s)
    process.kill()
    process.join()
    process.close()


@pytest.mark.parametrize("delay_s", [0.0, 0.0037])
def test_nothing_half_made_is_visible_after_a_kill(tmp_path, delay_s):
    kill_in_the_middle(tmp_path, delay_s)
    assert_whole(tmp_path)


@pytest.mark.soak
def test_nothing_half_made_is_visible_after_any_of_many_kills(tmp_path):
    for number in range(300):
        kill_in_the_middle(tmp_path / str(number), number * 0.00037)
        assert_whole(tmp_path / str(number))
        shutil.rmtree(tmp_path / str(number))


def assert_whole(root: Path) -> None:
    shelf = Shelf(root)
    assert everything(root / "aside") == []
    names = {place.stem for place in (root / "zips").iterdir()}
    assert {place.name for place in (root / "trees").iterdir()} <= names
    for name in names:
        sha256 = base64.b64encode(bytes.fromhex(name)).decode()
        assert shelf.open(sha256)
        assert len(list((shelf.unpack(sha256) / "d").iterdir())) == 30


def test_trees_of_another_boot_are_unpacked_anew(tmp_path):
    shelf = Shelf(tmp_path)
    unpacked = shelf.unpack(shelf.put(GOOD))
    (unpacked / "app.py").unlink()
    (unpacked / "app.py").touch()  # what a power failure makes of a file that was not synced
    (tmp_path / "boot").write_text("an earlier one")
    shelf = Shelf(tmp_path)
    assert (shelf.unpack(shelf.put(GOOD)) / "app.py").read_bytes() == b"x = 1\n"
    assert everything(tmp_path / "aside") == []


def test_what_is_not_to_be_kept_is_discarded(shelf, tmp_path):
    kept, gone, packed = (shelf.put(forge(file(name))) for name in "abc")
    shelf.unpack(kept)
    shelf.unpack(gone)
    assert shelf.discard({kept}) == 2
    assert len(everything(tmp_path / "packages" / "zips")) == 1
    assert len(list((tmp_path / "packages" / "trees").iterdir())) == 1
    assert shelf.open(kept)
    for lost in (gone, packed):
        with pytest.raises(HomeUnusable, match="is gone from lamb's home"):
            shelf.unpack(lost)


def test_a_damaged_package_is_never_handed_out_and_healed_by_the_next_upload(shelf, tmp_path):
    sha256 = shelf.put(GOOD)
    (place,) = (tmp_path / "packages" / "zips").iterdir()
    place.chmod(0o600)
    place.write_bytes(GOOD[:-1] + b"!")
    for use in (shelf.open, shelf.unpack):
        with pytest.raises(HomeUnusable, match="is damaged on disk"):
            use(sha256)
    shelf.put(GOOD)
    assert shelf.open(sha256) == GOOD


def test_what_is_no_code_sha256_is_refused(shelf):
    for wrong in ("", "../../etc/passwd", "AAAA", "é"):
        with pytest.raises(ServiceFailure, match="is not a CodeSha256"):
            shelf.open(wrong)


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(tmp_path):
    # A file size limit of the process refuses a write just as a full disk does, only with another errno.
    script = (
        "import resource, signal, sys, pathlib; from lamb.packages.shelf import Shelf\n"
        "from lamb.model.errors import HomeUnusable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "shelf = Shelf(pathlib.Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try: shelf.put(pathlib.Path(sys.argv[2]).read_bytes())\n"
        "except HomeUnusable as refused: print(refused)\n"
    )
    (tmp_path / "big.zip").write_bytes(forge(file("a", os.urandom(100_000))))
    command = [sys.executable, "-c", script, str(tmp_path / "home"), str(tmp_path / "big.zip")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.startswith(f"lamb cannot use {tmp_path}/home/zips/")
    assert os.strerror(errno.EFBIG) in told
    assert "LAMB_HOME" in told
    assert everything(tmp_path / "home" / "zips") == everything(tmp_path / "home" / "aside") == []


def test_a_home_below_a_file_is_a_clear_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match=f"lamb cannot use {tmp_path}/file/packages: Not a directory"):
        Shelf(tmp_path / "file" / "packages")


def combined(shelf, *packages):
    place = shelf.combine([shelf.put(forge(*entries)) for entries in packages])
    return {str(path.relative_to(place)): path for path in place.rglob("*")}


def test_of_packages_over_each_other_the_later_ones_win(shelf):
    found = combined(
        shelf,
        (file("bin/tool", b"old", 0o755), file("python/a.py", b"a"), link("now", "python")),
        (file("bin/tool", b"new", 0o644), file("python/b.py", b"b", 0o600), link("now", "bin")),
    )
    assert sorted(found) == ["bin", "bin/tool", "now", "python", "python/a.py", "python/b.py"]
    assert found["bin/tool"].read_bytes() == b"new"
    assert str(found["now"].readlink()) == "bin"
    assert stat.filemode(found["bin/tool"].stat().st_mode) == "-r--r--r--"
    assert stat.filemode(found["python/b.py"].stat().st_mode) == "----------"
    assert stat.filemode(found["python"].stat().st_mode) == "drwxr-xr-x"


def test_a_combination_is_made_once_and_leaves_its_packages_as_they_are(shelf):
    shas = [shelf.put(forge(file("a.py", text))) for text in (b"1", b"2")]
    assert shelf.combine(shas) == shelf.combine(shas) != shelf.combine(shas[::-1])
    assert (shelf.combine(shas) / "a.py").read_bytes() == b"2"
    assert (shelf.unpack(shas[0]) / "a.py").read_bytes() == b"1"
    assert shelf.combine(shas[:1]) == shelf.unpack(shas[0])
    assert shelf.combine([]) is None


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("other", [file("x"), link("x", "y")])
def test_a_directory_and_a_file_of_one_name_do_not_fit_over_each_other(shelf, tmp_path, order, other):
    packages = [(folder("x/"), file("x/y")), (other, file("y"))][::order]
    with pytest.raises(InvalidParameterValue, match="`x` is a directory in one of the layers"):
        combined(shelf, *packages)
    assert list((tmp_path / "packages" / "aside").iterdir()) == []


def test_combinations_that_are_not_kept_are_discarded(shelf):
    shas = [shelf.put(forge(file("a.py", text))) for text in (b"1", b"2")]
    forth, back = shelf.combine(shas), shelf.combine(shas[::-1])
    assert shelf.discard(set(shas), [shas, shas[:1]]) == 1
    assert forth.is_dir()
    assert not back.exists()
