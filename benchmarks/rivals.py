"""Rivals that install from npm and PyPI, installed into a directory of their own and started beside lamb.

One that cannot be installed or started is left out, with a line that says so.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.place import ECHO, Api, invocations

_INSTALL_LIMIT_S = 300.0
_START_LIMIT_S = 30.0
_SERVERLESS_YML = """\
service: bench
frameworkVersion: "3"
plugins: [serverless-offline]
provider: {{name: aws, runtime: python3.11, region: us-east-1}}
functions: {{echo: {{handler: main.handler, timeout: 60}}}}
custom:
  serverless-offline: {{host: 127.0.0.1, httpPort: {http}, lambdaPort: {port}, websocketPort: {websocket}}}
"""


@dataclass(frozen=True)
class Server:
    """Something that answers invocations on TCP with the echo of their payload."""

    name: str
    address: tuple[str, int]
    path: str


@contextlib.contextmanager
def running(folder: Path) -> Iterator[list[Server]]:
    """The rivals that stand; ended, with all their processes, when the block ends."""
    servers = []
    with contextlib.ExitStack() as stack:
        for start in (_serverless_offline, _ministack):
            try:
                servers.append(stack.enter_context(start(folder / start.__name__.strip("_"))))
            except (OSError, subprocess.SubprocessError, RuntimeError) as error:
                print(f"{start.__name__.strip('_')} is left out: {error}", file=sys.stderr)
        yield servers


def python_lambda_local(folder: Path) -> Path | None:
    """Its program, or None where it does not install."""
    try:
        return _from_pypi(folder / "python_lambda_local", "python-lambda-local") / "python-lambda-local"
    except (OSError, subprocess.SubprocessError) as error:
        print(f"python-lambda-local is left out: {error}", file=sys.stderr)
        return None


@contextlib.contextmanager
def _serverless_offline(folder: Path) -> Iterator[Server]:
    """With its Python runner: one python3 for each concurrent invocation, on its standard input."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "node_modules" / ".bin" / "serverless"
    if not program.exists():
        (folder / "package.json").write_text('{"name": "bench", "private": true}')
        wanted = ["serverless@3", "serverless-offline@13.9"]
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", *flags, *wanted], cwd=folder, check=True, timeout=_INSTALL_LIMIT_S)
    http, port, websocket = _free_ports(3)
    (folder / "serverless.yml").write_text(_SERVERLESS_YML.format(http=http, port=port, websocket=websocket))
    (folder / "main.py").write_text(ECHO)
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    server = Server("serverless-offline", ("127.0.0.1", port), invocations("bench-dev-echo"))
    with _process([str(program), "offline", "start"], folder, {**quiet, **keys}):
        _until(lambda: load.run(server.address, server.path, 1, 0.1))
        yield server


@contextlib.contextmanager
def _ministack(folder: Path) -> Iterator[Server]:
    programs = _from_pypi(folder, "ministack")
    (port,) = _free_ports(1)
    environment = {
        "HOME": str(folder),
        "TMPDIR": str(folder),  # where it leaves the code of functions behind
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    address = ("127.0.0.1", port)
    with _process([str(programs / "ministack")], folder, environment):
        _until(lambda: Api(f"http://127.0.0.1:{port}").create("echo", ECHO))
        server = Server("ministack", address, invocations("echo"))
        _until(lambda: load.run(server.address, server.path, 1, 0.1))
        yield server


@dataclass(frozen=True)
class Moto:
    """moto's server, and the Python of its environment, which has boto3."""

    url: str
    python: Path


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[Moto]:
    """It stores functions and answers for them; to run one it wants Docker, which is not asked of it here."""
    folder.mkdir(parents=True, exist_ok=True)
    programs = _from_pypi(folder, "moto[server,awslambda]", "moto_server")
    (port,) = _free_ports(1)
    with _process([str(programs / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], folder, {}):
        _until(lambda: socket.create_connection(("127.0.0.1", port)).close())
        yield Moto(f"http://127.0.0.1:{port}", programs / "python")


def _from_pypi(folder: Path, name: str, program: str = "") -> Path:
    """The directory of its programs, in a venv of its own."""
    programs = folder / "venv" / "bin"
    if not (programs / (program or name)).exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [programs / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", name]
        subprocess.run(pip, check=True, timeout=_INSTALL_LIMIT_S)
    return programs


@contextlib.contextmanager
def _process(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A program in a session of its own, ended with everything it started there."""
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def _until(attempt: Callable[[], object]) -> None:
    """Repeat until it works, within the limit."""
    last = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            attempt()
        except (OSError, RuntimeError, ValueError):
            if time.monotonic() > last:
                raise
            time.sleep(0.2)
        else:
            return


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]
