"""Privileges: a function has none on the host, gains none, and the kernel's dangerous calls are shut."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from security.calls import CALLS, number_of
from security.prison import inmates
from security.prisoner import outcome, syscall

pytestmark = pytest.mark.each_user


def only(outcomes, *errors):
    assert outcomes
    assert {what: error for what, error in outcomes.items() if error not in errors} == {}


def test_the_host_sees_a_function_as_an_unprivileged_user_without_capabilities(prison):
    def attack():
        return os.getresuid(), os.getresgid()

    assert prison.does(attack) == [[993] * 3, [993] * 3]
    user = prison.lamb.user
    outside = {"64993"} if user.uid == 0 else {str(user.uid), str(user.gid)}
    for seen in inmates(prison.lamb).values():
        assert set(seen["Uid"].split() + seen["Gid"].split()) == outside
        assert {seen[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")


def test_a_function_cannot_become_another_user(prison):
    def attack():
        tries = (
            (os.setuid, 0),
            (os.setgid, 0),
            (os.setresuid, 0, 0, 0),
            (os.setuid, 1000),
            (os.setgroups, [0]),
        )
        return {f"{call.__name__}{given}": outcome(call, *given) for call, *given in tries}

    only(prison.does(attack), "EPERM", "EINVAL")


def test_a_setuid_program_gains_a_function_nothing(prison):
    def attack():
        with subprocess.Popen(["/bin/su", "-c", "id"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as su:
            lines = Path(f"/proc/{su.pid}/status").read_text().splitlines()
            su.kill()
        return os.stat("/bin/su").st_mode, [
            line.split()[1:] for line in lines if line[:4] in ("Uid:", "CapE")
        ]

    mode, (user, effective) = prison.does(attack)
    if not mode & 0o4000:
        pytest.skip("su is not setuid here")
    assert (user, effective) == (["993"] * 4, ["0" * 16])


def test_a_function_cannot_enter_a_new_namespace(prison):
    def attack(unshare, clone):
        kinds = (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000, 0x80)
        outcomes = {f"unshare {kind:x}": outcome(syscall, unshare, kind) for kind in kinds}
        for kind in kinds:
            child = outcome(syscall, clone, kind | signal.SIGCHLD, 0, 0, 0, 0)
            outcomes[f"clone {kind:x}"] = child
        wanted = struct.pack("11Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
        return outcomes | {"clone3": outcome(syscall, 435, wanted, len(wanted))}

    clone = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    outcomes = prison.does(attack, number_of("unshare")["unshare"], clone)
    assert outcomes.pop("clone3") == "ENOSYS"
    only(outcomes, "EPERM")


def test_the_dangerous_calls_of_the_kernel_are_shut(prison):
    def attack(calls):
        return {name: outcome(syscall, number, 0, 0, 0, 0, 0, 0) for name, number in calls.items()}

    only(prison.does(attack, number_of(*CALLS)), "EPERM")


def test_a_function_cannot_mount_unmount_or_make_anything_writable(prison):
    def attack(calls):
        remount, bind = 32 | 4096, 4096
        return {
            "tmpfs": outcome(syscall, calls["mount"], b"x", b"/tmp", b"tmpfs", 0, 0),
            "proc": outcome(syscall, calls["mount"], b"proc", b"/tmp", b"proc", 0, 0),
            "bind": outcome(syscall, calls["mount"], b"/", b"/tmp", 0, bind, 0),
            "remount": outcome(syscall, calls["mount"], b"none", b"/var/task", 0, remount, 0),
            "umount": outcome(syscall, calls["umount2"], b"/var/task", 2),
            "umount proc": outcome(syscall, calls["umount2"], b"/proc", 2),
            "setattr": outcome(syscall, calls["mount_setattr"], -100, b"/var/task", 0, b"\0" * 32, 32),
            "pivot": outcome(syscall, calls["pivot_root"], b"/tmp", b"/tmp"),
            "chroot": outcome(os.chroot, "/tmp"),
        }

    only(prison.does(attack, number_of("mount", "umount2", "mount_setattr", "pivot_root")), "EPERM")


def test_another_architectures_calls_end_the_process_that_makes_them(prison):
    def attack():
        getpid = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(getpid)
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        child = os.fork()
        if child == 0:
            call()
            os._exit(0)
        x32 = outcome(syscall, 0x40000000 + 39)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), x32

    if os.uname().machine != "x86_64":
        pytest.skip("the i386 calls are x86_64's")
    assert prison.does(attack) == [-signal.SIGSYS, "ENOSYS"]


def test_a_function_has_six_harmless_devices_and_can_make_none(prison):
    def attack():
        kinds = (stat.S_IFCHR, stat.S_IFBLK)
        made = {
            f"{kind:o}": outcome(os.mknod, "/tmp/device", kind | 0o666, os.makedev(1, 1)) for kind in kinds
        }
        return sorted(os.listdir("/dev")), made

    devices, made = prison.does(attack)
    assert devices == ["fd", "full", "null", "random", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]
    only(made, "EPERM")


def test_a_function_cannot_open_a_raw_device(prison):
    def attack(names):
        return {name: outcome(os.open, f"/dev/{name}", os.O_RDONLY) for name in names}

    with suppress(OSError):
        names = {name for name in os.listdir("/dev") if not os.path.isdir(f"/dev/{name}")}
    names |= {"mem", "kmem", "kmsg", "port", "sda", "vda", "loop0", "kvm", "fuse", "net/tun"}
    names -= {"null", "zero", "full", "random", "urandom", "tty", "stdin", "stdout", "stderr", "fd"}
    only(prison.does(attack, sorted(names)), "ENOENT")


def test_a_function_can_write_to_no_switch_of_the_kernel(prison):
    def attack():
        opened = []
        for top in ("/proc/sys", "/proc/irq", "/proc/fs", "/proc/bus", "/proc/driver", "/proc/acpi"):
            for folder, _, files in os.walk(top):
                paths = [f"{folder}/{file}" for file in files]
                opened += [path for path in paths if outcome(os.open, path, os.O_WRONLY) == "done"]
        single = ("sysrq-trigger", "kcore", "kmsg", "mtrr", "timer_list", "1/setgroups")
        outcomes = {name: outcome(os.open, f"/proc/{name}", os.O_WRONLY) for name in single}
        return opened, outcomes

    opened, outcomes = prison.does(attack)
    assert opened == []
    only(outcomes, "EACCES", "EPERM", "ENOENT", "EROFS")


def test_a_function_cannot_map_more_users_or_escape_the_out_of_memory_killer(prison):
    def attack():
        writes = (
            ("uid_map", "0 0 1"),
            ("gid_map", "0 0 1"),
            ("setgroups", "allow"),
            ("oom_score_adj", "-1000"),
        )
        return {name: outcome(Path(f"/proc/self/{name}").write_text, text) for name, text in writes}

    only(prison.does(attack), "EPERM", "EACCES")


def test_a_function_cannot_set_the_clock_or_the_host_name(prison):
    def attack():
        return [outcome(time.clock_settime, time.CLOCK_REALTIME, 0), outcome(socket.sethostname, "mine")]

    assert prison.does(attack) == ["EPERM", "EPERM"]
    assert socket.gethostname() != "mine"
    assert time.time() > 1_000_000


def test_a_function_cannot_open_raw_packet_kernel_or_hypervisor_sockets(prison):
    def attack():
        kinds = {
            "icmp": (2, 3, 1),
            "raw6": (10, 3, 58),
            "packet": (17, 3, 768),
            "alg": (38, 5, 0),
            "vsock": (40, 1, 0),
        }
        kinds |= {
            "key": (15, 3, 2),
            "xdp": (44, 3, 0),
            "can": (29, 3, 1),
            "tipc": (30, 1, 0),
            "smc": (43, 1, 0),
        }
        return {name: outcome(socket.socket, *kind) for name, kind in kinds.items()}

    only(prison.does(attack), "EPERM", "EAFNOSUPPORT")


def test_a_function_cannot_raise_its_limits_or_its_priority(prison):
    def attack():
        kinds = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_MEMLOCK, resource.RLIMIT_CORE)
        raised = {f"limit {kind}": outcome(resource.setrlimit, kind, (1 << 20, 1 << 20)) for kind in kinds}
        return raised | {"nice": outcome(os.nice, -5)}

    only(prison.does(attack), "EPERM", "EACCES", "not allowed to raise maximum limit")
