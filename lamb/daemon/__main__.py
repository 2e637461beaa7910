"""`python -m lamb.daemon`: started by the command line with a bound socket, or by hand."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lamb.client import start
from lamb.model import settings as settings_module
from lamb.model.errors import LambError
from lamb.sandbox.probe import probe

# Five milliseconds are Python's default: a thread that commits would wait for as long, after every statement,
# while the event loop has work to do.
_SWITCH_S = 0.0002
# Objects made and still there: a request makes hundreds, and leaves next to none that need the collector.
_COLLECT_AFTER = 20_000


def main() -> None:
    # Modules are no garbage, and looking for some while they load costs a seventh of the start.
    gc.disable()
    parser = argparse.ArgumentParser(prog="lamb.daemon")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--socket-fd", type=int)
    parser.add_argument("--lock-fd", type=int)
    arguments = parser.parse_args()
    settings = settings_module.load({"home": arguments.home}).settings
    os.umask(0o077)
    sys.setswitchinterval(_SWITCH_S)
    # Each environment takes three descriptors here; a shell's soft limit would end at some 300.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Probing waits for a child process: meanwhile this one imports what it is made of.
    with ThreadPoolExecutor(1) as aside:
        reasons = aside.submit(probe)
        import uvloop  # noqa: PLC0415

        from lamb.daemon import lifecycle  # noqa: PLC0415
    gc.freeze()  # nor need any later look go through them
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    gc.enable()
    if arguments.socket_fd is None:
        claim = start.claim_home(settings.home)
        listener, lock = claim.listener, claim.lock
    else:
        listener, lock = socket.socket(fileno=arguments.socket_fd), arguments.lock_fd
    for fd in (listener.fileno(), lock):
        os.set_inheritable(fd, False)  # noqa: FBT003
    try:
        uvloop.run(lifecycle.run(settings, listener, dict(reasons.result())))
    except LambError as error:
        # What keeps a daemon from starting is for whoever started it to read; a trace is for bugs.
        sys.exit(f"{error.message}\nhint: {error.hint}" if error.hint else error.message)


if __name__ == "__main__":
    main()
