"""Where a function's code comes from: a zip, a directory or a file; and the handler one finds in it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lamb.cli.faults import Refusal, UsageFault
from lamb.cli.output import Output

_USUAL_NAMES = ("lambda_handler", "handler")
_SHOWN_FINDINGS = 5
# The rule: files 0644, directories and programs 0755; more than that is no reason to refuse a package.
_BAD_MODES = frozenset({"mode-unreadable", "mode-group-unreadable", "mode-not-executable", "mode-directory"})


@dataclass(frozen=True, slots=True)
class Source:
    """Exactly one of them is given."""

    zip: Path | None = None
    dir: Path | None = None
    file: Path | None = None
    s3: str | None = None
    """`s3://BUCKET/KEY`."""
    live: Path | None = None
    """A directory that the function follows."""

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.zip, self.dir, self.file, self.s3, self.live)) != 1:
            raise UsageFault(
                "Say where the code is",
                hint="exactly one of --zip FILE, --dir DIR, --file FILE, --s3 URL, --live DIR",
            )

    @property
    def uploaded(self) -> bool:
        """Whether the code goes to the daemon with the request; else it reads it itself."""
        return self.s3 is None and self.live is None

    def place(self) -> dict[str, str]:
        """AWS's members for what is not uploaded. Raises UsageFault."""
        if self.live is not None:
            if not self.live.is_dir():
                raise UsageFault(f"`{self.live}` is no directory")
            # As other emulators spell a live directory.
            return {"S3Bucket": "hot-reload", "S3Key": str(self.live.resolve())}
        scheme, _, rest = (self.s3 or "").partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise UsageFault(f"`{self.s3}` is no place in S3", hint="s3://BUCKET/KEY")
        return {"S3Bucket": bucket, "S3Key": f"/{key}" if bucket == "hot-reload" else key}

    def read(self) -> bytes:
        """The package's bytes, of what is on this host. Raises UsageFault for what is not there."""
        path = self.zip or self.dir or self.file or self.live
        assert path is not None  # noqa: S101 -- checked above
        try:
            if self.zip is not None:
                return path.read_bytes()
            if path.is_dir() != (self.dir is not None or self.live is not None):
                raise UsageFault(*_confused(path))
            if not path.exists():
                raise UsageFault(f"`{path}` does not exist")
            # Zips need no builder, and a zip is what scripts give.
            from lamb.packages.build import build  # noqa: PLC0415

            return build(path)
        except OSError as error:
            raise UsageFault(f"`{error.filename or path}` cannot be read: {error.strerror}") from error


def _confused(path: Path) -> tuple[str]:
    if path.is_dir():
        return (f"`{path}` is a directory: use --dir",)
    if path.exists():
        return (f"`{path}` is no directory: use --file or --zip",)
    return (f"`{path}` does not exist",)


def checked(package: bytes, runtime: str | None, policy: str, out: Output, *, fix: bool) -> bytes:
    """The package, repaired if `fix` asks for it. Raises Refusal for bad modes.

    `policy`: the setting `package_modes`.
    """
    from lamb.packages import archive  # noqa: PLC0415 -- only commands that carry code pay for it

    findings = archive.mode_findings(package, runtime=runtime)
    bad = [finding for finding in findings if finding.code in _BAD_MODES]
    if bad and fix:
        out.receipt(f"repaired the modes of {len(bad)} entr{'y' if len(bad) == 1 else 'ies'}")
        return archive.repair(package)
    if not bad or policy == "aws":
        return package
    lines = [f"`{f.entry}` {f.message} (mode {f.mode or 0:04o}, expected {f.expected})" for f in bad]
    more = len(lines) - _SHOWN_FINDINGS
    shown = "\n      ".join(lines[:_SHOWN_FINDINGS] + ([f"and {more} more"] if more > 0 else []))
    raise Refusal(
        f"The package has bad file modes:\n      {shown}",
        hint="`--fix-permissions` repairs it; `lamb package check` explains",
    )


def guess_handler(package: bytes) -> str:
    """`module.function`, where there is only one sensible answer. Raises UsageFault where there is not.

    At the root of the package: AWS's own default, else the only function named `lambda_handler` or
    `handler`, else the only function of the only module.
    """
    found = {module: list(_functions(source)) for module, source in _modules(package)}
    if "lambda_handler" in found.get("lambda_function", ()):
        return "lambda_function.lambda_handler"
    usual = [f"{module}.{name}" for module, names in found.items() for name in names if name in _USUAL_NAMES]
    everything = [f"{module}.{name}" for module, names in found.items() for name in names]
    for candidates in (usual, everything):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            choice = ", ".join(sorted(candidates)[:6])
            raise UsageFault("The handler is not clear", hint=f"--handler with one of {choice}")
    raise UsageFault("No handler found in the package", hint="--handler MODULE.FUNCTION")


def _modules(package: bytes) -> Iterator[tuple[str, str]]:
    """(name, source) of every Python file at the root."""
    import zipfile  # noqa: PLC0415 -- only guessing needs it

    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for name in archive.namelist():
                if name.endswith(".py") and "/" not in name and not name.startswith("_"):
                    yield name[:-3], archive.read(name).decode(errors="replace")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return  # what is wrong with the archive is said by its check, not by a guess


def _functions(source: str) -> Iterator[str]:
    """Names at the top of a module that a runtime could call."""
    import ast  # noqa: PLC0415 -- only guessing needs it

    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for statement in module.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if _takes_two(statement.args) and not statement.name.startswith("_"):
                yield statement.name
        elif isinstance(statement, ast.Assign):  # handler = Mangum(app)
            names = (target.id for target in statement.targets if isinstance(target, ast.Name))
            yield from (name for name in names if name in _USUAL_NAMES)
        elif isinstance(statement, ast.ImportFrom):  # from shop.web import handler
            names = (alias.asname or alias.name for alias in statement.names)
            yield from (name for name in names if name in _USUAL_NAMES)


def _takes_two(arguments: object) -> bool:
    """An event and a context fit in."""
    import ast  # noqa: PLC0415 -- as above

    assert isinstance(arguments, ast.arguments)  # noqa: S101 -- for the type checker
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    required_by_name = sum(default is None for default in arguments.kw_defaults)
    return required_by_name == 0 and required <= 2 and (len(positional) >= 2 or arguments.vararg is not None)


def sensible_runtime(names: Iterable[str], running: tuple[int, int]) -> str:
    """The Python that runs lamb (what was installed beside it fits), else the highest. Raises UsageFault."""
    found = [name for name in names if name.startswith("python3.")]
    own = f"python{running[0]}.{running[1]}"
    if own in found:
        return own
    if not found:
        raise UsageFault(
            "No Python runtime was found on this host", hint="`lamb runtimes` says how to add one"
        )
    return max(found, key=lambda name: int(name.rpartition(".")[2]))
