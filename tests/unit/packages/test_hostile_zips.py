"""Whatever the bytes: success or a documented error, in bounded time, and nothing outside of the package."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.packages.zip_forge import Forged, forge

from lamb.model.errors import InvalidParameterValue, RequestTooLarge
from lamb.packages.archive import Finding, inspect, mode_findings, refuse_unusable, repair
from lamb.packages.shelf import Shelf

IN_CI = 400
IN_A_SOAK = 10_000

NASTY = [
    "..",
    ".",
    "",
    "/",
    "\\",
    "\0",
    "a",
    "A",
    "b",
    "ü",
    "\n",
    "C:",
    "opt",
    "var",
    "task",
    "a" * 255,
    "x" * 300,
]

names = st.one_of(
    st.lists(st.sampled_from(NASTY), max_size=5).map("/".join),
    st.sampled_from(["app.py", "f/app.py", "bootstrap", "a", "a/", "a/b", "l", "l/x"]),
    st.binary(max_size=8),
)
targets = st.one_of(
    st.lists(st.sampled_from([*NASTY[:8], "l", "f", ".."]), max_size=5).map("/".join),
    st.sampled_from(["/opt/x", "/var/task/a", "/etc/passwd", "../../etc", "l"]),
    st.binary(max_size=8),
).map(lambda target: target if isinstance(target, bytes) else target.encode())
kinds = st.sampled_from(
    [0, stat.S_IFREG, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFLNK, stat.S_IFIFO]
)
number = st.sampled_from([0, 1, 7, 1000, 262_144_000, 0xFFFFFFFF])


def rarely(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """None seven times in eight: an archive with one lie goes deeper than one that is all lies."""
    return st.integers(0, 7).flatmap(lambda n: st.none() if n else strategy)


lies = st.fixed_dictionaries(
    {},
    optional={
        "name": st.binary(max_size=4),
        "method": number.map(lambda n: n & 0xFF),
        "crc": number,
        "size": number,
    },
)


tame_names = st.lists(st.sampled_from(["a", "b", "l", "A", "ü", ".", "d"]), min_size=1, max_size=3).map(
    "/".join
)
modes = st.sampled_from([0o644, 0o755, 0o600, 0o7777, 0o000])


@st.composite
def tame_entries(draw: st.DrawFn) -> Forged:
    """What an upload may well accept: odd modes, links, duplicates, odd times."""
    kind = draw(st.sampled_from([0, stat.S_IFREG, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK]))
    data = (
        draw(st.sampled_from([b"a", b"../b", b"/opt/x", b".", b"d/b"]))
        if kind == stat.S_IFLNK
        else b"x = 1\n"
    )
    return Forged(
        name=draw(tame_names) + "/" * (kind == stat.S_IFDIR),
        data=b"" if kind == stat.S_IFDIR else data,
        mode=draw(st.none() if kind == 0 else modes.map(lambda mode: kind | mode)),
        method=draw(st.sampled_from([0, 8])),
        creator=draw(st.sampled_from([3, 3, 0, 19])),
        dos_time=draw(number),
    )


@st.composite
def hostile_entries(draw: st.DrawFn) -> Forged:
    kind = draw(kinds)
    data = draw(targets) if kind == stat.S_IFLNK else draw(st.sampled_from([b"", b"x = 1\n", bytes(100_000)]))
    return Forged(
        name=draw(names),
        data=data,
        mode=draw(st.none() | modes.map(lambda mode: kind | mode)),
        method=draw(rarely(st.sampled_from([0, 12, 99]))) or draw(st.sampled_from([0, 8])),
        flags=draw(rarely(st.sampled_from([0, 1, 8, 0x800, 0x2000]))),
        creator=draw(st.sampled_from([3, 3, 3, 0, 10, 19])),
        dos_time=draw(number),
        extra=draw(rarely(st.binary(max_size=20))) or b"",
        crc=draw(rarely(number)),
        size=draw(rarely(number)),
        packed=draw(rarely(st.binary(max_size=30))),
        packed_size=draw(rarely(number)),
        offset=draw(rarely(number)),
        local=draw(rarely(lies)),
    )


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    entries = draw(st.lists(tame_entries(), max_size=4)) + draw(
        st.sampled_from([0, 0, 1, 4]).flatmap(lambda most: st.lists(hostile_entries(), max_size=most))
    )
    data = forge(
        *entries,
        prefix=draw(rarely(st.binary(max_size=8))) or b"",
        suffix=draw(rarely(st.binary(max_size=8))) or b"",
        comment=draw(rarely(st.binary(max_size=8))) or b"",
        count=draw(rarely(number.map(lambda n: n & 0xFFFF))),
        zip64=draw(st.integers(0, 7)) == 7,
    )
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(data) - 1)) if data else 0
        change = draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        tail = {"flip": data[at + 1 :], "cut": b"", "insert": data[at:], "drop": data[at + 4 :]}[change]
        data = (
            data[:at]
            + (draw(st.binary(min_size=1, max_size=4)) if change in {"flip", "insert"} else b"")
            + tail
        )
    return data


def errors(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings if finding.severity == "error"}


def try_everything(data: bytes, place: Path) -> None:
    findings = inspect(data, handler="app.handler", runtime="python3.12")
    assert all((found.entry + found.message + found.fix + found.expected).isprintable() for found in findings)
    assert {found.code for found in mode_findings(data)} <= {found.code for found in findings}
    try:
        size = refuse_unusable(data)
    except (InvalidParameterValue, RequestTooLarge):
        assert errors(inspect(data))
    else:
        assert_unpacked_well(data, size, place)
    try:
        repaired = repair(data, handler="app.handler", runtime="python3.12")
    except InvalidParameterValue:
        assert errors(findings)
    else:
        assert not errors(inspect(repaired)) - {"empty"}
        assert repair(repaired, handler="app.handler", runtime="python3.12") == repaired


def assert_unpacked_well(data: bytes, size: int, place: Path) -> None:
    shelf = Shelf(place / "packages")
    unpacked = shelf.unpack(shelf.put(data))
    total = 0
    for folder, folders, files in os.walk(unpacked):
        for name in folders + files:
            path = Path(folder, name)
            if path.is_symlink():
                target = os.path.normpath(
                    Path("/var/task", path.relative_to(unpacked)).parent / path.readlink()
                )
                assert target.startswith(("/var/task", "/opt"))
                continue
            status = path.lstat()
            total += status.st_size * stat.S_ISREG(status.st_mode)
            assert stat.S_IMODE(status.st_mode) in (
                {0o755} if path.is_dir() else {0o000, 0o111, 0o444, 0o555}
            )
    assert total <= size
    assert list(place.iterdir()) == [place / "packages"]
    assert list((place / "packages" / "aside").iterdir()) == []
    shelf.discard(set())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def try_many(examples: int, place: Path) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(archives())
    def one(data: bytes) -> None:
        try_everything(data, place)

    one()


def test_a_generated_hostile_zip_gives_success_or_a_documented_error(place):
    try_many(IN_CI, place)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_zips_give_success_or_a_documented_error(place):
    try_many(IN_A_SOAK, place)


@settings(max_examples=50, deadline=None, database=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_that_are_no_zip_are_told_so(junk, more):
    for data in (junk, b"PK\3\4" + junk, junk + b"PK\5\6" + more, b"PK\1\2" + junk + b"PK\5\6" + more):
        with pytest.raises(InvalidParameterValue):
            refuse_unusable(data)
        assert errors(inspect(data))


plain = st.text("abcü.", min_size=1, max_size=4).filter(lambda name: name.strip("."))


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.dictionaries(st.lists(plain, min_size=1, max_size=3).map("/".join), st.binary(max_size=50), min_size=1)
)
def test_an_honest_zip_of_the_standard_library_arrives_whole(place, contents):
    contents = {
        name: data
        for name, data in contents.items()
        if not any(other.startswith(name + "/") for other in contents)
    }
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    shelf = Shelf(place / "packages")
    repaired = repair(memory.getvalue())
    unpacked = shelf.unpack(shelf.put(repaired))
    found = {
        str(path.relative_to(unpacked)): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()
    }
    assert found == contents
    with zipfile.ZipFile(io.BytesIO(repaired)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents
