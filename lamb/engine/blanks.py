"""Environments without a function: an init in its cgroup, behind the first walls, waiting for an order.

One is kept ready for each zygote. Joining a cgroup waits for a grace period of the kernel's RCU — eight
milliseconds, as long as everything else of a cold start together — and so does forking cost: no
invocation waits for either while a blank is there. A blank knows nothing of any function.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence

from lamb.model.errors import EnvironmentStartFailed
from lamb.sandbox import pids
from lamb.sandbox.cgroup import Cgroup, CgroupTree
from lamb.sandbox.process import Zygote
from lamb.sandbox.spec import Order

# A new blank is made when the invocation that took the last one has had the processors for itself.
_REFILL_AFTER_S = 0.05


class Blank:
    """`order` turns it into the environment of a function, once; `close` ends it, before or after."""

    def __init__(self, number: int, zygote: Zygote, cgroup: Cgroup | None) -> None:
        self.cgroup = cgroup
        self.walls = zygote.base.walls
        """Names of those that it stands behind once it has its order."""
        self.pid = 0
        """Of the init, in the daemon's pid namespace; 0 until the zygote tells."""
        self.keeper, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        """Our end of the init's control socket."""
        self.keeper.setblocking(False)  # noqa: FBT003
        self._closed = False
        self._ending = pids.ending(walled="pid" in zygote.base.walls)
        procs = cgroup.open_procs() if cgroup else []
        try:
            zygote.spawn(number, [theirs.fileno(), *procs], self._started)
        except EnvironmentStartFailed:
            self.keeper.close()
            raise
        finally:
            theirs.close()
            for fd in procs:
                os.close(fd)

    @property
    def alive(self) -> bool:
        """Whether it takes an order: it has neither ended nor complained of a wall."""
        try:
            self.keeper.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def order(self, order: Order, descriptors: Sequence[int]) -> None:
        """Tell it what to be; the descriptors are its output and the runtime's socket."""
        if self.cgroup is not None:
            self.cgroup.limit(order)
        socket.send_fds(self.keeper, [order.dumps()], descriptors)

    def close(self) -> None:
        """End it now. Its init is in the kernel's hands: nothing of it survives."""
        self._closed = True
        self.keeper.close()
        self._kill()

    def _started(self, pid: int) -> None:
        self.pid = pid
        if self._closed:  # before its number was known
            self._kill()

    def _kill(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self._ending)


class Blanks:
    """Lives on the event loop. `ended` gets the cgroup of each blank that ended without an order."""

    def __init__(self, cgroups: CgroupTree | None, ended: Callable[[Cgroup], None]) -> None:
        self._cgroups = cgroups
        self._ended = ended
        self._number = 0
        self._ready: dict[Zygote, Blank] = {}
        self._refills: dict[Zygote, asyncio.TimerHandle] = {}

    def take(self, zygote: Zygote) -> Blank:
        """The blank that is ready, or a new one. Raises EnvironmentStartFailed when the zygote is gone."""
        blank = self._ready.pop(zygote, None)
        if blank is not None and not blank.alive:
            self._discard(blank)
            blank = None
        if zygote not in self._refills:
            loop = asyncio.get_running_loop()
            self._refills[zygote] = loop.call_later(_REFILL_AFTER_S, self.prepare, zygote)
        return blank or self._make(zygote)

    def prepare(self, zygote: Zygote) -> None:
        """Have one ready, where the zygote lives."""
        self._refills.pop(zygote, None)
        if zygote.alive and zygote not in self._ready:
            with contextlib.suppress(EnvironmentStartFailed, OSError):  # the next invocation will hear of it
                self._ready[zygote] = self._make(zygote)
        for dead in [known for known in self._ready if not known.alive]:
            self._discard(self._ready.pop(dead))

    def close(self) -> None:
        for timer in self._refills.values():
            timer.cancel()
        for blank in self._ready.values():
            self._discard(blank)
        self._ready.clear()

    def _make(self, zygote: Zygote) -> Blank:
        self._number += 1
        cgroup = self._cgroups.create(self._number) if self._cgroups else None
        try:
            return Blank(self._number, zygote, cgroup)
        except BaseException:
            if cgroup is not None:
                self._ended(cgroup)
            raise

    def _discard(self, blank: Blank) -> None:
        blank.close()
        if blank.cgroup is not None:
            self._ended(blank.cgroup)
