"""Python: finding interpreters, and the runtime directory that functions see as /var/runtime."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import lamb
from lamb.model.errors import HomeUnusable
from lamb.sandbox.spec import Base

NAMES = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")

# What an interpreter says of itself; ctypes is how a zygote raises its walls.
_ASK = """\
import ctypes, json, sys, sysconfig
print(json.dumps({"version": sys.version.split()[0], "prefix": sys.base_prefix,
 "executable": getattr(sys, "_base_executable", sys.executable),
 "site": [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")],
 "implementation": sys.implementation.name}))
"""
# Compiles the directories named last; the marker, named first, is left when all of it is done.
_COMPILE = """\
import compileall, os, pathlib, sys
os.umask(0o022)
marker, *folders = sys.argv[1:]
if all([compileall.compile_dir(folder, quiet=2) for folder in folders]):
    pathlib.Path(marker).touch()
"""
_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
# The distributions that AWS has in /var/runtime. boto3 and its own are there where they are installed.
_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
# Results are written five times as fast with it, where functions run on the Python that lamb runs on.
_FASTER = "simplejson/_speedups.cpython-"
_LEFT_OUT = frozenset({"..", "tests", "__pycache__"})
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")


class PythonRuntime(NamedTuple):
    name: str
    version: str
    executable: Path
    """The interpreter itself, not a link or a virtual environment of it."""
    prefix: Path
    hidden: tuple[str, ...]
    """Its site-packages: not the function's."""

    def base(self, walls: tuple[str, ...], home: Path, scratch: Path) -> Base:
        return Base(
            walls=walls,
            scratch=str(scratch),
            interpreter=str(self.executable),
            prefix=str(self.prefix),
            runtime_dir=str(runtime_directory(home / "runtime", self.executable)),
            packages=str(home / "packages" / "trees"),
            code=str(Path(lamb.__file__).parent),
            runtime=self.name,
            hidden=self.hidden,
        )

    def improvement(self, base: Base) -> Sequence[str]:
        """Compile what came without bytecode for this interpreter: the SDK, most often."""
        folder = Path(base.runtime_dir)
        marker = folder / f".compiled-all-{self.executable.name}"
        if marker.exists():
            return ()
        program = f"import os; os.nice(19)\n{_COMPILE}"
        return (str(self.executable), "-I", "-S", "-c", program, str(marker), str(folder))

    def variables(self, *, task_root: str, runtime_dir: str, opt: str) -> Mapping[str, str]:
        variables = {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.name}",
            "PYTHONPATH": runtime_dir,
            "LANG": "en_US.UTF-8",
            "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:{opt}/bin",
            "LD_LIBRARY_PATH": f"/var/lang/lib:/lib64:/usr/lib64:{runtime_dir}:{runtime_dir}/lib:"
            f"{task_root}:{task_root}/lib:{opt}/lib",
        }
        if self.name in ("python3.13", "python3.14"):
            variables["LC_CTYPE"] = "C.UTF-8"
        return variables


def find(configured: Mapping[str, str], cache: Path, environ: Mapping[str, str]) -> list[PythonRuntime]:
    """One runtime for each supported version that is there.

    A configured path is the only one for its version: nothing else is taken in its place.
    `cache` is a file: an interpreter is asked again only when it has changed. `environ` tells where
    people keep interpreters (HOME, PATH, PYENV_ROOT, UV_PYTHON_INSTALL_DIR).
    """
    known = _read_cache(cache)
    answers: dict[str, dict[str, object]] = {}
    found: dict[str, PythonRuntime] = {}
    for name, path in _candidates(configured, environ):
        if name in found or path != Path(configured.get(name, path)):
            continue
        stamp = _stamp(path)
        answer = known.get(stamp) or _ask(path)
        if answer is None:
            continue
        answers[stamp] = answer
        runtime = _runtime(answer)
        if runtime is not None and runtime.name == name:
            found[name] = runtime
    if answers != known:
        _write_cache(cache, answers)
    return [found[name] for name in NAMES if name in found]


def _candidates(configured: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """(name, path) in order of preference: configured, this interpreter, managers, PATH."""
    for name, given in configured.items():
        yield name, Path(given)
    yield f"python{sys.version_info.major}.{sys.version_info.minor}", Path(sys.executable)
    home = Path(environ.get("HOME") or "/nonexistent")
    managers = (
        (Path(environ.get("PYENV_ROOT") or home / ".pyenv"), "versions/*/bin/{}"),
        (Path(environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"), "*/bin/{}"),
        (Path("/opt"), "python*/bin/{}"),
    )
    folders = [*environ.get("PATH", "").split(":"), "/usr/local/bin", "/usr/bin"]
    for name in NAMES:
        for folder, pattern in managers:
            with contextlib.suppress(OSError):
                for path in sorted(folder.glob(pattern.format(name)), reverse=True):
                    yield name, path
        for place in filter(None, folders):
            path = Path(place) / name
            # A pyenv shim answers for whatever version is switched on at the moment.
            if path.parent.name != "shims" and os.access(path, os.X_OK):
                yield name, path


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path}:missing"
    return f"{path}:{status.st_mtime_ns}:{status.st_size}"


def _ask(path: Path) -> dict[str, object] | None:
    try:
        done = subprocess.run(
            [str(path), "-I", "-S", "-c", _ASK],
            capture_output=True, timeout=10, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        answer: dict[str, object] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer


def _runtime(answer: Mapping[str, object]) -> PythonRuntime | None:
    version, prefix = str(answer["version"]), Path(str(answer["prefix"])).resolve()
    if answer["implementation"] != "cpython":
        return None
    name = "python" + ".".join(version.split(".")[:2])
    executable = Path(str(answer["executable"])).resolve()
    site = answer["site"]
    # All resolved: by whatever links an installation is reached, its parts are found below its prefix.
    hidden = {str(Path(path).resolve()) for path in site} if isinstance(site, list) else set()
    if prefix == Path("/usr"):
        hidden |= {"/usr/lib/python3/dist-packages", f"/usr/local/lib/{name}/dist-packages"}
    return PythonRuntime(name, version, executable, prefix, tuple(sorted(hidden)))


def _read_cache(cache: Path) -> dict[str, dict[str, object]]:
    try:
        known: dict[str, dict[str, object]] = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_cache(cache: Path, answers: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError):  # it only saves time
        fresh = cache.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(answers))
        fresh.replace(cache)


def runtime_directory(root: Path, interpreter: Path) -> Path:
    """The directory shown as /var/runtime, built from lamb's own installed distributions.

    Named by its contents, so that an upgrade makes a new one and running environments keep theirs.
    What every environment loads is compiled once for each interpreter, because nothing inside the
    sandbox could write there; `improvement` compiles the rest.
    Raises HomeUnusable.
    """
    distributions = [d for name in (*_RUNTIME, *_SDK) if (d := _distribution(name)) is not None]
    tag = "\n".join((_FASTER, *(f"{d.metadata['Name']} {d.version}" for d in distributions)))
    folder = root / hashlib.sha256(tag.encode()).hexdigest()[:16]
    try:
        if not folder.is_dir():
            _build(distributions, folder)
        _compile(folder, interpreter)
    except OSError as error:
        raise HomeUnusable(
            f"The runtime {folder} cannot be made: {error.strerror}",
            hint="make room, set the permissions there, or point LAMB_HOME to another place",
        ) from error
    return folder


def _build(distributions: Iterable[importlib.metadata.Distribution], folder: Path) -> None:
    """Aside, then renamed. A home has one daemon: what another process began is a dead one's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    ours = f"new-{os.getpid()}-"
    for left in folder.parent.glob("new-*"):
        if not left.name.startswith(ours):
            shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=ours))
    try:
        for distribution in distributions:
            _take(distribution, aside)
        for folder_path, _, _ in os.walk(aside):  # whatever the umask: functions are other users
            os.chmod(folder_path, 0o755)  # noqa: PTH101, S103
        aside.rename(folder)
    except OSError:
        if not folder.is_dir():  # nobody was quicker
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _distribution(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _take(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    origin, made = str(distribution.locate_file("")), set[str]()
    for file in _useful(distribution, origin):
        source, target = os.path.join(origin, file), os.path.join(folder, file)  # noqa: PTH118
        parent = os.path.dirname(target)  # noqa: PTH120
        if parent not in made:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103
            made.add(parent)
        with contextlib.suppress(FileNotFoundError):  # removed by hand since it was installed
            _link(source, target)


def _useful(distribution: importlib.metadata.Distribution, origin: str) -> Iterator[str]:
    """What every interpreter can use, and simplejson's compiled encoder: others do without it. Bytecode says
    in its name whose it is, and is taken from where it lies: not every installer lists it. A distribution's
    own tests stay where they are: the first function of a home would wait for them to be compiled.
    Thousands of files, hence no Path objects."""
    beside: dict[str, list[str]] = {}
    for file in map(str, distribution.files or ()):
        parent, name = os.path.split(file)
        foreign = name.endswith((".so", ".pyd")) and not file.startswith(_FASTER)
        if foreign or not _LEFT_OUT.isdisjoint(parent.split("/")):
            continue
        yield file
        if name.endswith(".py"):
            cache = os.path.join(parent, "__pycache__")  # noqa: PTH118
            if cache not in beside:
                beside[cache] = _names(os.path.join(origin, cache))  # noqa: PTH118
            yield from (
                f"{cache}/{each}" for each in beside[cache] if each.startswith(f"{name[:-2]}cpython-")
            )


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _link(source: str, target: str) -> None:
    """The same file under another name: in a hundredth of the time, and no room on the disk. Installers
    replace files and never write into them, so that it stays what it is now. A copy where the file is not
    everybody's to read, is another user's, or lies on another disk."""
    try:
        if os.stat(source).st_mode & _READABLE == _READABLE:  # noqa: PTH116
            os.link(source, target)
            return
    except FileNotFoundError:
        raise
    except OSError:
        pass
    shutil.copy2(source, target)  # with its time, by which bytecode is told from that of another version
    os.chmod(target, _READABLE | stat.S_IWUSR)  # noqa: PTH101


def _compile(folder: Path, interpreter: Path) -> None:
    done = folder / f".compiled-{interpreter.name}"
    if done.exists():
        return
    parts = (str(folder / part) for part in ("awslambdaric", "simplejson"))
    subprocess.run(
        [str(interpreter), "-I", "-S", "-c", _COMPILE, str(done), *parts],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
