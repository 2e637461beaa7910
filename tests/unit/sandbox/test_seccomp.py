"""The filter's verdicts, from the very instructions that the kernel gets."""

from __future__ import annotations

import errno
import struct
import subprocess
import sys

import pytest

from lamb.sandbox import seccomp, syscalls

MACHINES = ["x86_64", "aarch64"]
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000

# The numbers of harmless calls, from the kernel's tables and not from the program under test.
HARMLESS = {
    "x86_64": {
        "read": 0, "write": 1, "mmap": 9, "execve": 59, "kill": 62, "getdents64": 217, "openat": 257,
        "prctl": 157, "futex": 202, "epoll_wait": 232, "memfd_create": 319, "vfork": 58, "fork": 57,
        "fchmodat": 268, "getrandom": 318, "arch_prctl": 158, "socketpair": 53, "shmget": 29,
    },
    "aarch64": {
        "read": 63, "write": 64, "mmap": 222, "execve": 221, "kill": 129, "getdents64": 61, "openat": 56,
        "prctl": 167, "futex": 98, "memfd_create": 279, "getrandom": 278, "socketpair": 199, "shmget": 194,
    },
}  # fmt: skip
# What an attack on the kernel, or a way out of namespaces, begins with.
DANGEROUS = {
    "x86_64": {
        "ptrace": 101, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272,
        "setns": 308, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250, "add_key": 248,
        "request_key": 249, "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246,
        "reboot": 169, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "swapon": 167,
        "open_by_handle_at": 304, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "iopl": 172, "ioperm": 173, "quotactl": 179, "acct": 163, "syslog": 103, "settimeofday": 164,
        "clock_settime": 227, "personality": 135, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "fsmount": 432, "mount_setattr": 442, "pidfd_getfd": 438, "sethostname": 170, "vhangup": 153,
    },
    "aarch64": {
        "ptrace": 117, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97,
        "setns": 268, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "keyctl": 219, "add_key": 217,
        "request_key": 218, "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104,
        "reboot": 142, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "swapon": 224,
        "open_by_handle_at": 265, "io_uring_setup": 425, "quotactl": 60, "acct": 89, "syslog": 116,
        "settimeofday": 170, "clock_settime": 112, "personality": 92, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "mount_setattr": 442, "pidfd_getfd": 438, "sethostname": 161,
    },
}  # fmt: skip
CLONE = {"x86_64": 56, "aarch64": 220}
SOCKET = {"x86_64": 41, "aarch64": 198}
IOCTL = {"x86_64": 16, "aarch64": 29}
SIGCHLD = 17


def verdict(machine: str, number: int, *args: int, architecture: int | None = None) -> int:
    """Run the filter as the kernel does: classic BPF over struct seccomp_data."""
    program = [struct.unpack_from("HBBI", seccomp.program(machine), at)
               for at in range(0, len(seccomp.program(machine)), 8)]  # fmt: skip
    known = ARCHITECTURE[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, known, 0, *args, *[0] * (6 - len(args)))
    accumulator = at = 0
    while True:
        code, if_true, if_false, k = program[at]
        at += 1
        if code == 0x06:  # BPF_RET | BPF_K
            return k
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            (accumulator,) = struct.unpack_from("<I", data, k)
        else:  # BPF_JMP | BPF_K: JEQ, JGE, JSET
            holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[code]
            at += if_true if holds else if_false


def refused(code: int) -> int:
    return 0x00050000 | code  # SECCOMP_RET_ERRNO


each_machine = pytest.mark.parametrize("machine", MACHINES)


@pytest.mark.parametrize(
    ("machine", "name"), [(machine, name) for machine in MACHINES for name in HARMLESS[machine]]
)
def test_functions_may_call(machine: str, name: str):
    assert verdict(machine, HARMLESS[machine][name]) == ALLOW


@pytest.mark.parametrize(
    ("machine", "name"), [(machine, name) for machine in MACHINES for name in DANGEROUS[machine]]
)
def test_functions_may_not_call(machine: str, name: str):
    assert verdict(machine, DANGEROUS[machine][name]) == refused(errno.EPERM)


@each_machine
def test_every_refusal_of_the_list_bites(machine: str):
    column = MACHINES.index(machine)
    numbers = [numbers[column] for numbers in seccomp._REFUSED.values() if numbers[column] is not None]
    assert {verdict(machine, number) for number in numbers} == {refused(errno.EPERM)}


@each_machine
def test_another_architectures_numbers_kill_the_process(machine: str):
    i386, arm, other = 0x40000003, 0x40000028, ARCHITECTURE[MACHINES[1 - MACHINES.index(machine)]]
    for architecture in (i386, arm, other, 0):
        assert verdict(machine, 0, architecture=architecture) == KILL_PROCESS


def test_x32_numbers_do_not_exist():
    """They would be the same calls by other names."""
    for number in (0x40000000, 0x40000000 | DANGEROUS["x86_64"]["ptrace"], 0xFFFFFFFF):
        assert verdict("x86_64", number) == refused(errno.ENOSYS)


@each_machine
def test_clone3_does_not_exist_so_that_libc_uses_clone(machine: str):
    assert verdict(machine, 435, 0, 88) == refused(errno.ENOSYS)


@each_machine
def test_processes_and_threads_can_be_made(machine: str):
    thread = 0x3D0F00  # CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | …
    for flags in (SIGCHLD, thread, 0x4000 | 0x100 | SIGCHLD):  # fork, pthread_create, posix_spawn
        assert verdict(machine, CLONE[machine], flags) == ALLOW


@each_machine
@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("mount", 0x00020000), ("cgroup", 0x02000000), ("uts", 0x04000000), ("ipc", 0x08000000),
        ("user", 0x10000000), ("pid", 0x20000000), ("net", 0x40000000), ("time", 0x80),
    ],
)  # fmt: skip
def test_no_namespace_can_be_made(machine: str, name: str, flag: int):
    assert verdict(machine, CLONE[machine], flag) == refused(errno.EPERM), name
    assert verdict(machine, CLONE[machine], flag | SIGCHLD) == refused(errno.EPERM), name


@each_machine
def test_sockets_of_the_usual_families_can_be_made_and_no_others(machine: str):
    allowed = {family for family in range(50) if verdict(machine, SOCKET[machine], family, 1) == ALLOW}
    assert allowed == {1, 2, 10, 16}  # unix, inet, inet6, netlink
    for family in (17, 38, 40, 44, 2 | 1 << 31):  # packet, alg, vsock, xdp, nonsense
        assert verdict(machine, SOCKET[machine], family) == refused(errno.EAFNOSUPPORT)


@each_machine
def test_nobody_types_into_a_terminal(machine: str):
    tiocsti, tioclinux, tcgets, fionread = 0x5412, 0x541C, 0x5401, 0x541B
    for fd in (0, 1, 9):
        assert verdict(machine, IOCTL[machine], fd, tiocsti) == refused(errno.EPERM)
        assert verdict(machine, IOCTL[machine], fd, tioclinux) == refused(errno.EPERM)
        # The kernel looks at 32 bits of the command, and so does the filter.
        assert verdict(machine, IOCTL[machine], fd, tiocsti | 1 << 32) == refused(errno.EPERM)
        assert verdict(machine, IOCTL[machine], fd, tcgets) == ALLOW
        assert verdict(machine, IOCTL[machine], fd, fionread) == ALLOW


@each_machine
def test_every_way_through_the_filter_ends_in_a_verdict(machine: str):
    seen = {verdict(machine, number, first) for number in range(1024) for first in (0, 1, 0x10000000)}
    assert seen == {ALLOW} | {refused(code) for code in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT)}


@each_machine
def test_jumps_fit_their_byte_and_the_program_the_kernel(machine: str):
    assert len(seccomp.program(machine)) // 8 < 4096


TRY = """
import ctypes, errno, os, socket, sys
from lamb.sandbox import seccomp, syscalls
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
seccomp.restrict()
def code(step):
    try:
        step()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"
print(code(lambda: syscalls.unshare(syscalls.CLONE_NEWUSER)),
      code(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
      code(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()),
      code(lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)),
      code(lambda: os.chroot("/")))
"""


@pytest.mark.skipif(not seccomp.supported(), reason="no filter for this machine")
def test_the_kernel_takes_the_filter_and_obeys_it():
    done = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["EPERM", "EAFNOSUPPORT", "done", "done", "EPERM"], done.stderr
    assert syscalls.MACHINE in ARCHITECTURE
