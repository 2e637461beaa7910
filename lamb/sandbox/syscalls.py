"""System calls that Python's standard library does not offer, as functions that raise OSError."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NOSUID = 2
MOUNT_ATTR_NODEV = 4
MOUNT_ATTR_NOEXEC = 8

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000

# These numbers are the same on every architecture (kernel: include/uapi/asm-generic/unistd.h,
# calls added after 5.1 share one number) …
_MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
# … and these are not.
MACHINE = platform.machine()
_OWN_NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "seccomp": 317, "setgroups": 116},
    "aarch64": {"pivot_root": 41, "capset": 91, "seccomp": 277, "setgroups": 159},
}
NUMBERS = _OWN_NUMBERS.get(MACHINE, {})

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(name: str, number: int, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by number; integers go as C longs, bytes as pointers."""
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    return _checked(_libc.syscall(ctypes.c_long(number), *converted), name)


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    _checked(_libc.setns(fd, kind), "setns")


def mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    _checked(
        _libc.mount(
            source.encode(), target.encode(), kind and kind.encode(), flags, options.encode() or None
        ),
        f"mount {target}",
    )


def restrict_mount(target: str, attributes: int, *, recursive: bool = False) -> None:
    """Add MOUNT_ATTR_* to a mount (Linux 5.12), leaving the flags it has in place."""
    attr = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    syscall(
        f"mount_setattr {target}", _MOUNT_SETATTR, _AT_FDCWD, target.encode() + b"\0", flags, attr, len(attr)
    )


def unmount(target: str) -> None:
    """Detach a mount and everything below it from this mount namespace."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    syscall("pivot_root", NUMBERS["pivot_root"], new_root.encode() + b"\0", put_old.encode() + b"\0")


def prctl(option: int, value: int = 0) -> int:
    return _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def become_of_files(uid: int) -> None:
    """From here on this *thread* alone opens files as that user and its group, in no other groups."""
    if "setgroups" in NUMBERS:  # libc's own would change every thread
        syscall("setgroups", NUMBERS["setgroups"], 0, None)
    _libc.setfsgid(uid)
    _libc.setfsuid(uid)
    if _libc.setfsuid(-1) != uid or _libc.setfsgid(-1) != uid:
        raise PermissionError(errno.EPERM, f"setfsuid: this process may not become user {uid}")


def drop_capabilities() -> None:
    """Give up every capability, and the possibility to gain one by executing a file."""
    capability = 0
    while True:
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # EINVAL behind the last capability; EPERM where there was none to drop
            break
        capability += 1
    version_3 = 0x20080522
    header = struct.pack("Ii", version_3, 0)
    syscall("capset", NUMBERS["capset"], header, bytes(24))
