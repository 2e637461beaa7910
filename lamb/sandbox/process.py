"""The daemon's side of a zygote: start it, hand it orders, learn when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from lamb.model.errors import EnvironmentLost, EnvironmentStartFailed
from lamb.sandbox import syscalls
from lamb.sandbox.spec import Base

_SPAWNER = Path(__file__).with_name("spawner.py")
_START_LIMIT_S = 30.0
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Let zygotes, whose starting process exits at once, become children of this process."""
    syscalls.prctl(_PR_SET_CHILD_SUBREAPER, 1)


class Zygote:
    """One running zygote. Lives on the event loop; `on_exit` is called once when it has ended."""

    def __init__(self, base: Base, on_exit: Callable[[], None]) -> None:
        self.base = base
        self.version = ""
        self.alive = True
        self._on_exit = on_exit
        self._pid = 0
        self._started: dict[int, Callable[[int], None]] = {}
        self._orders: deque[tuple[int, list[int]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)  # noqa: FBT003
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        # fork and exec only, by vfork: this process has threads and must not run Python in a fork.
        self._process = subprocess.Popen(
            [
                base.interpreter, "-I", "-S", str(_SPAWNER), "build", base.dumps(),
                str(Path(base.code).parent), str(theirs.fileno()),
            ],
            pass_fds=[theirs.fileno()], env={}, stdin=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        theirs.close()
        self._loop.add_reader(self._control, self._on_message)

    async def ready(self) -> None:
        """Until it takes orders; EnvironmentStartFailed if it ended instead."""
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), _START_LIMIT_S)
        except (asyncio.TimeoutError, TimeoutError):
            self.kill()
            raise EnvironmentStartFailed(
                f"The zygote of {self.base.runtime} did not start within {_START_LIMIT_S:.0f} s"
            ) from None

    def spawn(self, number: int, descriptors: Sequence[int], started: Callable[[int], None]) -> None:
        """Start an environment's init; `started` gets its process id as soon as it is known.
        EnvironmentLost if the zygote has ended.

        The descriptors: its end of the control socket, on which it waits for its `Order`, then one
        `cgroup.procs` file for each cgroup to join.
        """
        self._started[number] = started
        try:
            if self._orders or not self._send(number, descriptors):
                self._orders.append((number, [os.dup(fd) for fd in descriptors]))
                self._loop.add_writer(self._control, self._send_orders)
        except OSError as error:
            self._started.pop(number, None)
            if isinstance(error, ConnectionError):
                self._end()
            raise EnvironmentLost(f"The zygote of {self.base.runtime} is gone: {error}") from error

    def _send(self, number: int, descriptors: Sequence[int]) -> bool:
        """False while the zygote has more orders than a socket holds."""
        try:
            socket.send_fds(self._control, [str(number).encode()], descriptors)
        except BlockingIOError:
            return False
        return True

    def _send_orders(self) -> None:
        while self._orders:
            number, descriptors = self._orders[0]
            try:
                if not self._send(number, descriptors):
                    return
            except OSError:
                self._end()
                return
            self._orders.popleft()
            _close(descriptors)
        self._loop.remove_writer(self._control)

    def kill(self) -> None:
        if self._pid and self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._end()

    def _on_message(self) -> None:
        try:
            data, ancillary, _, _ = self._control.recvmsg(4096, 64)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        if not data:
            self._end()
            return
        message = json.loads(data)
        pid = message["pid"] if "pid" in message else _sender(ancillary)
        if "ready" in message:
            self.version, self._pid = message["ready"], pid
            if "pid" in self.base.walls:
                self._process.wait()  # it has exited; elsewhere it has become the zygote itself
            if not self._ready.done():
                self._ready.set_result(None)
        else:
            started = self._started.pop(message["started"], None)
            if started is not None:
                started(pid)

    def _end(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._control)
        self._loop.remove_writer(self._control)
        self._control.close()
        for _, descriptors in self._orders:
            _close(descriptors)
        self._orders.clear()
        # Its namespace is being cleared away: that may take a moment, which the loop does not wait.
        self._loop.run_in_executor(None, _reap, {self._pid, self._process.pid} - {0})
        if not self._ready.done():
            self._ready.set_exception(
                EnvironmentStartFailed(
                    f"The zygote of {self.base.runtime} ended before it was ready: see `lamb daemon logs`"
                )
            )
            self._ready.exception()  # seen, even if nobody waits for it
        self._on_exit()


def _close(descriptors: Sequence[int]) -> None:
    for fd in descriptors:
        os.close(fd)


def _reap(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The process id in SCM_CREDENTIALS, translated by the kernel into our pid namespace."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid: int = struct.unpack("iII", data)[0]
            return pid
    return 0
