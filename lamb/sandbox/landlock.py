"""The Landlock wall: a second, independent rule about files; and, on newer kernels, no way to
sockets of the abstract namespace or signals to processes outside."""

from __future__ import annotations

import os
import struct

from lamb.sandbox import syscalls

_RULE_PATH_BENEATH = 1
_CREATE_VERSION = 1

# Access rights by bit (kernel: include/uapi/linux/landlock.h).
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FIRST = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1, 2


def abi() -> int:
    """The kernel's Landlock version, 0 where it is off."""
    try:
        return syscalls.syscall(
            "landlock_create_ruleset", syscalls.LANDLOCK_CREATE_RULESET, None, 0, _CREATE_VERSION
        )
    except OSError:
        return 0


def restrict(readable: list[str], writable: list[str]) -> None:
    """From here on only `readable` may be read and executed, and only `writable` changed.

    Needs no_new_privs. Paths that do not exist are left out.
    """
    version = abi()
    handled = _FIRST
    if version >= 2:
        handled |= _REFER
    if version >= 3:
        handled |= _TRUNCATE
    if version >= 5:
        handled |= _IOCTL_DEV
    if version >= 6:
        attr = struct.pack("QQQ", handled, 0, _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL)
    else:
        attr = struct.pack("Q", handled)
    ruleset = syscalls.syscall(
        "landlock_create_ruleset", syscalls.LANDLOCK_CREATE_RULESET, attr, len(attr), 0
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ)
        for path in writable:
            _allow(ruleset, path, handled)
        syscalls.syscall("landlock_restrict_self", syscalls.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def confine_signals() -> None:
    """From here on only processes started after this call get signals from this one (Linux 6.12)."""
    if abi() < 6:
        return
    attr = struct.pack("QQQ", 0, 0, _SCOPE_SIGNAL)
    ruleset = syscalls.syscall(
        "landlock_create_ruleset", syscalls.LANDLOCK_CREATE_RULESET, attr, len(attr), 0
    )
    try:
        syscalls.syscall("landlock_restrict_self", syscalls.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            access &= _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
        rule = struct.pack("=Qi", access, fd)
        syscalls.syscall(
            "landlock_add_rule", syscalls.LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0
        )
    finally:
        os.close(fd)
