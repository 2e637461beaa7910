"""Finding interpreters: pretended ones answer what a real one would say of itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lamb.model.errors import InvalidParameterValue
from lamb.runtimes.table import NAMES, RuntimeTable, how_to_add

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
# A version that is not the tests' own, which is always found.
OTHER = "python3.14" if OWN != "python3.14" else "python3.13"
ANOTHER = "python3.10" if OWN != "python3.10" else "python3.11"

Pretend = Callable[..., Path]


@pytest.fixture
def pretend(tmp_path: Path) -> Pretend:
    """Writes a program that is asked for its version and counts how often."""

    def write(path: str, version: str, **answer: object) -> Path:
        program = tmp_path / path
        program.parent.mkdir(parents=True, exist_ok=True)
        prefix = program.parent.parent
        told = {
            "version": version,
            "prefix": str(prefix),
            "executable": str(program),
            "site": [f"{prefix}/lib/site-packages"] * 2,
            "implementation": "cpython",
            **answer,
        }
        program.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\necho '{json.dumps(told)}'\n")
        program.chmod(0o755)
        return program

    return write


def table(tmp_path: Path, configured: dict[str, str] | None = None, **environ: str) -> RuntimeTable:
    return RuntimeTable(
        configured or {}, tmp_path / "cache.json", {"HOME": str(tmp_path / "home"), **environ}
    )


def asked(tmp_path: Path) -> int:
    log = tmp_path / "asked"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_the_interpreter_under_lamb_is_always_found(tmp_path: Path):
    found = table(tmp_path).found()[OWN]
    assert found.version.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert found.executable == Path(sys._base_executable).resolve()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "environ"),
    [
        (f"home/.pyenv/versions/x/bin/{OTHER}", {}),
        (f"elsewhere/versions/x/bin/{OTHER}", {"PYENV_ROOT": "elsewhere"}),
        (f"home/.local/share/uv/python/x/bin/{OTHER}", {}),
        (f"uv/x/bin/{OTHER}", {"UV_PYTHON_INSTALL_DIR": "uv"}),
        (f"somewhere/bin/{OTHER}", {"PATH": "somewhere/bin"}),
    ],
)
def test_interpreters_are_found_where_people_keep_them(tmp_path, pretend: Pretend, path: str, environ):
    program = pretend(path, f"{OTHER.removeprefix('python')}.7")
    there = {name: f"/nonexistent:{tmp_path / value}" if name == "PATH" else str(tmp_path / value)
             for name, value in environ.items()}  # fmt: skip
    found = table(tmp_path, **there).require(OTHER)
    assert (found.executable, found.version) == (program, f"{OTHER.removeprefix('python')}.7")


def test_a_configured_path_wins_over_all_others(tmp_path: Path, pretend: Pretend):
    version = OWN.removeprefix("python")
    pretend(f"home/.pyenv/versions/x/bin/{OWN}", f"{version}.1")
    mine = pretend("mine/my-python", f"{version}.99")
    found = table(tmp_path, {OWN: str(mine)}).require(OWN)
    assert (found.executable, found.version) == (mine, f"{version}.99")


@pytest.mark.parametrize("version", ["3.7.1", None])
def test_a_configured_path_that_is_not_that_version_is_never_replaced_silently(
    tmp_path: Path, pretend: Pretend, version: str | None
):
    mine = pretend("mine/python", version) if version else tmp_path / "nothing"
    with pytest.raises(InvalidParameterValue) as refused:
        table(tmp_path, {OWN: str(mine)}).require(OWN)
    assert f"{mine}, which the settings name for it, is none" in str(refused.value)


def test_a_shim_is_not_used(tmp_path: Path, pretend: Pretend):
    """It answers for whatever version is switched on at the moment."""
    pretend(f"home/.pyenv/shims/{OTHER}", f"{OTHER.removeprefix('python')}.1")
    assert OTHER not in table(tmp_path, PATH=f"{tmp_path}/home/.pyenv/shims").found()


def test_a_name_that_lies_about_its_version_is_not_believed(tmp_path: Path, pretend: Pretend):
    version = ANOTHER.removeprefix("python")
    pretend(f"bin/{OTHER}", f"{version}.1")
    found = table(tmp_path, PATH=str(tmp_path / "bin")).found()
    assert OTHER not in found
    assert all(f"python{'.'.join(r.version.split('.')[:2])}" == name for name, r in found.items())


@pytest.mark.parametrize(
    "program",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho no JSON\n", "#!/bin/sh\nkill -9 $$\n", "not a program", ""],
)
def test_a_program_that_does_not_answer_is_passed_over(tmp_path: Path, pretend: Pretend, program: str):
    pretend(f"broken/{OTHER}", "x").write_text(program)
    good = pretend(f"good/{OTHER}", f"{OTHER.removeprefix('python')}.1")
    assert table(tmp_path, PATH=f"{tmp_path}/broken:{tmp_path}/good").require(OTHER).executable == good


def test_other_implementations_are_passed_over(tmp_path: Path, pretend: Pretend):
    pretend(f"bin/{OTHER}", f"{OTHER.removeprefix('python')}.1", implementation="pypy")
    assert OTHER not in table(tmp_path, PATH=str(tmp_path / "bin")).found()


def test_a_virtual_environment_stands_for_the_interpreter_behind_it(tmp_path: Path, pretend: Pretend):
    base = pretend("base/bin/python", "x")
    pretend(
        f"venv/bin/{OTHER}",
        f"{OTHER.removeprefix('python')}.1",
        executable=str(base),
        prefix=str(tmp_path / "base"),
    )
    found = table(tmp_path, PATH=str(tmp_path / "venv/bin")).require(OTHER)
    assert found.executable == base


def test_an_installation_that_is_reached_by_a_link_is_one_installation(tmp_path: Path, pretend: Pretend):
    """As uv's links to its newest patch version are: executable and site-packages lie below the prefix."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    pretend(
        f"real/bin/{OTHER}",
        f"{OTHER.removeprefix('python')}.1",
        prefix=str(tmp_path / "link"),
        executable=str(tmp_path / "link" / "bin" / OTHER),
        site=[str(tmp_path / "link/lib/site-packages")],
    )
    found = table(tmp_path, PATH=str(tmp_path / "link/bin")).found()[OTHER]
    assert (found.prefix, found.executable) == (tmp_path / "real", tmp_path / "real/bin" / OTHER)
    assert found.hidden == (str(tmp_path / "real/lib/site-packages"),)


def test_what_is_missing_is_told_with_what_was_found_and_the_fix(tmp_path: Path):
    found = table(tmp_path)
    missing = next((name for name in NAMES if name not in found.found()), None)
    if missing is None:
        pytest.skip("every runtime is here")
    with pytest.raises(InvalidParameterValue) as refused:
        found.require(missing)
    text = str(refused.value)
    assert text.startswith(f"The runtime {missing} is not installed on this host. Found: ")
    assert f"{OWN} ({found.found()[OWN].executable})" in text
    assert f"uv python install {missing.removeprefix('python')}" in text
    assert f'"{missing}" = "/path/to/{missing}"' in text


@pytest.mark.parametrize("name", ["python3.9", "nodejs22.x", "", "python3"])
def test_a_runtime_that_lamb_does_not_know_is_told_with_those_it_does(tmp_path: Path, name: str):
    with pytest.raises(InvalidParameterValue, match=r"lamb runs python3\.10, .*python3\.14"):
        table(tmp_path).require(name)
    assert how_to_add(name) == f"lamb runs {', '.join(NAMES)}"


def test_a_runtime_that_was_installed_meanwhile_is_found(tmp_path: Path, pretend: Pretend):
    here = table(tmp_path, PATH=str(tmp_path / "bin"))
    assert OTHER not in here.found()
    program = pretend(f"bin/{OTHER}", f"{OTHER.removeprefix('python')}.1")
    assert here.require(OTHER).executable == program


def test_an_interpreter_is_asked_once_until_it_changes(tmp_path: Path, pretend: Pretend):
    version = OTHER.removeprefix("python")
    path = str(tmp_path / "bin")
    pretend(f"bin/{OTHER}", f"{version}.1")
    assert [table(tmp_path, PATH=path).require(OTHER).version for _ in range(3)] == [f"{version}.1"] * 3
    assert asked(tmp_path) == 1
    pretend(f"bin/{OTHER}", f"{version}.22")
    assert table(tmp_path, PATH=path).require(OTHER).version == f"{version}.22"
    assert asked(tmp_path) == 2


@pytest.mark.parametrize("cache", [b"", b"{half", b"[]", b"null", b"\xff"])
def test_a_broken_cache_costs_time_only(tmp_path: Path, cache: bytes):
    (tmp_path / "cache.json").write_bytes(cache)
    assert OWN in table(tmp_path).found()


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path):
    assert OWN in RuntimeTable({}, tmp_path / "no" / "such" / "folder.json", {}).found()
