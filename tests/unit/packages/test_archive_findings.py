from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

import pytest
from unit.packages.zip_forge import Forged, file, folder, forge, link

from lamb.packages.archive import Finding, inspect, mode_findings


def codes(data: bytes, **told: object) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in inspect(data, **told)]  # type: ignore[arg-type]


def only(data: bytes, code: str, **told: object) -> Finding:
    (finding,) = [found for found in inspect(data, **told) if found.code == code]  # type: ignore[arg-type]
    return finding


def test_a_sound_package_has_no_findings():
    data = forge(file("app.py"), folder("pkg/"), file("pkg/tool", mode=0o755), link("pkg/again", "tool"))
    assert inspect(data, handler="app.handler", runtime="python3.12") == []


def test_what_zip_and_python_write_by_default_is_read_alike():
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", "x = 1\n" * 1000)
    finding = only(memory.getvalue(), "mode-unreadable")
    assert (finding.severity, finding.entry, finding.mode, finding.expected) == (
        "error",
        "app.py",
        0o600,
        "0644",
    )
    assert "--fix" in finding.fix


@pytest.mark.parametrize(
    ("mode", "severity", "code", "expected"),
    [
        (0o600, "error", "mode-unreadable", "0644"),
        (0o640, "error", "mode-unreadable", "0644"),
        (0o000, "error", "mode-unreadable", "0644"),
        (0o700, "error", "mode-unreadable", "0755"),
        (0o604, "warning", "mode-group-unreadable", "0644"),
        (0o666, "warning", "mode-world-writable", "0644"),
        (0o777, "warning", "mode-world-writable", "0755"),
        (0o4755, "warning", "mode-special", "0755"),
        (0o1644, "warning", "mode-special", "0644"),
        (0o744, "warning", "mode-not-executable", "0755"),
        (0o664, "note", "mode-unusual", "0644"),
        (0o444, "note", "mode-unusual", "0644"),
    ],
)
def test_a_mode_of_a_file_is_judged_by_what_others_may_do(mode, severity, code, expected):
    (finding,) = inspect(forge(file("a", mode=mode)))
    assert (finding.severity, finding.code, finding.mode, finding.expected) == (
        severity,
        code,
        mode,
        expected,
    )


def test_good_modes_of_files_are_not_mentioned():
    assert inspect(forge(file("a", mode=0o644), file("b", mode=0o755))) == []


def test_a_directory_that_cannot_be_searched_is_only_a_warning_because_aws_repairs_it():
    assert codes(forge(folder("d/", 0o700), file("d/a"))) == [("warning", "mode-directory")]
    assert codes(forge(folder("d/", 0o775), file("d/a"))) == [("note", "mode-unusual")]


def test_an_archive_from_windows_gets_a_note_for_each_entry_without_a_mode():
    data = forge(Forged("a", creator=0, mode=None), Forged("d/", b"", creator=0, mode=None))
    assert codes(data) == [("note", "mode-unrecorded")] * 2


def test_a_mode_recorded_under_a_dos_creator_counts():
    assert codes(forge(Forged("a", creator=0, mode=stat.S_IFREG | 0o600))) == [("error", "mode-unreadable")]


def test_a_unix_archive_without_any_mode_bits_is_unreadable_as_on_aws():
    assert codes(forge(Forged("a", creator=3, mode=0))) == [("error", "mode-unreadable")]


@pytest.mark.parametrize("mode", [stat.S_IFREG | 0o644, stat.S_IFREG | 0o744])
def test_bootstrap_must_be_executable_for_custom_runtimes(mode):
    data = forge(Forged("bootstrap", mode=mode))
    finding = only(data, "mode-not-executable", runtime="provided.al2023")
    assert (finding.severity, finding.expected) == ("error", "0755")
    assert ("error", "mode-not-executable") not in codes(data, runtime="python3.12", handler="bootstrap.f")


def test_mode_findings_say_only_what_concerns_modes():
    data = forge(file("../a", mode=0o600), file("b"))
    assert [finding.code for finding in mode_findings(data)] == ["mode-unreadable"]
    assert mode_findings(b"not a zip") == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("/etc/passwd", "name-absolute"),
        ("\\\\host\\share", "name-absolute"),
        ("C:\\evil", "name-absolute"),
        ("c:/evil", "name-absolute"),
        ("../a", "name-traversal"),
        ("a/../../b", "name-traversal"),
        ("a\\..\\b", "name-traversal"),
        ("..", "name-traversal"),
        ("a\0b", "name-nul"),
        ("", "name-empty"),
        (".", "name-empty"),
        ("a" * 256, "name-too-long"),
        ("é" * 128, "name-too-long"),
        ("a/" * 128 + "b", "name-too-long"),
        ("/".join(["a" * 200] * 21), "name-too-long"),
        ("a\nb", "name-control"),
        ("a\x1b[2Jb", "name-control"),
        ("a\x7fb", "name-control"),
        ("pkg\\app.py", "name-backslash"),
    ],
)
def test_a_bad_name_is_an_error(name, code):
    assert ("error", code) in codes(forge(file(name)))


def test_a_name_of_255_bytes_is_fine():
    assert codes(forge(file("a" * 255))) == []


def test_findings_can_be_printed_without_harm():
    for finding in inspect(forge(file("a\x1b[2J\u202eb\n"), link("l", "/x\x1b[0m"))):
        assert (finding.entry + finding.message + finding.fix).isprintable()


def test_a_name_with_empty_or_dot_components_is_a_warning_that_shows_the_plain_one():
    finding = only(forge(file("./a//b")), "name-unnormalised")
    assert (finding.severity, finding.expected) == ("warning", "a/b")


def test_names_that_are_not_utf8_are_named():
    assert codes(forge(file(b"\xff", flags=0x800))) == [("error", "name-broken")]
    assert codes(forge(file(b"\x81", flags=0))) == [("warning", "name-code-page")]
    assert codes(forge(file("ü.py", flags=0))) == [("note", "name-unmarked")]
    assert codes(forge(file("ü.py"))) == []


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../x", "a/../../x", "/opt/../etc", "/var/task/../x", "..", "/"]
)
def test_a_link_out_of_the_package_is_an_error(target):
    assert ("error", "link-escapes") in codes(forge(file("a/b"), link("l", target)))


def test_a_link_that_leaves_only_by_way_of_another_link_is_found():
    assert ("error", "link-escapes") in codes(forge(link("here", "."), link("out", "here/../x")))


@pytest.mark.parametrize("target", ["b", "./b", "../a/b", "/var/task/a/b", "/opt/lib/x.so", "/opt", "../a"])
def test_a_link_that_stays_inside_or_points_to_opt_is_fine(target):
    assert codes(forge(file("a/b"), link("a/l", target))) == []


def test_links_in_a_circle_without_target_or_to_nothing_are_named():
    assert codes(forge(link("a", "b"), link("b", "a"))) == [("error", "link-endless")] * 2
    assert codes(forge(link("a", ""))) == [("error", "link-target")]
    assert codes(forge(link("a", "x" * 5000))) == [("error", "link-target")]
    assert codes(forge(link("a", "gone"))) == [("warning", "link-dangling")]


def test_a_web_of_links_is_followed_in_bounded_time():
    web = [link(f"l{n}", "/".join([f"l{n + 1}"] * 400)) for n in range(2000)]
    assert ("error", "link-endless") in codes(forge(*web))


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_devices_fifos_and_sockets_are_errors(kind):
    assert ("error", "special") in codes(forge(Forged("dev", b"", kind | 0o666)))


def test_entries_that_get_in_each_others_way_are_named():
    assert codes(forge(file("a"), file("a"))) == [("warning", "duplicate")]
    assert codes(forge(file("a"), file("A"))) == [("warning", "case")]
    assert codes(forge(file("d/a"), file("D/b"))) == [("warning", "case")]
    assert codes(forge(file("a"), file("a/b"))) == [("error", "clash")]
    assert codes(forge(file("a"), folder("a/"))) == [("error", "clash")]
    assert ("error", "clash") in codes(forge(file("x"), link("a", "x"), file("a/b")))


def test_encryption_and_unknown_compression_are_errors():
    assert ("error", "encrypted") in codes(forge(file("a", flags=1)))
    assert ("error", "encrypted") in codes(forge(file("a", method=99)))
    finding = only(forge(file("a", method=12)), "compression")
    assert "12" in finding.message


def test_zip64_is_accepted_with_a_note():
    assert codes(forge(file("a"), zip64=True)) == [("note", "zip64")]
    big = struct.pack("<HHQQ", 1, 16, 6, 6)
    data = forge(file("a", data=b"x = 1\n", method=0, size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=big))
    assert codes(data) == []


def test_a_zipapp_and_trailing_bytes_are_read_and_mentioned():
    assert codes(forge(file("a"), prefix=b"#!/usr/bin/python3\n")) == [("note", "prefix")]
    assert codes(forge(file("a"), prefix=b"#!x\n", zip64=True)) == [("note", "prefix"), ("note", "zip64")]
    assert codes(forge(file("a"), suffix=b"\0" * 10)) == [("warning", "suffix")]
    assert codes(forge(file("a"), comment=b"PK\5\6" + b"c" * 40)) == []


def test_a_declared_bomb_is_found_by_its_sum():
    zeros = Forged("zeros", b"", size=262_144_000)
    finding = only(forge(zeros), "unzipped-too-large")
    assert finding.message.startswith("Unzipped size must be smaller than 262144000 bytes")


def test_a_lying_bomb_is_stopped_at_its_declared_size():
    data = forge(file("bomb", data=bytes(50_000_000), size=100))
    assert "more than the 100 bytes" in only(data, "damaged").message


def test_an_overlapping_bomb_is_found():
    kernel = file("kernel", bytes(1_000_000))
    again = [file(f"again{n}", bytes(1_000_000), offset=0) for n in range(5)]
    assert {("error", "overlap")} <= set(codes(forge(kernel, *again)))


def test_a_high_ratio_is_a_warning():
    assert codes(forge(file("zeros", bytes(20_000_000)))) == [("warning", "ratio")]


def test_a_zip_of_50_mib_is_too_large():
    data = forge(file("a", bytes(52_428_800), method=0))
    finding = only(data, "zipped-too-large")
    assert finding.message.startswith("Zipped size must be smaller than 52428800 bytes")


@pytest.mark.parametrize(
    "broken",
    [
        file("a", crc=1),
        file("a", size=3),
        file("a", size=300),
        file("a", packed=b"\xff\xff\xff"),
        file("a", packed=b""),
        file("a", packed=zlib.compress(b"x = 1\n")[2:-4] + b"hidden"),
        file("a", method=0, packed=b"short"),
        file("a", packed_size=4000),
        file("a", offset=4000),
    ],
)
def test_damage_of_an_entry_is_found(broken):
    found = codes(forge(broken))
    assert ("error", "damaged") in found or ("error", "overlap") in found


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"name": b"b"}, "local-header"),
        ({"method": 0}, "local-header"),
        ({"flags": 1}, "local-header"),
        ({"size": 5}, "local-size"),
        ({"crc": 5}, "local-size"),
    ],
)
def test_a_local_header_that_disagrees_with_the_directory_is_an_error(lie, code):
    assert codes(forge(file("a", local=lie))) == [("error", code)]


def test_sizes_in_a_descriptor_after_the_data_are_no_disagreement():
    assert codes(forge(file("a", flags=8, local={"size": 0, "crc": 0}))) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\3\4 and then nothing", "cut off"),
        (b"<html><body>403</body></html>", "web page"),
        (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "web page"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"hello", "not a zip"),
        (forge(file("a"))[:-1], "cut off"),
        (forge(file("a"), count=2), "counts 2"),
        (forge(file("a")).replace(b"PK\1\2", b"PK\1\3"), "directory is damaged"),
    ],
)
def test_what_is_no_zip_is_told_apart(data, why):
    (finding,) = inspect(data)
    assert finding.code == "not-a-zip"
    assert why in finding.message


def test_an_empty_file_and_an_archive_without_entries_are_empty():
    assert codes(b"") == [("error", "empty")]
    assert codes(forge()) == [("error", "empty")]


def test_more_entries_than_the_bound_are_refused_quickly():
    directory = forge(file("a", b"", method=0))[31 + 0 :][:47]
    body = forge(file("a", b"", method=0))[:31] + directory * 100_001
    end = struct.pack("<4s4HLLH", b"PK\5\6", 0, 0, 100_001 & 0xFFFF, 100_001 & 0xFFFF, 47 * 100_001, 31, 0)
    (finding,) = inspect(body + end)
    assert "100000" in finding.message


def test_names_that_imply_a_million_directories_are_refused_in_bounded_memory():
    deep = [file(f"{n:05d}" + "/" + "/".join(["d" * 30] * 100) + "/f", b"", method=0) for n in range(1500)]
    assert ("error", "too-many-directories") in codes(forge(*deep))


def test_errors_come_first():
    data = forge(file("a", mode=0o664), file("b", mode=0o666), file("c", mode=0o600))
    assert [finding.severity for finding in inspect(data)] == ["error", "warning", "note"]


@pytest.mark.parametrize(
    ("runtime", "handler", "name"),
    [
        ("python3.12", "app.handler", "app.py"),
        ("python3.12", "pkg.app.handler", "pkg/app.py"),
        ("python3.12", "pkg/app.handler", "pkg/app.py"),
        ("python3.12", "app.handler", "app/__init__.py"),
        ("python3.12", "app.handler", "app.cpython-312-x86_64-linux-gnu.so"),
        ("nodejs22.x", "index.handler", "index.mjs"),
        ("nodejs22.x", "src/index.nested.handler", "src/index.js"),
        ("provided.al2023", "anything", "bootstrap"),
        ("java21", "com.example.Handler", "lib/x.jar"),
    ],
)
def test_a_handler_at_its_place_is_found(runtime, handler, name):
    assert inspect(forge(file(name, mode=0o755)), handler=handler, runtime=runtime) == []


@pytest.mark.parametrize(
    ("runtime", "handler", "name", "complaint"),
    [
        ("python3.12", "app.handler", "my-function/app.py", "No module named 'app'"),
        ("nodejs22.x", "index.handler", "my-function/index.js", "Cannot find module 'index'"),
        ("provided.al2023", "x", "my-function/bootstrap", "bootstrap"),
    ],
)
def test_a_zip_of_the_folder_in_place_of_its_contents_is_an_error_with_its_fix(
    runtime, handler, name, complaint
):
    data = forge(folder("my-function/"), file(name, mode=0o755))
    finding = only(data, "handler-not-at-root", handler=handler, runtime=runtime)
    assert finding.entry == "my-function/"
    assert complaint in finding.message
    assert "cd my-function" in finding.fix


def test_a_missing_handler_is_an_error_unless_a_layer_may_bring_it():
    data = forge(file("other.py"))
    assert codes(data, handler="app.handler", runtime="python3.12") == [("error", "handler-missing")]
    assert codes(data, handler="app.handler", runtime="python3.12", layers=True) == [
        ("note", "handler-missing")
    ]


def test_a_handler_without_a_function_is_an_error():
    assert codes(forge(file("app.py")), handler="app", runtime="python3.12") == [
        ("error", "handler-malformed")
    ]


def test_a_handler_behind_a_link_is_trusted():
    data = forge(file("src/app.py"), link("app.py", "src/app.py"))
    assert inspect(data, handler="app.handler", runtime="python3.12") == []
