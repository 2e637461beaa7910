"""One environment: its start, its invocations one at a time, its resets, its end.

Everything happens on the event loop. What an environment does comes in as a `Happening` — a frame
of its runtime, the end of its runtime, its own end, or a deadline — and whoever waits gets the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lamb.engine import endings
from lamb.engine.blanks import Blank
from lamb.engine.channel import Frame, RuntimeChannel
from lamb.engine.endings import Ending
from lamb.engine.transcript import Transcript
from lamb.logs.lines import Report
from lamb.model.errors import EnvironmentStartFailed
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.limits import INIT_MAX_S
from lamb.sandbox.cgroup import Cgroup
from lamb.sandbox.spec import Order

_RESET_LIMIT_S = 5.0
_BYTES_PER_KIB = 1024


@dataclass(frozen=True, slots=True)
class RuntimeEnded:
    """The runtime's process has ended and what it started is cleared away; the environment stays."""

    exit_code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True)
class EnvironmentEnded:
    """The environment is gone as a whole."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    pass


Happening = Frame | RuntimeEnded | EnvironmentEnded | DeadlinePassed
_DEADLINE: Final = DeadlinePassed()


class Environment:
    """`run` is called for one event at a time; `on_end` once, when the environment is gone."""

    def __init__(
        self,
        target: Target,
        order: Order,
        transcript: Transcript,
        blank: Blank,
        on_end: Callable[[], None],
        init_max_s: float = INIT_MAX_S,
    ) -> None:
        self.target = target
        self.alive = True
        self.out_of_memory = False
        """Set by whoever watches memory, before the runtime is killed for it."""
        self.peak_bytes = 0
        self._order = order
        self._transcript = transcript
        self._blank = blank
        self._keeper = blank.keeper
        self._on_end = on_end
        self._init_max_s = init_max_s
        self._loop = asyncio.get_running_loop()
        self._fresh = True
        self._runtime_up = False
        self._frozen = False
        self._wall_error = ""
        self._channel: RuntimeChannel | None = None
        self._waiter: asyncio.Future[Happening] | None = None
        self._missed: list[Happening] = []

    @property
    def cgroup(self) -> Cgroup | None:
        return self._blank.cgroup

    @property
    def pid(self) -> int:
        """Of the environment's init, in the daemon's pid namespace; 0 until the zygote tells."""
        return self._blank.pid

    # ------------------------------------------------------------------ start and end

    def start(self) -> None:
        """Order the environment; its runtime begins to load the handler at once."""
        output, output_end = os.pipe2(os.O_CLOEXEC)
        runtime_end = self._open_channel()
        self._transcript.listen(output)
        self._loop.add_reader(self._keeper, self._on_report)
        try:
            self._blank.order(self._order, [output_end, runtime_end.fileno()])
        except OSError as error:
            raise EnvironmentStartFailed(f"The environment ended before its start: {error}") from error
        finally:
            runtime_end.close()
            os.close(output_end)

    def close(self) -> None:
        """End the environment now. Its init is in the kernel's hands: nothing of it survives."""
        if not self.alive:
            return
        self.alive = False
        self._loop.remove_reader(self._keeper)
        self._blank.close()
        if self._channel:
            self._channel.close()
        self._transcript.close()
        self._happen(EnvironmentEnded())
        self._on_end()

    # ------------------------------------------------------------------ one invocation

    async def run(self, event: Event) -> Outcome:
        """Run one event to its end. EnvironmentStartFailed if a wall would not stand."""
        self.out_of_memory = False
        if self._frozen:
            self._thaw()
        if self._runtime_up:
            self._transcript.begin(event.request_id)
            started = time.perf_counter()
            ending = await self._invoke(event, started + self._timeout_s)
            return self._finish(event, ending, started, None)
        return await self._run_after_init(event)

    async def _run_after_init(self, event: Event) -> Outcome:
        """An init phase first: on its own for a fresh environment, else within the invocation."""
        init_ms = None
        if self._fresh:
            self._fresh = False
            self._transcript.init_start()
            init_ms = await self._init_phase()
        self._transcript.begin(event.request_id)
        started = time.perf_counter()
        deadline = started + self._timeout_s
        ending = None
        if not self._runtime_up:
            ending = await self._init_again(event, deadline)
        if ending is None:
            ending = await self._invoke(event, deadline)
        return self._finish(event, ending, started, init_ms)

    async def _init_phase(self) -> float | None:
        """At most `init_max_s`; milliseconds it took, or None if it failed (and was logged)."""
        started = time.perf_counter()
        happening = await self._next(started + self._init_max_s)
        init_ms = (time.perf_counter() - started) * 1000
        if self._is_ready(happening):
            return init_ms
        if isinstance(happening, EnvironmentEnded):
            self._raise_unless_runtime_ended()
        timed_out = isinstance(happening, DeadlinePassed)
        await self._clear_runtime(happening)
        error_type = None if timed_out else _init_error_type(happening)
        self._transcript.init_report(init_ms, "timeout" if timed_out else "error", error_type)
        return None

    async def _init_again(self, event: Event, deadline: float) -> Ending | None:
        """AWS repeats a failed init inside the invocation, under the function's own timeout."""
        if not self.alive:
            raise EnvironmentStartFailed("The environment ended before the invocation")
        self._start_runtime()
        happening = await self._next(deadline)
        if self._is_ready(happening):
            return None
        ending = self._ending_of(event, happening, during_init=True)
        await self._clear_runtime(happening)
        return ending

    def _is_ready(self, happening: Happening) -> bool:
        if not isinstance(happening, Frame) or happening.kind != b"R":
            return False
        self._runtime_up = True
        self.peak_bytes = happening.peak_kib * _BYTES_PER_KIB
        return True

    async def _invoke(self, event: Event, deadline: float) -> Ending:
        self._send(self._head(event, deadline), event.payload)
        while True:
            happening = await self._next(deadline)
            if isinstance(happening, Frame):
                # An answer names its request: none can be taken for another invocation's. And one
                # that comes while the runtime is being killed for its memory comes too late.
                if self._answers(happening, event) and not self.out_of_memory:
                    return self._ending_of_answer(happening)
                if time.perf_counter() < deadline:
                    continue
                happening = _DEADLINE  # a function that never stops talking must not put it off
            ending = self._ending_of(event, happening, during_init=False)
            await self._clear_runtime(happening)
            return ending

    def _answers(self, frame: Frame, event: Event) -> bool:
        return frame.kind in (b"D", b"E") and frame.request_id == event.request_id.encode()

    def _ending_of_answer(self, frame: Frame) -> Ending:
        self.peak_bytes = frame.peak_kib * _BYTES_PER_KIB
        if frame.too_large:
            return endings.too_large()
        return (endings.succeeded if frame.kind == b"D" else endings.raised)(frame.payload)

    def _ending_of(self, event: Event, happening: Happening, *, during_init: bool) -> Ending:
        """What a happening that is no answer means for the invocation."""
        if isinstance(happening, Frame):
            return endings.init_failed(happening.payload)
        if isinstance(happening, DeadlinePassed):
            return endings.timed_out(event.request_id, self._timeout_s)
        if isinstance(happening, EnvironmentEnded):
            self._raise_unless_runtime_ended()
            return endings.killed(event.request_id, signal.SIGKILL, out_of_memory=self._ran_out_of_memory())
        if happening.exit_code is not None and not self.out_of_memory:
            return endings.exited(event.request_id, happening.exit_code, during_init=during_init)
        number = happening.signal or signal.SIGKILL
        return endings.killed(event.request_id, number, out_of_memory=self._ran_out_of_memory())

    def _finish(self, event: Event, ending: Ending, started: float, init_ms: float | None) -> Outcome:
        duration_ms = (time.perf_counter() - started) * 1000
        if ending.verdict == "timeout":
            duration_ms = max(duration_ms, self._timeout_s * 1000.0)
        size_mb = self.target.configuration.memory_mb
        used_mb = size_mb if ending.error_type == "Runtime.OutOfMemory" else self._used_mb()
        report = Report(
            event.request_id, duration_ms, init_ms, size_mb, used_mb, ending.status, ending.error_type
        )
        tail = self._transcript.end(report)
        return Outcome(
            request_id=event.request_id,
            verdict=ending.verdict,
            payload=ending.payload,
            executed_version=self.target.version,
            duration_ms=duration_ms,
            init_ms=init_ms,
            memory_mb=size_mb,
            memory_used_mb=used_mb,
            log_tail=tail,
            error_type=ending.error_type,
        )

    def _send(self, head: bytes, payload: bytes) -> None:
        if self._channel is not None:
            self._channel.send(head, payload)

    def _head(self, event: Event, deadline: float) -> bytes:
        left_ms = (deadline - time.perf_counter()) * 1000
        head: dict[str, object] = {
            "id": event.request_id,
            "arn": event.invoked_arn,
            "deadline": int(time.time() * 1000 + left_ms),
        }
        if event.client_context is not None:
            head["context"] = event.client_context
        if event.trace_id is not None:
            head["trace"] = event.trace_id
        return json.dumps(head).encode()

    @property
    def _timeout_s(self) -> int:
        return self.target.configuration.timeout_s

    def _used_mb(self) -> int:
        return -(-self.peak_bytes // (1 << 20))

    # ------------------------------------------------------------------ the runtime's process

    def _open_channel(self) -> socket.socket:
        """A new channel; the runtime's end of it."""
        if self._channel:
            self._channel.close()
        ours, theirs = socket.socketpair()
        self._channel = RuntimeChannel(ours, self._happen)
        return theirs

    def _start_runtime(self) -> None:
        self._missed.clear()  # whatever the last runtime still had to say
        theirs = self._open_channel()
        with theirs, contextlib.suppress(OSError):  # a keeper that is gone reports by its silence
            socket.send_fds(self._keeper, [b"S"], [theirs.fileno()])

    async def _clear_runtime(self, happening: Happening) -> None:
        """After a failure: leave nothing running, so that the next invocation starts a new runtime.

        The sandbox and its /tmp stay, as in AWS. Answers that come late end here, unread.
        """
        self._runtime_up = False
        if self._channel:
            self._channel.close()
        if isinstance(happening, RuntimeEnded | EnvironmentEnded) or not self.alive:
            return
        self._command(b"K")
        deadline = time.perf_counter() + _RESET_LIMIT_S
        while not isinstance(await self._next(deadline), RuntimeEnded | EnvironmentEnded):
            if time.perf_counter() >= deadline:
                self.close()

    def kill_runtime(self) -> None:
        """End what runs now, from outside: the invocation ends as killed."""
        self._command(b"K")

    def freeze(self) -> None:
        """Stop every process of the idle environment, until the next invocation."""
        if self._runtime_up and not self._frozen:
            self._frozen = True
            self._command(b"F")

    def _thaw(self) -> None:
        self._frozen = False
        self._command(b"T")

    def _command(self, command: bytes) -> None:
        with contextlib.suppress(OSError):
            self._keeper.send(command)

    def _ran_out_of_memory(self) -> bool:
        if self.out_of_memory or self.cgroup is None:
            return self.out_of_memory
        try:
            return self.cgroup.out_of_memory()
        except OSError:
            return False

    def _raise_unless_runtime_ended(self) -> None:
        if self._wall_error:
            raise EnvironmentStartFailed(f"The sandbox could not be built: {self._wall_error}")

    # ------------------------------------------------------------------ what happens

    async def _next(self, deadline: float) -> Happening:
        """The next happening, or the deadline (seconds of time.perf_counter)."""
        if self._missed:
            return self._missed.pop(0)
        if not self.alive:
            return EnvironmentEnded()
        waiter: asyncio.Future[Happening] = self._loop.create_future()
        self._waiter = waiter
        timer = self._loop.call_later(max(0.0, deadline - time.perf_counter()), self._happen, _DEADLINE)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _happen(self, happening: Happening) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(happening)
        elif happening is not _DEADLINE:
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
        self._runtime_up = False
        self._happen(RuntimeEnded(report.get("exit"), report.get("signal")))


def _init_error_type(happening: Happening) -> str:
    if isinstance(happening, Frame):
        return endings.init_failed(happening.payload).error_type or "Runtime.Unknown"
    return "Runtime.ExitError"
