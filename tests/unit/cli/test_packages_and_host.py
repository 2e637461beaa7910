"""package check|build, runtimes, doctor, config: what is looked at, not changed."""

from __future__ import annotations

import io
import json
import zipfile

import pytest


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode in (("good.py", 0o644), ("hello.py", 0o600)):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            archive.writestr(entry, "def handler(event, context): ...")
    return path


def test_a_bad_package_is_explained_and_exits_with_4(lamb_line, bad):
    assert lamb_line("package", "check", "bad.zip") == 4
    [row] = [line.split("\t") for line in lamb_line.out.splitlines()]
    assert row[:5] == ["error", "mode-unreadable", "hello.py", "0600", "0644"]
    lamb_line.on_terminal("package", "check", "bad.zip")
    assert lamb_line.out.startswith(
        "✗ hello.py cannot be read by the function's user (0600, expected 0644)\n  fix: "
    )
    lamb_line("package", "check", "bad.zip", "--json")
    assert json.loads(lamb_line.out)["Findings"][0]["mode"] == "0600"


def test_a_repaired_package_is_written_beside_it_and_its_path_printed(lamb_line, bad, tmp_path):
    before = bad.read_bytes()
    assert lamb_line("package", "check", "bad.zip", "--fix") == 0
    assert lamb_line.out.splitlines()[-1] == "bad-fixed.zip"
    assert bad.read_bytes() == before
    assert lamb_line("package", "check", "bad-fixed.zip", "--handler", "hello.handler") == 0
    assert lamb_line("package", "check", "bad.zip", "--fix", "-o", "there.zip") == 0
    assert (tmp_path / "there.zip").exists()


def test_a_handler_that_is_not_there_is_an_error(lamb_line, bad):
    given = ["package", "check", "bad.zip", "--handler", "nope.handler", "--runtime", "python3.11", "--json"]
    assert lamb_line(*given) == 4
    assert "handler-missing" in {finding["code"] for finding in json.loads(lamb_line.out)["Findings"]}


def test_build_gives_the_same_bytes_each_time(lamb_line, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x = 1")
    assert lamb_line("package", "build", "src") == 0
    assert lamb_line.out == "src.zip\n"
    first = (tmp_path / "src.zip").read_bytes()
    lamb_line("package", "build", "src", "-o", "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["app.py"]


def test_nothing_at_the_path_is_a_usage_error(lamb_line):
    assert lamb_line("package", "check", "nowhere.zip") == 2
    assert lamb_line("package", "build", "nowhere") == 2


def test_runtimes_say_where_or_how(lamb_line):
    lamb_line("runtimes")
    assert lamb_line.out.splitlines() == [
        "missing\tpython3.10\t\tInstall it with `uv`",
        "ok\tpython3.11\t3.11.7\t/usr/bin/python3.11",
    ]


def test_doctor_ticks_walls_and_names_the_fix(lamb_line):
    lamb_line.on_terminal("doctor")
    lines = lamb_line.out.splitlines()
    assert lines[1].split() == ["✓", "user", "a", "user", "of", "its", "own"]
    assert lines[2].startswith("✗")
    assert "fix: boot it" in lines[4]
    assert lamb_line.err.startswith("! walls 1/2 · as root · /h")


def test_config_says_where_values_come_from(lamb_line, tmp_path):
    (tmp_path / "lamb.toml").write_text('region = "eu-west-1"\n[runtimes]\n"python3.12" = "/p"')
    lamb_line("config", "list", "--origin")
    rows = [line.split("\t") for line in lamb_line.out.splitlines()]
    assert ["region", "eu-west-1", str(tmp_path / "lamb.toml")] in rows
    assert ["home", str(tmp_path / "home"), "LAMB_HOME"] in rows
    assert ["runtimes.python3.12", "/p", str(tmp_path / "lamb.toml")] in rows
    lamb_line("config", "get", "region")
    assert lamb_line.out == "eu-west-1\n"
    assert lamb_line("config", "get", "regio") == 2


def test_a_home_given_on_the_line_wins(lamb_line, tmp_path):
    lamb_line("config", "list", "--origin", "--home", "there")
    assert f"home\t{tmp_path}/there\t--home\n" in lamb_line.out


def test_a_colour_that_is_none_is_refused(lamb_line):
    assert lamb_line("config", "list", "--color", "pink") == 2
    assert "`--color` is 'pink'" in lamb_line.err
