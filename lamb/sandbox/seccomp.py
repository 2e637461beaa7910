"""The seccomp wall: a filter that refuses system calls no function needs and attacks begin with.

It is a list of refusals: what AWS's own runtimes use must go on working, and every call that only
root could use is refused by the missing capabilities already. The filter guards against mistakes
in the kernel behind calls that an unprivileged user may make.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import struct

from lamb.sandbox import syscalls

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (x86_64, aarch64); None where the architecture has no such call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "setns": (308, 268), "unshare": (272, 97),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "acct": (163, 89), "syslog": (103, 116), "vhangup": (153, 58), "lookup_dcookie": (212, 18),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "nfsservctl": (180, 42), "fanotify_init": (300, 262), "personality": (135, 92),
    "move_pages": (279, 239), "migrate_pages": (256, 238),
}  # fmt: skip
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_SOCKET = {"x86_64": 41, "aarch64": 198}
_IOCTL = {"x86_64": 16, "aarch64": 29}

_NAMESPACE_FLAGS = 0x7E020080
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK, which getaddrinfo(3) asks for addresses."""

_LD, _JEQ, _JSET, _JGE, _RET = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_X32_BIT = 0x40000000
# struct seccomp_data: number, architecture, instruction pointer, then six 64-bit arguments
_NUMBER, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24

_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1


def supported() -> bool:
    return syscalls.MACHINE in _AUDIT_ARCH


def _refuse(code: int) -> int:
    return 0x00050000 | code


@functools.cache
def program(machine: str) -> bytes:
    """The filter as BPF instructions (struct sock_filter: code, jt, jf, k).

    Remembered: a zygote makes it once, and its environments inherit it.
    """
    column = 0 if machine == "x86_64" else 1
    out: list[tuple[int, int, int, int]] = [
        (_LD, 0, 0, _ARCH),
        (_JEQ, 1, 0, _AUDIT_ARCH[machine]),
        (_RET, 0, 0, _KILL),  # another architecture's numbers would mean other calls
        (_LD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        out += [(_JGE, 0, 1, _X32_BIT), (_RET, 0, 0, _refuse(errno.ENOSYS))]
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            out += [(_JEQ, 0, 1, number), (_RET, 0, 0, _refuse(errno.EPERM))]
    # clone3 hides its flags in memory that a filter cannot read: without it, libc uses clone.
    out += [(_JEQ, 0, 1, _CLONE3), (_RET, 0, 0, _refuse(errno.ENOSYS))]
    # Each block below loads an argument and therefore ends with a verdict for its call.
    out += [
        (_JEQ, 0, 4, _CLONE[machine]),
        (_LD, 0, 0, _ARG0),
        (_JSET, 0, 1, _NAMESPACE_FLAGS),
        (_RET, 0, 0, _refuse(errno.EPERM)),
        (_RET, 0, 0, _ALLOW),
    ]
    out += [
        (_JEQ, 0, 5, _IOCTL[machine]),
        (_LD, 0, 0, _ARG1),
        (_JEQ, 1, 0, _TIOCSTI),
        (_JEQ, 0, 1, _TIOCLINUX),
        (_RET, 0, 0, _refuse(errno.EPERM)),
        (_RET, 0, 0, _ALLOW),
    ]
    out += [(_JEQ, 0, 3 + len(_FAMILIES), _SOCKET[machine]), (_LD, 0, 0, _ARG0)]
    out += [(_JEQ, len(_FAMILIES) - i, 0, family) for i, family in enumerate(_FAMILIES)]
    out += [(_RET, 0, 0, _refuse(errno.EAFNOSUPPORT)), (_RET, 0, 0, _ALLOW)]
    out += [(_RET, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in out)


def restrict() -> None:
    """Install the filter for this process and all it will start. Needs no_new_privs."""
    code = program(syscalls.MACHINE)
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    syscalls.syscall(
        "seccomp",
        syscalls.NUMBERS["seccomp"],
        _SECCOMP_SET_MODE_FILTER,
        _SECCOMP_FILTER_FLAG_TSYNC,
        fprog,
    )
