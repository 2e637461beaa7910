"""Run a program as if this host refused namespaces: `refusing_host.py container|exhausted PROGRAM …`.

`container` refuses the calls, as container engines do; `exhausted` allows no more namespaces.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CLONE_NEWUSER, NAMESPACES = 0x10000000, 0x7E020080
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
MOUNT, UMOUNT, UNSHARE, SETNS, CLONE = {
    "x86_64": (165, 166, 272, 308, 56),
    "aarch64": (40, 39, 97, 268, 220),
}[os.uname().machine]
CLONE3 = 435


def container():
    code = [(LOAD, 0, 0, 0)]
    for call, answer in ((MOUNT, EPERM), (UMOUNT, EPERM), (UNSHARE, EPERM), (SETNS, EPERM), (CLONE3, ENOSYS)):
        code += [(EQUAL, 0, 1, call), (RETURN, 0, 0, answer)]
    code += [(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, NAMESPACES), (RETURN, 0, 0, EPERM)]
    code += [(RETURN, 0, 0, ALLOW)]
    packed = b"".join(struct.pack("HBBI", *step) for step in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer)))
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0))


def exhausted():
    uid, gid = os.getuid(), os.getgid()
    checked(libc.unshare(CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    for kind in ("user", "mnt", "pid", "ipc", "uts", "net"):
        Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    {"container": container, "exhausted": exhausted}[sys.argv[1]]()
    os.execv(sys.argv[2], sys.argv[2:])
