"""The daemon's side of an environment's init: what it is told, and what comes of it.

Everything happens on the event loop. What an environment does comes in as a `Happening` — a frame
of its runtime, the end of its runtime, its own end, or a deadline — and whoever waits gets the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from lamb.engine.blanks import Blank
from lamb.engine.channel import Frame, RuntimeChannel
from lamb.model.errors import EnvironmentLost, EnvironmentStartFailed
from lamb.sandbox.spec import Order

_RESET_LIMIT_S = 5.0


class RuntimeEnded(NamedTuple):
    """The runtime's process has ended and what it started is cleared away; the environment stays."""

    exit_code: int | None
    signal: int | None


class EnvironmentEnded:
    """The environment is gone as a whole."""


class DeadlinePassed:
    """Nothing happened until then."""


Happening = Frame | RuntimeEnded | EnvironmentEnded | DeadlinePassed
DEADLINE: Final = DeadlinePassed()


class Link:
    """Starts, resets, freezes and ends one environment. `on_end` is called once, when it is gone."""

    def __init__(self, blank: Blank, on_end: Callable[[], None]) -> None:
        self.alive = True
        self.runtime_up = False
        """Whether the runtime has loaded the handler and takes events."""
        self._wall_error = ""
        self._blank = blank
        self._keeper = blank.keeper
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._frozen = False
        self._channel: RuntimeChannel | None = None
        self._waiter: asyncio.Future[Happening] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._missed: list[Happening] = []

    def start(self, order: Order, output: int) -> None:
        """Order the environment; its runtime begins to load the handler at once.

        `output` is the writing end of the pipe that it gets as standard output and error.
        """
        runtime_end = self._open_channel()
        self._loop.add_reader(self._keeper, self._on_report)
        try:
            self._blank.order(order, [output, runtime_end.fileno()])
        except OSError as error:
            raise EnvironmentLost from error
        finally:
            runtime_end.close()

    def start_runtime(self) -> None:
        """A new runtime in the same sandbox: /tmp is kept, memory is not."""
        self._missed.clear()  # whatever the last runtime still had to say
        theirs = self._open_channel()
        with theirs, contextlib.suppress(OSError):  # a keeper that is gone reports by its silence
            socket.send_fds(self._keeper, [b"S"], [theirs.fileno()])

    async def clear_runtime(self, happening: Happening) -> None:
        """After a failure: leave nothing running, so that the next invocation starts a new runtime.

        The sandbox and its /tmp stay, as in AWS. Answers that come late end here, unread.
        """
        self.runtime_up = False
        if self._channel:
            self._channel.close()
        if isinstance(happening, RuntimeEnded | EnvironmentEnded) or not self.alive:
            return
        self.kill_runtime()
        deadline = time.perf_counter() + _RESET_LIMIT_S
        while not isinstance(await self.next(deadline), RuntimeEnded | EnvironmentEnded):
            if time.perf_counter() >= deadline:
                self.close()

    def kill_runtime(self) -> None:
        """End the runtime and all that it started; `RuntimeEnded` happens when they are gone."""
        self._command(b"K")

    def freeze(self) -> None:
        """Stop every process of the idle environment, until it is thawed."""
        if self.runtime_up and not self._frozen:
            self._frozen = True
            self._command(b"F")

    def thaw(self) -> None:
        """Before an event."""
        if self._frozen:
            self._frozen = False
            self._command(b"T")

    def send(self, head: bytes, payload: bytes) -> bool:
        """One event to the runtime; False where it has ended, which we may not have heard of yet."""
        return self._channel is not None and self._channel.send(head, payload)

    async def next(self, deadline: float) -> Happening:
        """The next happening, or the deadline (seconds of time.perf_counter)."""
        if self._missed:
            return self._missed.pop(0)
        if not self.alive:
            return EnvironmentEnded()
        waiter: asyncio.Future[Happening] = self._loop.create_future()
        self._waiter = waiter
        self._deadline = deadline
        if self._timer is None or self._timer_at > deadline:
            self._set_timer(deadline)
        try:
            return await waiter
        finally:
            self._waiter = None

    def refuse_missing_wall(self) -> None:
        """EnvironmentStartFailed if a wall would not stand: such an environment is gone."""
        if self._wall_error:
            raise EnvironmentStartFailed(f"The sandbox could not be built: {self._wall_error}")

    def close(self) -> None:
        """End the environment now. Its init is in the kernel's hands: nothing of it survives."""
        if not self.alive:
            return
        self.alive = False
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._keeper)
        self._blank.close()
        if self._channel:
            self._channel.close()
        self._happen(EnvironmentEnded())
        self._on_end()

    def _open_channel(self) -> socket.socket:
        """A new channel; the runtime's end of it."""
        if self._channel:
            self._channel.close()
        ours, theirs = socket.socketpair()
        self._channel = RuntimeChannel(ours, self._happen)
        return theirs

    def _set_timer(self, deadline: float) -> None:
        """One timer for many waits: an answer leaves it alone, and when it rings it looks who waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_later(max(0.0, deadline - time.perf_counter()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if time.perf_counter() < self._deadline:  # it was set for an earlier wait
            self._set_timer(self._deadline)
        else:
            self._happen(DEADLINE)

    def _command(self, command: bytes) -> None:
        with contextlib.suppress(OSError):
            self._keeper.send(command)

    def _happen(self, happening: Happening) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(happening)
        elif happening is not DEADLINE:
            self._missed.append(happening)

    def _on_report(self) -> None:
        """A message of the keeper: how the runtime ended, or which wall would not stand."""
        try:
            data = self._keeper.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        report = json.loads(data)
        if "wall" in report:
            self._wall_error = f"{report['wall']}: {report['reason']}"
            self.close()
            return
        if self._channel:
            self._channel.finish()
        self.runtime_up = False
        self._happen(RuntimeEnded(report.get("exit"), report.get("signal")))
