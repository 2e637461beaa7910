from __future__ import annotations

import io
import stat
import zipfile

import pytest
from unit.packages.zip_forge import Forged, file, folder, forge, link

from lamb.model.errors import InvalidParameterValue
from lamb.packages.archive import inspect, repair


def members(data: bytes) -> dict[str, tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            member.filename: (stat.filemode(member.external_attr >> 16), archive.read(member))
            for member in archive.infolist()
        }


def test_modes_become_those_that_are_expected():
    repaired = repair(forge(file("b", b"1", 0o600), file("a", b"2", 0o700), folder("d/", 0o700)))
    assert members(repaired) == {
        "a": ("-rwxr-xr-x", b"2"),
        "b": ("-rw-r--r--", b"1"),
        "d/": ("drwxr-xr-x", b""),
    }
    assert inspect(repaired) == []


def test_the_same_input_gives_the_same_bytes_and_a_second_repair_changes_nothing():
    data = forge(file("b", mode=0o600), file("a"), link("l", "a"), folder("d/"), suffix=b"junk")
    assert repair(data) == repair(data) == repair(repair(data))


def test_the_order_and_compression_of_the_input_do_not_matter():
    one = forge(file("a"), file("b", method=0))
    other = forge(file("b"), file("a", method=0), zip64=True, prefix=b"#!")
    assert repair(one) == repair(other)


def test_times_are_kept():
    with zipfile.ZipFile(io.BytesIO(repair(forge(file("a", dos_time=0x5A21_6000))))) as archive:
        assert archive.infolist()[0].date_time == (2025, 1, 1, 12, 0, 0)


def test_bootstrap_becomes_executable_for_custom_runtimes():
    data = forge(Forged("bootstrap", b"#!/bin/sh", creator=0, mode=None))
    assert members(repair(data, runtime="provided.al2023"))["bootstrap"][0] == "-rwxr-xr-x"
    assert members(repair(data))["bootstrap"][0] == "-rw-r--r--"


def test_backslashes_and_absolute_names_become_plain_relative_ones():
    data = forge(file("pkg\\app.py"), file("/etc/passwd"), file("C:\\x"), file("./a//b"))
    assert sorted(members(repair(data))) == ["a/b", "etc/passwd", "pkg/app.py", "x"]


def test_of_duplicates_the_last_is_kept():
    assert members(repair(forge(file("a", b"1"), file("a", b"2"))))["a"][1] == b"2"


def test_links_stay_links():
    assert members(repair(forge(file("a"), link("l", "a"))))["l"] == ("lrwxrwxrwx", b"a")


def test_a_zip_of_the_folder_is_unfolded():
    data = forge(folder("f/"), file("f/app.py"), file("f/pkg/x.py"))
    repaired = repair(data, handler="app.handler", runtime="python3.12")
    assert sorted(members(repaired)) == ["app.py", "pkg/x.py"]
    assert inspect(repaired, handler="app.handler", runtime="python3.12") == []


@pytest.mark.parametrize(
    "entries",
    [
        [file("../a")],
        [file("a\\..\\..\\b")],
        [file("a", flags=1)],
        [file("a", crc=1)],
        [file("a"), file("a/b")],
        [file("a\nb")],
        [link("a", "/etc/passwd")],
        [Forged("a", b"", stat.S_IFIFO)],
        [file("a\\b"), file("a/b")],
        [file("a\\b"), file("a")],
    ],
)
def test_what_cannot_be_repaired_is_refused_and_never_dropped(entries):
    with pytest.raises(InvalidParameterValue, match=r"^The package cannot be repaired: "):
        repair(forge(*entries))


def test_a_folder_with_something_beside_it_is_not_unfolded():
    data = forge(file("f/app.py"), file("README"))
    with pytest.raises(InvalidParameterValue, match=r"'README' lies beside the folder 'f'"):
        repair(data, handler="app.handler", runtime="python3.12")
