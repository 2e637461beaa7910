from __future__ import annotations

import os
import py_compile
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from lamb.runtimes import python
from lamb.runtimes.python import find, runtime_directory

PYTHON = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with umask(0o077):  # as the daemon has it
        return runtime_directory(tmp_path_factory.mktemp("home") / "runtime", PYTHON)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def tree(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_awss_runtime_can_be_imported_from_it_alone(folder: Path):
    ask = "import awslambdaric.bootstrap, simplejson, snapshot_restore_py; print(simplejson.__file__)"
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-B", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {ask}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(folder))


def test_every_user_can_read_it_whatever_the_umask(folder: Path):
    shown = [folder, *(path for path in folder.rglob("*") if path.name[0] != ".")]
    modes = {path: path.lstat().st_mode for path in shown}
    closed = [path for path, mode in modes.items() if not mode & stat.S_IROTH]
    closed += [path for path, mode in modes.items() if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH]
    assert closed == []


def test_it_is_compiled_since_nothing_inside_a_sandbox_could_do_it(folder: Path):
    assert list((folder / "awslambdaric" / "__pycache__").glob("bootstrap.cpython-*.pyc"))


def test_results_are_written_by_compiled_code_and_nothing_else_fits_one_interpreter_only(folder: Path):
    pytest.importorskip("simplejson._speedups", reason="no wheel for this platform, and no compiler")
    ask = "import simplejson.encoder; print(simplejson.encoder.c_make_encoder is not None)"
    command = [PYTHON, "-I", "-S", "-B", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {ask}"]
    assert subprocess.check_output(command, text=True) == "True\n"
    (compiled,) = (path for path in folder.rglob("*") if path.suffix in (".so", ".pyd"))
    assert compiled.name.startswith(f"_speedups.{sys.implementation.cache_tag}")


def test_it_brings_the_sdk_where_lamb_has_one(folder: Path):
    pytest.importorskip("boto3")
    assert (folder / "boto3" / "__init__.py").is_file()
    assert (folder / "botocore" / "data" / "lambda").is_dir()


def test_the_rest_is_compiled_in_spare_time_once_and_for_every_user(tmp_path: Path):
    with umask(0o077):
        found = next(r for r in find({}, tmp_path / "cache", {}) if r.executable == PYTHON)
        base = found.base((), tmp_path, tmp_path)
        command = found.improvement(base)
        subprocess.run(command, check=True)
    folder = Path(base.runtime_dir)
    assert [path for path in folder.rglob("*.py") if not Path(cache_from_source(str(path))).exists()] == []
    assert [path for path in folder.rglob("*") if not path.stat().st_mode & stat.S_IROTH] == []
    assert found.improvement(base) == ()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution of one module, and the only one that there is."""
    site = tmp_path / "site"
    (site / "one-1.0.dist-info").mkdir(parents=True)
    (site / "one-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: one\nVersion: 1.0\n")
    (site / "one-1.0.dist-info" / "RECORD").write_text("one.py,,\ngone.py,,\none-1.0.dist-info/METADATA,,\n")
    (site / "one.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(python, "_RUNTIME", ("one",))
    monkeypatch.setattr(python, "_SDK", ())
    return site / "one.py"


def test_what_everybody_may_read_is_linked(installed: Path, tmp_path: Path):
    installed.chmod(0o644)
    assert (runtime_directory(tmp_path / "runtime", PYTHON) / "one.py").samefile(installed)


def test_what_its_owner_alone_may_read_is_copied_and_stays_as_it_is(installed: Path, tmp_path: Path):
    installed.chmod(0o600)
    made = runtime_directory(tmp_path / "runtime", PYTHON) / "one.py"
    assert (made.read_text(), made.stat().st_mode & 0o777) == ("ONE = 1\n", 0o644)
    assert installed.stat().st_mode & 0o777 == 0o600


def test_an_upgrade_changes_nothing_for_environments_that_run(installed: Path, tmp_path: Path):
    installed.chmod(0o644)
    made = runtime_directory(tmp_path / "runtime", PYTHON) / "one.py"
    fresh = installed.with_name("fresh")
    fresh.write_text("ONE = 2\n")
    fresh.replace(installed)  # as installers do it
    assert made.read_text() == "ONE = 1\n"


def test_the_tests_of_a_distribution_are_left_out(installed: Path, tmp_path: Path):
    (installed.parent / "two" / "tests").mkdir(parents=True)
    for name in ("two/__init__.py", "two/tests/__init__.py", "two/tests/test_two.py"):
        (installed.parent / name).touch()
    with (installed.parent / "one-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("two/__init__.py,,\ntwo/tests/__init__.py,,\ntwo/tests/test_two.py,,\n")
    made = runtime_directory(tmp_path / "runtime", PYTHON) / "two"
    assert [path.name for path in made.iterdir()] == ["__init__.py"]


def test_bytecode_is_linked_where_it_is_though_nobody_lists_it(installed: Path, tmp_path: Path):
    installed.chmod(0o644)
    compiled = Path(py_compile.compile(str(installed), doraise=True))
    compiled.with_name("once.cpython-311.pyc").touch()  # of a module that is not this distribution's
    compiled.chmod(0o644)
    made = runtime_directory(tmp_path / "runtime", PYTHON)
    assert [path.name for path in (made / "__pycache__").iterdir()] == [compiled.name]
    assert (made / "__pycache__" / compiled.name).samefile(compiled)


def test_bytecode_of_a_copied_module_is_as_good_as_that_of_a_linked_one(installed: Path, tmp_path: Path):
    installed.chmod(0o600)
    py_compile.compile(str(installed), doraise=True)
    made = runtime_directory(tmp_path / "runtime", PYTHON)
    (bytecode,) = (made / "__pycache__").iterdir()
    stored_s = int.from_bytes(bytecode.read_bytes()[8:12], "little")
    assert stored_s == int((made / "one.py").stat().st_mtime)


def test_making_it_again_changes_nothing(folder: Path):
    before = tree(folder)
    assert runtime_directory(folder.parent, PYTHON) == folder
    assert tree(folder) == before
    assert list(folder.parent.iterdir()) == [folder]


def test_many_may_make_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(python, "_SDK", ())  # thousands of files
    with ThreadPool(4) as threads:
        made = threads.map(lambda _: runtime_directory(tmp_path, PYTHON), range(4))
    assert len(set(made)) == 1
    assert list(tmp_path.iterdir()) == [made[0]]
    assert (made[0] / "awslambdaric" / "bootstrap.py").is_file()
