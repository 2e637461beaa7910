from __future__ import annotations

import pytest
from unit.packages.zip_forge import Forged, file, folder, forge, link

from lamb.model.errors import InvalidParameterValue, RequestTooLarge
from lamb.packages import archive
from lamb.packages.archive import refuse_unusable

COULD_NOT_UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidParameterValue) as refused:
        refuse_unusable(data)
    return refused.value.message


def test_a_sound_package_gives_its_unzipped_size():
    assert refuse_unusable(forge(file("a", b"12345"), folder("d/"), link("l", "a"))) == 6


@pytest.mark.parametrize("mode", [0o000, 0o600, 0o4777])
def test_bad_modes_are_accepted_as_aws_does(mode):
    assert refuse_unusable(forge(file("app.py", b"1", mode))) == 1


def test_duplicates_backslashes_zip64_and_junk_around_the_archive_are_accepted():
    refuse_unusable(forge(file("a"), file("a"), file("b\\c"), zip64=True, prefix=b"#!x\n"))
    refuse_unusable(forge(file("a"), suffix=b"\0"))


@pytest.mark.parametrize("data", [b"", forge()])
def test_nothing_is_not_a_package(data):
    assert refusal(data) == "Uploaded file must be a non-empty zip"


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<?xml version='1.0'?><Error/>",
        forge(file("a"))[:-1],
        forge(file("a", crc=1)),
        forge(file("a", size=2)),
        forge(file("a", packed=b"\xff")),
    ],
)
def test_damage_is_refused_in_the_very_words_of_aws(data):
    assert refusal(data) == COULD_NOT_UNZIP


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        (file("/etc/passwd"), "Entry '/etc/passwd' has an absolute name"),
        (file("../a"), "Entry '../a' leaves the package through `..`"),
        (file("a", flags=1), "Entry 'a' is encrypted"),
        (file("a", method=12), "Entry 'a' uses compression method 12"),
        (link("a", "/etc/passwd"), "Entry 'a' is a link out of the package"),
        (Forged("a", b"", 0o010644), "Entry 'a' is a device, a fifo or a socket"),
        (file("a" * 256), "has a component of more than 255 bytes"),
        (file("a", local={"name": b"b"}), "has another name in its own header"),
    ],
)
def test_a_danger_is_refused_in_the_words_of_aws_and_then_those_of_lamb(entry, detail):
    text = refusal(forge(entry))
    assert text.startswith(COULD_NOT_UNZIP + " ")
    assert detail in text


def test_a_zip_of_50_mib_is_refused():
    just_below = 52_428_800 - len(forge(file("a", b"", method=0))) - 1
    refuse_unusable(forge(file("a", bytes(just_below), method=0)))
    with pytest.raises(RequestTooLarge, match=r"^Zipped size must be smaller than 52428800 bytes$"):
        refuse_unusable(forge(file("a", bytes(just_below + 1), method=0)))


def test_a_package_of_250_mib_unzipped_is_refused_by_what_it_declares():
    text = "Unzipped size must be smaller than 262144000 bytes"
    assert refusal(forge(Forged("a", b"", size=262_144_000))) == text
    assert refusal(forge(Forged("a", b"", size=200_000_000), Forged("b", b"", size=62_144_000))) == text


def test_a_package_of_249_mib_unzipped_is_accepted():
    assert refuse_unusable(forge(file("zeros", bytes(261_000_000)))) == 261_000_000


def test_every_finding_that_refuses_an_upload_is_an_error_of_the_inspection():
    for entry in (file("../a"), file("a", flags=1), link("a", "b/../.."), file("a", crc=3), file("a\0")):
        errors = {found.code for found in archive.inspect(forge(entry)) if found.severity == "error"}
        assert errors & (archive._UNUSABLE | {"damaged"})
