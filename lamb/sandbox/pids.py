"""The pid wall: an environment's processes, all of them, signalled by its init.

With the wall the kernel knows them: they are one pid namespace, which ends with its init. Without it
the init adopts whatever its descendants leave behind, and finds them by walking down from itself.
"""

from __future__ import annotations

import contextlib
import os
import signal

from lamb.sandbox import syscalls


def ending(*, walled: bool) -> signal.Signals:
    """What ends an environment when its init gets it. Without the wall the init has to clear away."""
    return signal.SIGKILL if walled else signal.SIGTERM


def adopt() -> None:
    """Without the wall: become the parent of every orphan below this process."""
    if os.getpid() != 1:
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)


def signal_all(number: int) -> None:
    """Signal every process of this environment but this one."""
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, number)
        return
    _stop()  # what is stopped forks no more, and keeps its place among those that the limit allows
    if number != signal.SIGSTOP:
        _below(number)


def clear() -> None:
    """Kill every process of this environment but this one, and wait until they are gone."""
    while True:
        signal_all(signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def _stop() -> None:
    """Stop all there are, each as soon as it is found, again until there are no new ones."""
    stopped: set[int] = set()
    while new := _below(signal.SIGSTOP) - stopped:
        stopped |= new


def _below(number: int = 0) -> set[int]:
    """All descendants of this process; signals them while it looks."""
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    children = set(map(int, file.read().split())) - found
                for child in children:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, number)
                found |= children
                waiting += children
    return found
