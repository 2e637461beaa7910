"""The zygote: a single-threaded process that does every fork for one interpreter.

The daemon starts it with the host's path of the interpreter (`stage "build"`). It builds the shared
root, executes the same interpreter again inside that root (`stage "serve"`), loads the runtime, and
then forks one environment for each order it gets. It holds no secret and no code of a user.

    zygote ── init (process 1 of an environment: the walls, then `Keeper`)
                └── the runtime, with the function's code in it

Where the pid wall stands, the zygote is process 1 of a pid namespace, and the namespaces of its
environments lie inside that one: when it dies, the kernel leaves nothing of them.

Standard library only: this runs on every supported interpreter, without lamb's dependencies.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import select
import signal
import socket
import struct
import sys
from types import ModuleType
from typing import NoReturn

if __name__ == "__main__":
    # Started by path: `lamb` is found in the directory named last, behind the standard library.
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(__file__)] + [sys.argv[3]]

from lamb.sandbox import contain, landlock, mounts, pids, seccomp, syscalls, user
from lamb.sandbox.spec import HOST, Base, Order, WallError

_MESSAGE_MAX = 1 << 18
_DESCRIPTORS_MAX = 16
_RESPECT = 5
"""How much nicer a function is than an init that has to catch all its processes by itself."""


def main() -> None:
    stage, text, code, control = sys.argv[1:5]
    sys.path.remove(code)
    base = Base.loads(text)
    if stage == "build":
        _build(base, text, control)
    _serve(base, int(control))


def _build(base: Base, text: str, control: str) -> NoReturn:
    """Enter the shared root where walls allow it, and start over inside it."""
    os.umask(0o022)  # functions are other users: they must be able to pass through what is made here
    executable, code = base.interpreter, base.code
    if "mount" in base.walls:
        if os.getuid() != 0:
            user.enter_namespace(0)
        syscalls.unshare(syscalls.CLONE_NEWNS)
        mounts.build_base(base)
        os.chdir("/")
        executable = _interpreter_inside(base)
        code = HOST
        script = f"{HOST}/lamb/sandbox/spawner.py"
    else:
        script = f"{base.code}/sandbox/spawner.py"
        code = os.path.dirname(base.code)
    environ = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{base.runtime}",  # awslambdaric reads it at import
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"{os.path.dirname(os.path.dirname(executable))}/lib",
    }
    if "mount" in base.walls:
        # The linker reads it once: a function's own comes too late. These are empty until it is there.
        environ["LD_LIBRARY_PATH"] += ":/var/task:/var/task/lib:/opt/lib"
    if "pid" in base.walls:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        if os.fork():
            os._exit(0)  # the daemon, a subreaper, becomes the zygote's parent
    # -B: nothing can be written beside the sources; -s: no directory of a user.
    os.execve(executable, [executable, "-s", "-B", script, "serve", text, code, control], environ)  # noqa: S606 - no shell is meant


def _interpreter_inside(base: Base) -> str:
    if base.prefix == "/usr":
        return base.interpreter
    return base.interpreter.replace(base.prefix, "/var/lang", 1)


def _serve(base: Base, control_fd: int) -> NoReturn:
    """Load the runtime, then fork an environment for every order until the daemon is gone."""
    runtime_dir = "/var/runtime" if "mount" in base.walls else base.runtime_dir
    runtime = _load_runtime(base, runtime_dir)
    control = socket.socket(fileno=control_fd)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps; each init reports for itself
    # Python answers SIGINT even as process 1, where the kernel ignores what nobody handles.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        # What is woken by the daemon waits its turn: it would interrupt the daemon at each event otherwise.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    if "seccomp" in base.walls:
        seccomp.program(syscalls.MACHINE)
    gc.collect()
    gc.freeze()  # keeps the collector from writing to, and so copying, the pages all share
    _report(control, {"ready": sys.version.split()[0]}, os.getpid())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, _DESCRIPTORS_MAX)
        if not message:
            os._exit(0)
        pid = _fork_init(own_pids, isolated="pid" in base.walls)
        if pid == 0:
            control.close()
            os.close(own_pids)
            _become_init(base, descriptors, runtime)
        for fd in descriptors:
            os.close(fd)
        _report(control, {"started": int(message)}, pid)


def _report(control: socket.socket, message: dict[str, object], pid: int) -> None:
    """Send a message about process `pid`. As credentials, the kernel translates the number into
    the daemon's pid namespace; without a namespace of our own it needs no translation."""
    try:
        credentials = struct.pack("iII", pid, os.getuid(), os.getgid())
        ancillary = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)]
        control.sendmsg([json.dumps(message).encode()], ancillary)
    except ProcessLookupError:  # somebody was quick to kill it; the others live on
        control.send(json.dumps({**message, "pid": 0}).encode())
    except PermissionError:
        control.send(json.dumps({**message, "pid": pid}).encode())


def _load_runtime(base: Base, runtime_dir: str) -> ModuleType:
    """Import the guest module: all that a function will find loaded already."""
    lamb = f"{HOST}/lamb" if "mount" in base.walls else base.code
    sys.path.insert(0, runtime_dir)
    spec = importlib.util.spec_from_file_location("guest", f"{lamb}/runtimes/guest/guest.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"no guest below {lamb}")
    guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(guest)
    return guest


def _fork_init(own_pids: int, *, isolated: bool) -> int:
    """Fork; where the pid wall stands, the child is process 1 of a pid namespace of its own."""
    if not isolated:
        return os.fork()
    syscalls.unshare(syscalls.CLONE_NEWPID)
    pid = os.fork()
    if pid:
        # The next child gets a namespace of its own again, not a place in this one.
        syscalls.setns(own_pids, syscalls.CLONE_NEWPID)
    return pid


def _become_init(base: Base, descriptors: list[int], runtime: ModuleType) -> NoReturn:
    """Wait for the order, raise the walls, start the runtime, and keep this environment until it or
    the daemon ends.

    The order comes to this process and not to the zygote: it holds the function's secrets, and
    every later environment is forked with what is left of them in the zygote's memory.
    """
    control, *cgroups = descriptors
    channel = socket.socket(fileno=control)
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Where the pid wall is missing, the kernel does not clear away after a zygote that was killed.
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, pids.ending(walled="pid" in base.walls))
        os.setsid()
        contain.prepare(base, cgroups)
        message, received, _, _ = socket.recv_fds(channel, _MESSAGE_MAX, 2)
        if not message:
            os._exit(0)
        order = Order.loads(message)
        output, guest_socket = received
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        contain.enclose(order, base)
        Keeper(channel, order, runtime).keep(guest_socket)
    except WallError as error:
        _tell(channel, {"wall": error.wall, "reason": error.reason})
    except BaseException as error:  # noqa: BLE001  (whatever it is, the daemon must hear of it)
        _tell(channel, {"wall": "init", "reason": f"{type(error).__name__}: {error}"})
    if os.getpid() != 1:
        pids.clear()
    os._exit(1)


def _tell(channel: socket.socket, message: dict[str, object]) -> None:
    try:
        channel.send(json.dumps(message).encode())
    except OSError:
        os._exit(1)  # the daemon is gone, and so is the reason to be here


class Keeper:
    """Process 1 of an environment: starts the runtime, reaps, freezes, resets, and reports.

    Commands from the daemon, one byte each: F freeze, T thaw, K kill everything but the keeper
    (the environment's /tmp stays), S start the runtime anew (a socket for it comes along).
    Reports: {"exit": code} or {"signal": number} when the runtime has ended and was cleared away.
    """

    def __init__(self, channel: socket.socket, order: Order, runtime: ModuleType) -> None:
        self.channel = channel
        self.order = order
        self.runtime = runtime
        self.child = 0
        self.wake, wakeup = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if os.getpid() != 1:  # else the kernel keeps it from us, whoever sends it
            signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        self.wakeup = wakeup
        pids.adopt()

    def keep(self, guest_socket: int) -> NoReturn:
        self.start(guest_socket)
        poll = select.poll()
        poll.register(self.channel, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self.wake in ready:
                if signal.SIGTERM in os.read(self.wake, 4096):
                    self.end()
                self.reap()
            if self.channel.fileno() in ready:
                self.obey()

    def start(self, guest_socket: int) -> None:
        self.child = os.fork()
        if self.child == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.close(self.wake)
            os.close(self.wakeup)
            self.channel.close()
            _become_runtime(self.order, self.runtime, guest_socket)
        os.close(guest_socket)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.child:
                self.child = 0
                pids.clear()
                code = os.waitstatus_to_exitcode(status)
                _tell(self.channel, {"exit": code} if code >= 0 else {"signal": -code})

    def end(self) -> NoReturn:
        if os.getpid() != 1:  # else the kernel ends the whole namespace with us
            pids.clear()
        os._exit(0)

    def obey(self) -> None:
        command, descriptors, _, _ = socket.recv_fds(self.channel, 16, 1)
        if command == b"F":
            pids.signal_all(signal.SIGSTOP)
        elif command == b"T":
            pids.signal_all(signal.SIGCONT)
        elif command == b"K":
            pids.signal_all(signal.SIGKILL)
        elif command == b"S":
            self.start(descriptors[0])
        else:  # the daemon closed its end
            self.end()


def _become_runtime(order: Order, runtime: ModuleType, guest_socket: int) -> NoReturn:
    """Run the function's code. Nothing of lamb stays importable or visible to it."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.getppid() != 1:  # without the pid wall: the init must live to clear away after the function
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        landlock.confine_signals()
        os.nice(_RESPECT)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
    for name in [name for name in sys.modules if name == "lamb" or name.startswith("lamb.")]:
        del sys.modules[name]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        runtime.run(order.handler, order.environ, guest_socket, order.opt_root)
    except BaseException:  # noqa: BLE001 - into the function's log, where somebody looks
        sys.excepthook(*sys.exc_info())
    os._exit(1)


if __name__ == "__main__":
    main()
