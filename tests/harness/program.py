"""The real program over one home."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import machine
from harness.signing import signed
from harness.users import User

COMMAND_TIMEOUT_S = 60

Completed = subprocess.CompletedProcess


LIVING: list[Lamb] = []


@dataclass
class Served:
    """A port, and a key of its owner."""

    url: str
    key: Mapping[str, str]

    def ask(self, method: str, target: str, body: bytes = b"", content_type: str = "application/json") -> str:
        """A signed request, and the text of its answer; HTTPError for any that is refused."""
        host = self.url.removeprefix("http://")
        keys = {"AWS_ACCESS_KEY_ID": self.key["AccessKeyId"]}
        keys["AWS_SECRET_ACCESS_KEY"] = self.key["SecretAccessKey"]
        headers = {**signed(method, target, host, keys, body), "content-type": content_type}
        asked = urllib.request.Request(self.url + target, body or None, headers, method=method)
        with urllib.request.urlopen(asked, timeout=COMMAND_TIMEOUT_S) as answer:
            text: str = answer.read().decode()
        return text

    @property
    def aws(self) -> dict[str, str]:
        """What boto3's clients are given."""
        return {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": self.key["AccessKeyId"],
            "aws_secret_access_key": self.key["SecretAccessKey"],
        }


@dataclass
class Lamb:
    """One home with the real program over it. Starts no daemon: the program does."""

    user: User
    base: Path
    more_env: Mapping[str, str] = field(default_factory=dict)
    gone_within_s: float = 10
    furnished: bool = True
    """Whether the home gets the runtime directory of one that has ended: to fill one takes half a second."""

    def __post_init__(self) -> None:
        self._own(self.base, 0o755)
        self._own(self.base / "user", 0o700)
        self._own(self.work, 0o755)
        self._cgroups = set(machine.cgroups())
        self._mounts = machine.mounts()
        self._killed = False
        LIVING.append(self)

    @property
    def home(self) -> Path:
        return self.base / "user" / "lamb"

    @property
    def work(self) -> Path:
        """Where the user's own files lie; also the current directory of every command."""
        return self.base / "work"

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{self.user.bin}:{self.user.path}",
            "HOME": str(self.base / "user"),
            "LAMB_HOME": str(self.home),
            "LANG": "C.UTF-8",
            **self.more_env,
        }

    @property
    def runtime(self) -> str:
        """The runtime whose interpreter is certainly there."""
        ask = "import sys; print('python%d.%d' % sys.version_info[:2])"
        command = [str(self.user.python), "-I", "-S", "-c", ask]
        return subprocess.check_output(command, text=True).strip()

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the user's below `work`."""
        path = self.work / name
        for directory in reversed(path.relative_to(self.work).parents[:-1]):
            self._own(self.work / directory, 0o755)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o644)
        os.chown(path, self.user.uid, self.user.gid)
        return path

    def start(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        """`lamb args…`, running; its streams are pipes unless told otherwise."""
        if self.furnished and not self.home.exists():
            self.furnish()
        options = {
            **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
            "encoding": "utf-8",
            "umask": 0o022,
            "cwd": self.work,
            "env": self.env,
            **self.user.as_popen,
            **popen,
        }
        return subprocess.Popen([self.user.bin / "lamb", *args], **options)

    def run(
        self,
        *args: str,
        stdin: str = "",
        check: bool = True,
        timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> Completed[str]:
        """`lamb args…`, finished. With `check`, a failure is a failed test that shows both streams."""
        process = self.start(*args)
        try:
            out, err = process.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"lamb {' '.join(args)} did not end in {timeout_s} s\n{out}{err}") from None
        machine.notice()
        if check:
            assert process.returncode == 0, f"lamb {' '.join(args)} → {process.returncode}\n{out}{err}"
        return Completed(list(args), process.returncode, out, err)

    def json(self, *args: str, stdin: str = "") -> Any:
        """What `lamb args… --json` prints."""
        return json.loads(self.run(*args, "--json", stdin=stdin).stdout)

    @contextmanager
    def serving(self, *args: str) -> Iterator[Served]:
        """A port of `lamb serve args…`, open while the block runs."""
        process = self.start("serve", "--port", "0", "--json", *args)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        try:
            yield Served(json.loads(line)["url"], self.json("keys", "create"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=COMMAND_TIMEOUT_S)

    # the daemon, seen from outside

    @contextmanager
    def socket(self) -> Iterator[str]:
        """A name for the daemon's socket that is short however long the home is."""
        directory = os.open(self.home / "run", os.O_PATH | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{directory}/daemon.sock"
        finally:
            os.close(directory)

    def health(self) -> dict[str, Any] | None:
        """What the running daemon says of itself, or None: nobody is started for it."""
        connection = http.client.HTTPConnection("lamb", timeout=10)
        try:
            with self.socket() as name:
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(10)
                connection.sock.connect(name)
                connection.request("GET", "/_lamb/health")
                health: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return health

    @property
    def daemon_pid(self) -> int:
        health = self.health()
        assert health is not None, "no daemon is running"
        return int(health["pid"])

    def kill_daemon(self, number: int = signal.SIGKILL) -> None:
        """Send the daemon a signal and wait until it is gone."""
        pid = self.daemon_pid
        os.kill(pid, number)
        self._killed = True
        assert machine.wait_gone(pid), f"the daemon {pid} outlived signal {number}"

    def stop_daemon(self) -> None:
        """As `lamb daemon stop` has it end, without a command; nothing where none runs."""
        assert self._end_daemon(COMMAND_TIMEOUT_S), "the daemon does not end"  # it gives what runs some time

    def _end_daemon(self, within_s: float) -> bool:
        health = self.health()
        if health is None:
            return True
        os.kill(health["pid"], signal.SIGTERM)
        return machine.wait_gone(health["pid"], within_s)

    def daemon_log(self) -> str:
        with suppress(OSError):
            return (self.home / "run" / "daemon.log").read_text(errors="replace")
        return ""

    # the end

    def close(self) -> None:
        """Stop the daemon, and fail if a process, a mount or a cgroup of it stays behind."""
        machine.notice()
        try:
            if self._killed and self.health() is None:
                self.run("list", check=False)  # what a killed daemon could not clear away, the next one does
            self._end_daemon(within_s=10)  # one that takes longer is found among what is left
            left = self._left_behind()
        finally:
            LIVING.remove(self)
            while pids := self._orphans():
                with suppress(ProcessLookupError):
                    os.kill(pids[0], signal.SIGKILL)
                machine.wait_gone(pids[0])
        assert not left, "left behind:\n" + "\n".join(left)
        self._hand_on()
        shutil.rmtree(self.base)

    @property
    def _spares(self) -> Path:
        """Runtime directories of this user's homes that have ended, shared by the processes of a test run."""
        return self.base.parent / f"runtimes-{self.user.uid}"

    def furnish(self) -> None:
        """Make the home, with the runtime directory of one that has ended; nothing where there is none."""
        for spare in self._spares.glob("*"):
            with suppress(FileNotFoundError):  # another process was quicker
                ours = spare.rename(self.base / "runtime")
                self._own(self.home, 0o700)
                ours.rename(self.home / "runtime")
                return

    def _hand_on(self) -> None:
        self._spares.mkdir(exist_ok=True)
        with suppress(OSError):  # nothing ran there, or it was a file system of its own
            (self.home / "runtime").rename(self._spares / self.base.name)

    def _orphans(self) -> list[int]:
        return machine.orphans(but_of=[other.home for other in LIVING if other is not self])

    def _left_behind(self) -> list[str]:
        deadline = time.monotonic() + self.gone_within_s
        while (pids := self._orphans()) and time.monotonic() < deadline:
            machine.wait_gone(pids[0], deadline - time.monotonic())
        left = [f"process {pid}: {machine.described(pid)}" for pid in self._orphans()]
        left += [f"mount: {line}" for line in machine.mounts() - self._mounts if str(self.base) in line]
        # A cgroup that lives is that of another home, and one whose daemon was killed goes away with the
        # next command there. Ours stays.
        dead = self._dead_cgroups()
        while dead and time.monotonic() < deadline:
            time.sleep(0.05)
            dead &= self._dead_cgroups()
        return left + [f"cgroup: {group}" for group in dead]

    def _dead_cgroups(self) -> set[str]:
        return {group for group in machine.cgroups() if group not in self._cgroups and machine.is_dead(group)}

    def _own(self, directory: Path, mode: int) -> None:
        directory.mkdir(exist_ok=True)
        directory.chmod(mode)
        os.chown(directory, self.user.uid, self.user.gid)
