"""Reach the daemon of a home, and start it where there is none.

Two locks, both `flock`: who holds `run/start.lock` starts a daemon (for milliseconds); who holds
`run/daemon.lock` is the daemon (for its lifetime: the starter takes it and the daemon inherits it, so
there is no gap). A process id is never used to guess who lives.

The starter binds the socket, so that it can connect at once: the kernel keeps the connection until the
daemon accepts it. Everybody else who comes meanwhile finds the bound socket and does the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lamb.model.errors import HomeUnusable

PROGRAM = "lamb.daemon"
SOCKET, DAEMON_LOCK, START_LOCK, LOG = "daemon.sock", "daemon.lock", "start.lock", "daemon.log"
_BACKLOG = 1024
_LOG_MAX_BYTES = 1_048_576
# sun_path of unix(7) holds 108 bytes with the final zero.
_SOCKET_PATH_MAX_BYTES = 107
_LOCK_WAIT_S = 30.0
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TMPDIR",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
)
_ENDPOINTS = "AWS_ENDPOINT_URL_"
_PASSED_ON_PREFIXES = ("LAMB_", "LC_", "XDG_", "PYENV_", "UV_", _ENDPOINTS)
# Only with an endpoint: whoever names one has asked for records to be sent there.
_WITH_ENDPOINTS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_EC2_METADATA_DISABLED",
)


class Claim(NamedTuple):
    """The right to be the daemon of a home: its bound socket and its lock, both open and inheritable."""

    listener: socket.socket
    lock: int


def daemon_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a daemon is given of its starter's environment: no secrets of a shell, and AWS's credentials only
    with an endpoint to use them at."""
    named = any(name.startswith(_ENDPOINTS) for name in environ)
    names = {*_PASSED_ON, *(_WITH_ENDPOINTS if named else ())}
    return {
        name: value
        for name, value in environ.items()
        if name in names or name.startswith(_PASSED_ON_PREFIXES)
    }


def connect(home: Path) -> socket.socket | None:
    """A connection to the daemon of this home; None when nothing listens there."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(home / "run") as folder:
            connected.connect(f"{folder}/{SOCKET}")
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connected.close()
        return None
    except OSError as error:
        connected.close()
        raise HomeUnusable(f"`{home / 'run' / SOCKET}` cannot be reached: {error.strerror}") from error
    return connected


def connect_or_start(
    home: Path, environ: Mapping[str, str], program: str = PROGRAM
) -> tuple[socket.socket, bool]:
    """A connection, and whether a daemon (the module `program`) was started for it. Raises HomeUnusable."""
    connected = connect(home)
    if connected is not None:
        return connected, False
    with _locked(home, START_LOCK):
        # Somebody else may have started it while we waited for the lock.
        connected = connect(home)
        if connected is not None:
            return connected, False
        claim = claim_home(home)
        try:
            _spawn(claim, home, environ, program)
            connected = connect(home)
        finally:
            # The daemon has its own copies: when it dies, its socket and its lock must die with it.
            claim.listener.close()
            os.close(claim.lock)
    if connected is None:
        raise HomeUnusable(f"the socket in `{home / 'run'}` has disappeared")
    return connected, True


def claim_home(home: Path) -> Claim:
    """Take the daemon's lock and bind its socket, in place of what a dead daemon left behind.

    Waits for a daemon that is just ending. Raises HomeUnusable.
    """
    lock = _open_lock(home, DAEMON_LOCK)
    try:
        _wait_for(lock, home)
        listener = _bind(home / "run")
    except BaseException:
        os.close(lock)
        raise
    listener.set_inheritable(True)
    os.set_inheritable(lock, True)  # noqa: FBT003 - takes no keyword
    return Claim(listener, lock)


def wait_until_ended(home: Path) -> None:
    """Return when no daemon of this home is left."""
    with _locked(home, DAEMON_LOCK):
        pass


def log_size(home: Path) -> int:
    """Bytes in the daemon's log: where a daemon that is started now begins to write."""
    try:
        return (home / "run" / LOG).stat().st_size
    except OSError:
        return 0


def log_tail(home: Path, since: int = 0) -> str:
    """The last lines (at most 4 KB) of the daemon's log, from this byte on."""
    try:
        with (home / "run" / LOG).open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            # A log that was put aside meanwhile is shorter than it was.
            log.seek(max(since if since <= end else 0, end - 4096))
            return log.read().decode(errors="replace").strip()
    except OSError:
        return ""


def _bind(run: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(run) as folder:
            path = f"{folder}/{SOCKET}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108 - a path of /proc, not of a Path
            listener.bind(path)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise HomeUnusable(f"`{run / SOCKET}` cannot be made: {error.strerror}") from error
    return listener


def _spawn(claim: Claim, home: Path, environ: Mapping[str, str], program: str) -> None:
    """Start the daemon in a session of its own, with nothing of ours but the claim."""
    log = home / "run" / LOG
    if log_size(home) > _LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.1"))
    handed = (claim.listener.fileno(), claim.lock)
    arguments = [sys.executable, "-m", program, "--home", str(home)]
    arguments += ["--socket-fd", str(handed[0]), "--lock-fd", str(handed[1])]
    environment = daemon_environment(environ)
    if "PYTHONPATH" in environment:
        paths = environment["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths)  # noqa: PTH100
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        *((os.POSIX_SPAWN_CLOSE, fd) for fd in _inherited() if fd not in handed),
    ]
    # Through the shell for its cd: `-m` puts the working directory on the module path, and that of
    # our caller may hold anybody's json.py. A lock or pipe of our caller's must not live on, either.
    os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", 'cd / && umask 077 && exec "$0" "$@"', *arguments],
        environment,
        file_actions=actions,
        setsid=True,
        setsigmask=[],
    )


def _inherited() -> list[int]:
    """Open files besides 0, 1 and 2 that a child would inherit."""
    inherited = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            if int(name) > 2 and os.get_inheritable(int(name)):
                inherited.append(int(name))
    return inherited


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A spelling of this folder that fits into a socket address."""
    if len(os.fsencode(folder / SOCKET)) <= _SOCKET_PATH_MAX_BYTES:
        yield str(folder)
        return
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}"
    finally:
        os.close(opened)


def _open_lock(home: Path, name: str) -> int:
    run = home / "run"
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(run / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeUnusable(
            f"the lamb home `{home}` cannot be used: {error.strerror}: `{error.filename}`"
        ) from error


@contextlib.contextmanager
def _locked(home: Path, name: str) -> Iterator[None]:
    lock = _open_lock(home, name)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int, home: Path) -> None:
    """Take the daemon's lock from one that is just ending; not for ever, it may never end."""
    last = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > last:
                error = HomeUnusable(
                    f"a daemon still holds `{home / 'run' / DAEMON_LOCK}`, but it does not answer"
                )
                error.hint = f"`fuser {home / 'run' / DAEMON_LOCK}` names its process"
                raise error from None
            # flock knows no time limit; only the successor of an ending daemon ever comes here.
            time.sleep(0.01)
        else:
            return
