"""Settings: what may be set, where each value came from. The only reader of the process environment.

flag > `LAMB_*` > `lamb.toml` found upwards > `[tool.lamb]` in `pyproject.toml` > user config > default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lamb.model.errors import SettingInvalid

PROJECT_FILE = "lamb.toml"
ROLE_EXAMPLE = "arn:aws:iam::123456789012:role/lamb-local"


def _text(default: str, about: str, example: str, pattern: str) -> Any:
    return field(default=default, metadata={"about": about, "fix": example, "pattern": pattern})


def _choice(about: str, *choices: str) -> Any:
    """The first choice is the default."""
    return field(default=choices[0], metadata={"about": about, "choices": choices})


def _number(default: int | None, about: str, least: int = 0) -> Any:
    return field(default=default, metadata={"about": about, "least": least})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, checked. Names are the keys of `lamb.toml`; `LAMB_` + upper case in the environment."""

    home: Path = field(metadata={"about": "where everything is kept", "path": True})
    account: str = _text("123456789012", "the account of ARNs", 'twelve digits: "123456789012"', r"\d{12}")
    region: str = _text("us-east-1", "the region of ARNs", 'a region: "us-east-1"', r"[a-z]+(-[a-z]+)+-\d")
    default_role: str = _text(
        ROLE_EXAMPLE,
        "the role of functions created without one",
        f'a role: "{ROLE_EXAMPLE}"',
        r"arn:.+:role/.+",
    )
    sandbox: str = _choice("`require`: refuse to run with less than all walls", "auto", "require")
    network: str = _choice("the network of functions created without --network", "host", "none")
    package_modes: str = _choice(
        "`strict`: refuse packages whose file modes would fail at run time; `aws`: take them", "strict", "aws"
    )
    buckets: Path | None = field(
        default=None,
        metadata={"about": "a directory of S3 buckets: BUCKET/KEY; else `buckets` in the home", "path": True},
    )
    account_concurrency: int = _number(
        1000, "invocations at the same time, over all functions: the account's limit", least=1
    )
    idle_exit_s: int = _number(600, "seconds without work after which the daemon exits; 0: never")
    environment_idle_s: int = _number(300, "seconds after which an idle environment is closed", least=1)
    max_environments: int = _number(1000, "environments at the same time, over all functions", least=1)
    memory_total_mb: int = _number(0, "memory for all environments, MB; 0: what the machine can hold")
    log_max_mb: int = _number(64, "log kept on disk for each function, MB", least=1)
    retry_base_s: int = _number(60, "seconds before a failed event is retried; the second time twice as long")
    time_scale: int = _number(1, "how fast the time of events and queues goes; see `lamb clock`", least=1)
    seed: int | None = _number(None, "makes the draw of weighted aliases repeatable")
    color: str = _choice("colour on stdout and stderr", "auto", "always", "never")
    runtimes: Mapping[str, str] = field(
        default_factory=dict, metadata={"about": "interpreters: runtime name → absolute path"}
    )

    @property
    def run(self) -> Path:
        """Socket, lock, daemon log and crash reports."""
        return self.home / "run"

    @property
    def bucket_folder(self) -> Path:
        """Where S3 buckets are directories."""
        return self.buckets or self.home / "buckets"


class Resolved(NamedTuple):
    """Settings, and for each key the place its value came from."""

    settings: Settings
    origins: Mapping[str, str]
    """key → `--flag`, `LAMB_…`, a file's path, or `default`; tables as `runtimes.NAME`."""


KEYS: Mapping[str, Field[Any]] = {key.name: key for key in fields(Settings)}


def process_environment() -> dict[str, str]:
    """A copy of this process's environment."""
    return dict(os.environ)


def variable(name: str) -> str | None:
    """One variable of this process's environment."""
    return os.environ.get(name)


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Resolved:
    """Resolve every setting. `flags` with value None are not given.

    Raises SettingInvalid naming the place, the key, the value and the fix.
    """
    environ = os.environ if environ is None else environ
    cwd = _working_folder() if cwd is None else cwd
    values: dict[str, Any] = {"home": _default_home(environ), "runtimes": {}}
    origins = dict.fromkeys(KEYS, "default")
    origins.pop("runtimes")
    # From the weakest to the strongest: later ones overwrite.
    for origin, key, value in (
        *_from_files(environ, cwd),
        *_from_environment(environ, cwd),
        *_from_flags(flags or {}, cwd),
    ):
        if key == "runtimes":
            values[key].update(value)
            origins.update({f"runtimes.{name}": origin for name in value})
        else:
            values[key] = value
            origins[key] = origin
    values["runtimes"] = MappingProxyType(values["runtimes"])
    return Resolved(Settings(**values), origins)


def as_environment(settings: Settings) -> dict[str, str]:
    """`LAMB_*` variables that make `load` give these settings again, whatever files lie around."""
    environment = {}
    for key in KEYS:
        value = getattr(settings, key)
        if key == "runtimes":
            value = ",".join(f"{name}={path}" for name, path in value.items())
        if value not in (None, ""):
            environment[_variable_name(key)] = str(value)
    return environment


def _variable_name(key: str) -> str:
    return f"LAMB_{key.upper()}"


Layer = Iterator[tuple[str, str, Any]]
"""(origin, key, checked value)"""


def _from_flags(flags: Mapping[str, Any], cwd: Path) -> Layer:
    for key, value in flags.items():
        if value is not None:
            origin = f"--{key.replace('_', '-')}"
            yield origin, key, _checked(origin, key, value, cwd)


def _from_environment(environ: Mapping[str, str], cwd: Path) -> Layer:
    for key in KEYS:
        name = _variable_name(key)
        text = environ.get(name, "")
        if text:  # an empty variable is an unset one, as everywhere in a shell script
            value: Any = _table(name, text) if key == "runtimes" else text
            yield name, key, _checked(name, key, value, cwd)


def _table(origin: str, text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in text.split(",")]
    if not all(name and path for name, _, path in pairs):
        raise SettingInvalid(f"`{origin}` is {text!r}", hint="write python3.12=/path/to/python3.12,…")
    return {name: path for name, _, path in pairs}


def _from_files(environ: Mapping[str, str], cwd: Path) -> Layer:
    config_home = environ.get("XDG_CONFIG_HOME") or str(_user_home(environ) / ".config")
    yield from _from_file(Path(config_home) / "lamb" / "config.toml", project=False)
    upwards = (cwd, *cwd.parents)
    for folder in upwards:
        # Parsing costs milliseconds: only a file that can hold our table is read as TOML.
        path = folder / "pyproject.toml"
        if b"lamb" in _bytes(path):
            found = list(_from_file(path, project=True))
            if found:
                yield from found
                break
    for folder in upwards:
        path = folder / PROJECT_FILE
        if path.is_file():
            yield from _from_file(path, project=False)
            break


def _from_file(path: Path, *, project: bool) -> Layer:
    data = _bytes(path)
    if not data:
        return
    # Only those who have a settings file pay for the parser.
    import tomli  # noqa: PLC0415

    try:
        table = tomli.loads(data.decode())
    except ValueError as error:
        raise SettingInvalid(f"`{path}` is not valid TOML: {error}") from error
    if project:
        tool = table.get("tool", {})
        table = tool.get("lamb", {}) if isinstance(tool, dict) else {}
    for key, value in table.items():
        if key not in KEYS:
            raise _unknown(str(path), key)
        yield str(path), key, _checked(str(path), key, value, path.parent)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""
    except OSError as error:
        raise SettingInvalid(f"`{path}` cannot be read: {error.strerror}") from error


def _unknown(origin: str, key: str) -> SettingInvalid:
    # difflib is not cheap, and needed only on this way out.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(key.lower().replace("-", "_"), KEYS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`lamb config list` shows every key"
    return SettingInvalid(f"`{origin}` has an unknown key `{key}`", hint=hint)


def _checked(origin: str, key: str, value: Any, base: Path) -> Any:
    """The value in its type; paths are relative to `base`, numbers may be text."""
    if key not in KEYS:
        raise _unknown(origin, key)
    rules = KEYS[key].metadata
    if rules.get("path"):
        if (isinstance(value, str) and value) or isinstance(value, Path):
            return _path(value, base)
        fix = "write a path"
    elif key == "runtimes":
        return _checked_runtimes(origin, value, base)
    elif "least" in rules:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value) else value
        if isinstance(number, int) and not isinstance(number, bool) and number >= rules["least"]:
            return number
        fix = f"write a whole number from {rules['least']} up"
    elif "choices" in rules:
        if value in rules["choices"]:
            return value
        fix = "write " + " or ".join(f'"{choice}"' for choice in rules["choices"])
    else:
        if isinstance(value, str) and re.fullmatch(rules["pattern"], value):
            return value
        fix = f"write {rules['fix']}"
    where = f"`{origin}`" if origin.startswith(("--", "LAMB_")) else f"`{key}` in `{origin}`"
    raise SettingInvalid(f"{where} is {value!r}", hint=fix)


def _checked_runtimes(origin: str, value: Any, base: Path) -> dict[str, str]:
    fix = '[runtimes]\n      "python3.12" = "/path/to/python3.12"'
    if not isinstance(value, Mapping):
        raise SettingInvalid(f"`runtimes` in `{origin}` is {value!r}", hint=f"write {fix}")
    for name, path in value.items():
        if not isinstance(path, str) or not path:
            raise SettingInvalid(f"`runtimes.{name}` in `{origin}` is {path!r}", hint=f"write {fix}")
    return {name: str(_path(path, base)) for name, path in value.items()}


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # removed under our feet; absolute paths still work
        return Path("/")


def _path(value: str | Path, base: Path) -> Path:
    # Kept absolute but not resolved: a symlinked home stays the path its owner knows.
    return Path(os.path.abspath(base / os.path.expanduser(value)))  # noqa: PTH100, PTH111


def _user_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111


def _default_home(environ: Mapping[str, str]) -> Path:
    data_home = environ.get("XDG_DATA_HOME") or str(_user_home(environ) / ".local" / "share")
    return Path(data_home) / "lamb"
