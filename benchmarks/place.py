"""Where the benchmarks run: lamb as a user has it, in a clean venv, with homes of its own."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
ECHO = "def handler(event, context):\n    return event\n"
_END_LIMIT_S = 10.0


class Installation:
    """A virtual environment with lamb in it, not editable; made once, in `folder`."""

    def __init__(self, folder: Path, source: Path = REPOSITORY) -> None:
        self.python = folder / "bin" / "python"
        self.lamb = folder / "bin" / "lamb"
        if not self.lamb.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [self.python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", source], check=True)

    @property
    def interpreter(self) -> Path:
        """The interpreter itself: no venv, no version manager's shim."""
        return self.python.resolve()


class Home:
    """A home of lamb with its daemon; `close` leaves neither behind."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.folder = folder
        self.environment = {**_environment(), "LAMB_HOME": str(folder)}
        self.program = str(installation.lamb)

    def run(self, *arguments: str) -> str:
        """The output of one command."""
        command = [self.program, *arguments]
        done = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"`lamb {' '.join(arguments)}`: {done.stderr.decode()}")
        return done.stdout.decode()

    def pid(self) -> int | None:
        """The daemon's process id; None where none runs."""
        with contextlib.suppress(RuntimeError):
            status = json.loads(self.run("daemon", "status", "--json"))
            return int(status["pid"]) if status.get("pid") else None
        return None

    def stop(self) -> None:
        """End the daemon and wait until it is gone."""
        pid = self.pid()
        if pid is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            limit = time.monotonic() + _END_LIMIT_S
            while _alive(pid):
                if time.monotonic() > limit:
                    break
                time.sleep(0.002)
            else:
                return

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Api:
    """Lambda's API over one keep-alive TCP connection."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._connection = http.client.HTTPConnection(*self.address, timeout=60)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, Mapping[str, str]]:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()}")
        return content, response.headers

    def create(self, name: str, code: str, timeout_s: int = 3) -> None:
        """A function of one file."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("main.py")
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, code)
        body = {
            "FunctionName": name,
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Role": "arn:aws:iam::000000000000:role/benchmark",
            "Handler": "main.handler",
            "Timeout": timeout_s,
            "Code": {"ZipFile": b64encode(packed.getvalue()).decode()},
        }
        self.request("POST", "/2015-03-31/functions", json.dumps(body).encode())

    def change(self, name: str) -> None:
        """Make every environment of the function outdated."""
        body = json.dumps({"Description": str(time.monotonic_ns())}).encode()
        self.request("PUT", f"/2015-03-31/functions/{name}/configuration", body)
        self.settled(name)

    def settled(self, name: str) -> None:
        self.request("GET", f"/_lamb/functions/{name}/settled")

    def invoke(self, name: str, body: bytes = b"{}") -> tuple[bytes, Mapping[str, str]]:
        return self.request("POST", invocations(name), body)

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.request("GET", "/_lamb/health")[0])
        return answer

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def bare_server(installation: Installation, *arguments: str) -> Iterator[int]:
    """The port of `bare_server.py`."""
    command = [installation.python, "-I", REPOSITORY / "benchmarks" / "bare_server.py", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()  # its standard input ends, and so does it


def invocations(name: str) -> str:
    return f"/2015-03-31/functions/{name}/invocations"


@contextlib.contextmanager
def serving(home: Home) -> Iterator[Api]:
    """`lamb serve` on a free port, and a connection to it; unsigned, as with the peers."""
    command = [home.program, "serve", "--port", "0", "--no-auth", "--json"]
    with subprocess.Popen(
        command, env=home.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            api = Api(json.loads(process.stdout.readline())["url"])
            yield api
            api.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_END_LIMIT_S)


def process_ms(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Milliseconds of one whole process, from its start to its end."""
    nowhere = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment or _environment(), file_actions=nowhere)
    _, status = os.waitpid(pid, 0)
    elapsed_ms = (time.perf_counter() - started) * 1000
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return elapsed_ms


def _environment() -> dict[str, str]:
    """What a program of the benchmarks is given: nothing that would change what it imports."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def _alive(pid: int) -> bool:
    """A zombie is not: where process 1 is no real init, nobody may ever wait for it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
