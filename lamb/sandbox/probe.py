"""Which walls this host lets us raise: each is tried, in a process of its own.

Run as a program it prints JSON, wall → reason why it does not stand ("" where it does). Trying
needs forks, which the daemon, having threads, must not do itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))

from lamb.sandbox import landlock, seccomp, syscalls, user
from lamb.sandbox.syscalls import MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC

_LIMIT_S = 20


def probe() -> Mapping[str, str]:
    """Wall → why it does not stand here, "" where it does. The cgroup wall is not among them."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", __file__],
        capture_output=True, timeout=_LIMIT_S, check=True, stdin=subprocess.DEVNULL, env={},
    )  # fmt: skip
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _try_all() -> dict[str, str]:
    answer = {
        "user": _attempt(_user),
        "ipc": _attempt(_ipc),
        "pid": _attempt(_pid),
        "mount": _attempt(_mount),
        "limits": "",
        "privileges": _attempt(lambda: syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)),
        "landlock": "" if landlock.abi() else "the kernel has no Landlock, or it is switched off",
        "seccomp": _attempt(_seccomp),
    }
    if answer["pid"] and not answer["mount"]:
        answer["mount"] = f"needs the pid wall for a /proc of its own ({answer['pid']})"
    return answer


def _attempt(step: Callable[[], object]) -> str:
    """Do `step` in a child; "" or the reason it failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        reason = ""
        try:
            step()
        except OSError as error:
            reason = str(error) or type(error).__name__
        os.write(writer, reason.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        reason = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return reason or ("" if status == 0 else f"ended with {status}")


def _user() -> None:
    user.become_unprivileged()
    user.enter_function_namespace()


def _privileged() -> None:
    """What a zygote does first: root needs no user namespace to build namespaces, others do."""
    if os.getuid() != 0:
        user.enter_namespace(0)


def _ipc() -> None:
    _privileged()
    syscalls.unshare(syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS)


def _pid() -> None:
    _privileged()
    syscalls.unshare(syscalls.CLONE_NEWPID)


def _mount() -> None:
    """A tmpfs, made read-only, and a /proc of a new pid namespace: what every environment needs."""
    scratch = tempfile.mkdtemp(prefix="lamb-probe-")
    try:
        reason = _attempt(lambda: _mount_on(scratch))
    finally:
        Path(scratch).rmdir()
    if reason:
        raise OSError(reason)


def _mount_on(scratch: str) -> None:
    _privileged()
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID)
    syscalls.mount("none", "/", None, MS_REC | MS_PRIVATE)
    reason = _attempt(lambda: _mount_inside(scratch))
    if reason:
        raise OSError(reason)


def _mount_inside(scratch: str) -> None:
    syscalls.mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    syscalls.mount("lamb", scratch, "tmpfs", MS_NOSUID | MS_NODEV)
    syscalls.restrict_mount(scratch, syscalls.MOUNT_ATTR_RDONLY)


def _seccomp() -> None:
    if not seccomp.supported():
        raise OSError(0, f"no filter is written for {syscalls.MACHINE}")
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.restrict()


if __name__ == "__main__":
    print(json.dumps(_try_all()))  # noqa: T201
