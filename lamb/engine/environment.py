"""One environment at work: its init phase, its invocations one at a time, and how each of them ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as _quoted

from lamb.engine import endings
from lamb.engine.blanks import Blank
from lamb.engine.channel import Frame
from lamb.engine.endings import Ending
from lamb.engine.link import DEADLINE, DeadlinePassed, EnvironmentEnded, Happening, Link, RuntimeEnded
from lamb.engine.transcript import Transcript
from lamb.logs.lines import Report
from lamb.model.errors import EnvironmentLost
from lamb.model.invocation import Event, Outcome, Target
from lamb.model.limits import INIT_MAX_S, PROVISIONED_INIT_S
from lamb.sandbox.cgroup import Cgroup
from lamb.sandbox.spec import Order
from lamb.sandbox.walls import NAMES

_BYTES_PER_KIB = 1024


class Environment:
    """`run` is called for one event at a time; `on_end` once, when the environment is gone."""

    provisioned, init_type = False, "on-demand"

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
        self.out_of_memory = False
        """Set by whoever watches memory, before the runtime is killed for it."""
        self.peak_bytes = 0
        self.kills_seen = 0
        """By the kernel, for memory, in earlier invocations."""
        self._order = order
        self._transcript = transcript
        self._blank = blank
        self._walls = f"{len(blank.walls)}/{len(NAMES)}"
        self._missing_walls = tuple(name for name in NAMES if name not in blank.walls)
        self._on_end = on_end
        self._init_max_s = init_max_s
        self._fresh = True
        self._timeout_s = target.configuration.timeout_s
        self.link = Link(blank, self._ended)

    @property
    def alive(self) -> bool:
        return self.link.alive

    @property
    def cgroup(self) -> Cgroup | None:
        return self._blank.cgroup

    @property
    def pid(self) -> int:
        """Of the environment's init, in the daemon's pid namespace; 0 until the zygote tells."""
        return self._blank.pid

    def start(self) -> None:
        """Order the environment; its runtime begins to load the handler at once."""
        output, output_end = os.pipe2(os.O_CLOEXEC)
        self._transcript.listen(output)
        try:
            self.link.start(self._order, output_end)
        finally:
            os.close(output_end)

    def close(self) -> None:
        """End the environment now."""
        self.link.close()

    def _ended(self) -> None:
        self._transcript.close()
        self._on_end()

    async def run(self, event: Event) -> Outcome:
        """Run one event to its end. EnvironmentStartFailed if a wall would not stand, EnvironmentLost if
        the environment ended before it could begin."""
        self.out_of_memory = False
        self.link.thaw()
        if self.link.runtime_up:
            self._transcript.catch_up()
            deadline = time.perf_counter() + self._timeout_s
            if self.link.send(_head(event, deadline), event.payload):
                self._transcript.begin(event.request_id)  # what the function prints is read after this
                ending = await self._invoke(event, deadline)
                return self._finish(event, ending, deadline, None)
            await self.link.clear_runtime(DEADLINE)  # it ended while it was idle, and we had not heard of it
        return await self._run_after_init(event)

    async def _run_after_init(self, event: Event) -> Outcome:
        """An init phase first: on its own for a fresh environment, else within the invocation."""
        init_ms = None
        if self._fresh:
            self._fresh = False
            self._transcript.init_start()
            init_ms = await self._init_phase()
        if not self.alive:
            raise EnvironmentLost
        self._transcript.catch_up()
        self._transcript.begin(event.request_id)
        deadline = time.perf_counter() + self._timeout_s
        ending = None if self.link.runtime_up else await self._init_again(event, deadline)
        if ending is None:
            self.link.send(_head(event, deadline), event.payload)  # if in vain, its keeper tells how it ended
            ending = await self._invoke(event, deadline)
        return self._finish(event, ending, deadline, init_ms)

    async def _init_phase(self) -> float | None:
        """At most `init_max_s`; milliseconds it took, or None if it failed (and was logged)."""
        started = time.perf_counter()
        happening = await self.link.next(started + self._init_max_s)
        init_ms = (time.perf_counter() - started) * 1000
        if self._is_ready(happening):
            return init_ms
        if isinstance(happening, EnvironmentEnded):
            self.link.refuse_missing_wall()
            return None
        await self.link.clear_runtime(happening)
        self._transcript.init_report(init_ms, _init_error_type(happening))
        return None

    async def _init_again(self, event: Event, deadline: float) -> Ending | None:
        """AWS repeats a failed init inside the invocation, under the function's own timeout."""
        self.out_of_memory = False  # that was the last runtime's: this one is watched, too
        self.link.start_runtime()
        happening = await self.link.next(deadline)
        if self._is_ready(happening):
            return None
        ending = self._ending_of(event, happening, during_init=True)
        await self.link.clear_runtime(happening)
        return ending

    def _is_ready(self, happening: Happening) -> bool:
        if not isinstance(happening, Frame) or happening.kind != b"R":
            return False
        self.link.runtime_up = True
        self.peak_bytes = happening.peak_kib * _BYTES_PER_KIB
        return True

    async def _invoke(self, event: Event, deadline: float) -> Ending:
        try:
            return await self._converse(event, deadline)
        except asyncio.CancelledError:
            # Whoever cancelled it waits for no answer, but the log tells what became of it.
            killed = endings.killed(event.request_id, signal.SIGKILL, out_of_memory=False)
            self._finish(event, killed, deadline, None)
            raise

    async def _converse(self, event: Event, deadline: float) -> Ending:
        while True:
            happening = await self.link.next(deadline)
            if isinstance(happening, Frame):
                # An answer names its request: none can be taken for another invocation's. And one
                # that comes while the runtime is being killed for its memory comes too late.
                if time.perf_counter() < deadline:
                    if self.out_of_memory or not _answers(happening, event):
                        continue
                    self.peak_bytes = happening.peak_kib * _BYTES_PER_KIB
                    return _ending_of_answer(happening)
                happening = DEADLINE  # whose timer may ring late: nothing that is said puts it off
            ending = self._ending_of(event, happening, during_init=False)
            await self.link.clear_runtime(happening)
            return ending

    def _ending_of(self, event: Event, happening: Happening, *, during_init: bool) -> Ending:
        """What a happening that is no answer means for the invocation."""
        if self.out_of_memory:  # whatever it did or said while it was being killed for that
            return endings.killed(event.request_id, signal.SIGKILL, out_of_memory=True)
        if isinstance(happening, Frame):
            return endings.init_failed(happening.payload)
        if isinstance(happening, DeadlinePassed):
            return endings.timed_out(event.request_id, self._timeout_s)
        if isinstance(happening, EnvironmentEnded):
            self.link.refuse_missing_wall()
            return endings.killed(event.request_id, signal.SIGKILL, out_of_memory=_ran_out_of_memory(self))
        return self._ending_of_runtime(event, happening, during_init=during_init)

    def _ending_of_runtime(self, event: Event, ended: RuntimeEnded, *, during_init: bool) -> Ending:
        if ended.exit_code is not None:
            return endings.exited(event.request_id, ended.exit_code, during_init=during_init)
        number = ended.signal or signal.SIGKILL
        if during_init and number == signal.SIGSEGV:
            # AWS's answer, without its wait; the log tells what it was (docs/decisions/0009).
            self._transcript.fault(event.request_id, endings.killed_by(number))
            return endings.timed_out(event.request_id, self._timeout_s)
        return endings.killed(event.request_id, number, out_of_memory=_ran_out_of_memory(self))

    def _finish(self, event: Event, ending: Ending, deadline: float, init_ms: float | None) -> Outcome:
        duration_ms = (time.perf_counter() - deadline + self._timeout_s) * 1000
        if ending.verdict == "timeout":
            duration_ms = max(duration_ms, self._timeout_s * 1000.0)
        size_mb = self.target.configuration.memory_mb
        used_mb = size_mb if ending.error_type == "Runtime.OutOfMemory" else _mb(self.peak_bytes)
        report = Report(
            event.request_id, duration_ms, init_ms, size_mb, used_mb, ending.status, ending.error_type
        )
        return Outcome(
            request_id=event.request_id,
            verdict=ending.verdict,
            payload=ending.payload,
            executed_version=self.target.version,
            duration_ms=duration_ms,
            init_ms=init_ms,
            memory_mb=size_mb,
            memory_used_mb=used_mb,
            log=self._transcript.end(report),
            error_type=ending.error_type,
            provisioned=self.provisioned,
            walls=self._walls,
            missing_walls=self._missing_walls,
        )


class ProvisionedEnvironment(Environment):
    """One whose handler is loaded ahead of any invocation, and which is kept."""

    provisioned, init_type = True, "provisioned-concurrency"

    async def initialize(self) -> bool:
        """The init phase; False if it failed. Raises EnvironmentStartFailed and EnvironmentLost as `run`."""
        self._fresh = False
        self._init_max_s = max(PROVISIONED_INIT_S, self._timeout_s)
        self._transcript.init_start()
        init_ms = await self._init_phase()
        if init_ms is None:
            if not self.alive:
                raise EnvironmentLost
            return False
        self._transcript.init_done(init_ms)
        return True


def _head(event: Event, deadline: float) -> bytes:
    left_ms = (deadline - time.perf_counter()) * 1000
    # Spelled out, because `json.dumps` takes five times as long.
    head = (
        f'{{"id":{_quoted(event.request_id)},"arn":{_quoted(event.invoked_arn)},'
        f'"deadline":{int(time.time() * 1000 + left_ms)}'
    )
    if event.client_context is not None:
        head += f',"context":{_quoted(event.client_context)}'
    if event.trace_id is not None:
        head += f',"trace":{_quoted(event.trace_id)}'
    return f"{head}}}".encode()


def _ran_out_of_memory(environment: Environment) -> bool:
    if environment.out_of_memory or environment.cgroup is None:
        return environment.out_of_memory
    try:
        kills, before = environment.cgroup.out_of_memory_kills(), environment.kills_seen
    except OSError:
        return False
    environment.kills_seen = kills
    return kills > before


def _answers(frame: Frame, event: Event) -> bool:
    return frame.kind in (b"D", b"E") and frame.request_id == event.request_id.encode()


def _ending_of_answer(frame: Frame) -> Ending:
    if frame.too_large:
        return endings.too_large()
    return (endings.succeeded if frame.kind == b"D" else endings.raised)(frame.payload)


def _mb(size: int) -> int:
    """Bytes in MB, rounded up."""
    return -(-size // (1 << 20))


def _init_error_type(happening: Happening) -> str | None:
    """None for a timeout, which AWS gives no type."""
    if isinstance(happening, DeadlinePassed):
        return None
    if isinstance(happening, Frame):
        return endings.init_failed(happening.payload).error_type or "Runtime.Unknown"
    return "Runtime.ExitError"
